"""`hato inbox`, `folders`, and the verbs that take the numbers of its list."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.cli.terminal.columns import width
from hato.store.model import ANSWERED, FLAGGED, SEEN, Role
from tests.unit.cli.conftest import Hato
from tests.unit.cli.letters import NOON, add_source, letter, look, put


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path / "hato.toml"


def subjects(hato: Hato, *options: str) -> list[str]:
    return [row["subject"] for row in hato.json("inbox", *options)["letters"]]


def test_the_newest_letter_is_number_one(hato: Hato, config: Path) -> None:
    ids = put(config, letter("first"), letter("second"), letter("third"))
    rows = hato.json("inbox")["letters"]
    assert [(row["number"], row["id"]) for row in rows] == [(1, ids[2]), (2, ids[1]), (3, ids[0])]
    lines = hato("inbox").out.splitlines()
    assert lines[0].split("\t")[:3] == ["1", f"id:{ids[2]}", "●"]
    assert lines[0].endswith("ken@example.com\tthird\t")


def test_a_list_goes_on(hato: Hato, config: Path) -> None:
    put(config, *(letter(str(number)) for number in range(7)))
    found = hato.json("inbox", "-n", "3")
    assert found["has_more"]
    last = found["letters"][-1]["id"]
    assert subjects(hato, "-n", "3", "--before", f"id:{last}") == ["3", "2", "1"]
    assert not hato.json("inbox", "-n", "7")["has_more"]
    put(config, letter("old"), received=NOON - 40 * 86_400)
    assert subjects(hato, "--before", "2026-12-31") == ["old"]
    assert "is no date" in hato("inbox", "--before", "soon", status=1).err


def test_only_what_nobody_read(hato: Hato, config: Path) -> None:
    put(config, letter("read"), keywords=frozenset({SEEN}))
    put(config, letter("unread"))
    assert subjects(hato, "--unread") == ["unread"]


def test_the_same_letter_of_several_accounts_is_shown_once(hato: Hato, config: Path) -> None:
    add_source(config, "aaaaaaaa", "work@example.net")
    add_source(config, "bbbbbbbb", "home@example.net")
    same = letter("to both", more="Message-ID: <1@example.com>\n")
    (work,) = put(config, same, source="aaaaaaaa")
    (home,) = put(config, same, source="bbbbbbbb")
    (again,) = put(config, same, source="bbbbbbbb")
    (fake,) = put(config, letter("other", more="Message-ID: <1@example.com>\n"), source="aaaaaaaa")
    rows = hato.json("inbox")["letters"]
    assert [(row["id"], row["copies"]) for row in rows] == [(fake, []), (again, [work]), (home, [])]
    assert rows[1]["accounts"] == ["home@example.net", "work@example.net"]
    assert len(subjects(hato, "--every")) == 4
    hato("inbox")
    hato("mark", "read", "2")
    assert [SEEN in email.keywords for email in look(config, again, work, home)] == [
        True,
        True,
        False,
    ]


def test_what_an_account_keeps_out_of_the_inbox_is_not_there(hato: Hato, config: Path) -> None:
    add_source(config, "aaaaaaaa", "news@example.net", is_in_unified_inbox=False)
    put(config, *(letter(f"news {number}") for number in range(5)), source="aaaaaaaa")
    put(config, letter("mine"), received=NOON - 60)
    assert subjects(hato, "-n", "1") == ["mine"]


def test_folders_are_named_in_any_case(hato: Hato, config: Path) -> None:
    put(config, letter("sent"), folder="Sent", role=Role.SENT)
    assert subjects(hato, "sent") == ["sent"]
    rows = hato.json("folders")
    assert [(row["folder"], row["total"], row["unread"]) for row in rows] == [
        ("INBOX", 0, 0),
        ("Sent", 1, 1),
    ]
    assert "did you mean 'Sent'" in hato("inbox", "Snet", status=1).err
    assert "There is no mail in INBOX" in hato("inbox").err


def test_marks_are_set_and_taken_away(hato: Hato, config: Path) -> None:
    ids = put(config, *(letter(str(number)) for number in range(5)))
    hato("inbox")
    assert hato.json("mark", "read", "1-2,5")["ids"] == [ids[4], ids[3], ids[0]]
    hato("mark", "flagged", "1")
    hato("mark", "answered", f"id:{ids[4]}")
    assert look(config, ids[4])[0].keywords == {SEEN, FLAGGED, ANSWERED}
    hato("mark", "unread", "1")
    assert look(config, ids[4])[0].keywords == {FLAGGED, ANSWERED}


def test_letters_are_moved(hato: Hato, config: Path) -> None:
    ids = put(config, letter("one"), letter("two"))
    hato("inbox")
    assert "`--make` makes a new one" in hato("move", "1", "Family/Ada", status=1).err
    hato("move", "1", "Family/Ada", "--make")
    assert subjects(hato, "family/ada") == ["two"]
    hato("move", f"id:{ids[1]}", "inbox")
    assert subjects(hato) == ["two", "one"]


def test_what_is_deleted_can_come_back(hato: Hato, config: Path) -> None:
    ids = put(config, letter("one"), letter("two"))
    hato("inbox")
    said = hato("delete", "1-2")
    assert said.out == "Letters deleted: 2.\n"
    assert f"`hato undelete ada@example.org {ids[1]} {ids[0]}`" in said.err
    assert subjects(hato) == []
    assert "is not there any more" in hato("delete", f"id:{ids[0]}", status=1).err
    hato("undelete", "ada@example.org", str(ids[0]), str(ids[1]))
    assert sorted(subjects(hato)) == ["one", "two"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("3", "There is no list yet"),
        ("three", "'three' is no letter"),
        ("0", "'0' is no letter"),
        ("5-2", "'5-2' is no letter"),
        ("id:9", "id:9 is not there any more"),
    ],
)
def test_what_is_no_letter_is_said(hato: Hato, config: Path, words: str, sentence: str) -> None:
    assert sentence in hato("mark", "read", words, status=1).err


def test_a_number_that_is_not_in_the_list(hato: Hato, config: Path) -> None:
    put(config, letter("one"))
    hato("inbox")
    assert "The last list ends with number 1" in hato("delete", "2", status=1).err


def test_numbers_of_another_person_are_not_taken(hato: Hato, config: Path) -> None:
    hato("user", "add", "ken@example.org", "--password-stdin", piped="a long password\n")
    put(config, letter("one"))
    hato("inbox", "--owner", "ada@example.org")
    err = hato("delete", "1", "--owner", "ken@example.org", status=1).err
    assert "There is no list yet" in err
    assert "say whose you mean" in hato("inbox", status=1).err
    assert "Nobody here is called 'eve'" in hato("inbox", "--owner", "eve", status=1).err


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("language", ["C.UTF-8", "ja_JP.UTF-8"])
def test_every_row_fits_the_screen(
    hato: Hato,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    language: str,
) -> None:
    add_source(config, "aaaaaaaa", "とても長い名前@example.net")
    evil = "\x1b[2J\u202egpj.exe\u200b\x9b31m\r\x00"
    for subject in ("見積書の件" * 20, "x" * 300, evil, "e\u0301" * 60, "👨‍👩‍👧" * 30, ""):
        put(
            config,
            letter(f"{subject}", sender=f'"{subject[:40]}" <a@example.com>'),
            source="aaaaaaaa",
        )
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LC_ALL", language)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = hato("inbox", "--color", "never").out.splitlines()
    assert len(lines) == 6
    assert max(width(line) for line in lines) <= columns
    assert not any(character in line for line in lines for character in "\x1b\u202e\u200b\x9b\x00")


def test_a_name_that_poses_as_an_address_is_not_shown(hato: Hato, config: Path) -> None:
    for name in ("boss@bank.example", "boss\uff20bank.example"):
        put(config, letter("pay", sender=f'"{name}" <eve@example.net>'))
    assert [line.split("\t")[4] for line in hato("inbox").out.splitlines()] == [
        "eve@example.net",
        "eve@example.net",
    ]
