"""`hato search`: what a person types, and the list that she gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.errors import StorageFullError
from hato.store.embedded.space import Space
from hato.store.model import SEEN
from tests.unit.cli.conftest import Hato
from tests.unit.cli.letters import NOON, add_source, letter, put


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path / "hato.toml"


def subjects(hato: Hato, *words: str) -> list[str]:
    return [row["subject"] for row in hato.json("search", *words)["letters"]]


def test_words_find_letters_and_the_numbers_are_those_of_other_verbs(
    hato: Hato, config: Path
) -> None:
    ids = put(config, letter("Invoice May"), letter("Tea"), letter("Invoice June"))
    assert subjects(hato, "invoice") == ["Invoice June", "Invoice May"]
    lines = hato("search", "INVO").out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        ["1", f"id:{ids[2]}"],
        ["2", f"id:{ids[0]}"],
    ]
    hato("mark", "read", "2")
    assert subjects(hato, "invoice", "is:read") == ["Invoice May"]


def test_japanese_words_are_found_anywhere(hato: Hato, config: Path) -> None:
    put(config, letter("御見積書の件"), letter("会議"))
    for word in ("見積書", "見積", "積", "subject:件"):
        assert subjects(hato, word) == ["御見積書の件"]


def test_minus_and_quotes_reach_the_search_as_shells_pass_them(hato: Hato, config: Path) -> None:
    put(config, letter("two green apples"), letter("green two"), letter("green pears"))
    assert subjects(hato, "green", "-two") == ["green pears"]
    assert subjects(hato, "green", "-subject:two", "-n1", "-invoice") == ["green pears"]
    assert subjects(hato, '"two green"') == ["two green apples"]
    assert subjects(hato, "subject:two green") == ["two green apples"]
    assert subjects(hato, "green -two") == ["green pears"]


def test_counting_and_going_on(hato: Hato, config: Path) -> None:
    put(config, *(letter(f"tea {number}") for number in range(7)))
    assert hato("search", "tea", "--count").out == "7\n"
    assert hato.json("search", "tea", "--count") == {"count": 7}
    found = hato.json("search", "tea", "-n", "3")
    assert found["has_more"]
    last = found["letters"][-1]["id"]
    rest = hato.json("search", "tea", "-n", "9", "--before", f"id:{last}")
    assert [row["subject"] for row in rest["letters"]] == ["tea 3", "tea 2", "tea 1", "tea 0"]
    assert not rest["has_more"]


def test_copies_of_several_accounts_are_one_row(hato: Hato, config: Path) -> None:
    add_source(config, "aaaaaaaa", "work@example.net")
    add_source(config, "bbbbbbbb", "home@example.net")
    same = letter("to both", more="Message-ID: <1@example.com>\n")
    put(config, same, source="aaaaaaaa")
    put(config, same, source="bbbbbbbb")
    assert len(subjects(hato, "both")) == 1
    assert len(subjects(hato, "both", "--every")) == 2
    assert len(subjects(hato, "both", "account:work", "--every")) == 1


def test_dates_and_flags(hato: Hato, config: Path) -> None:
    put(config, letter("old"), received=NOON - 40 * 86_400, keywords=frozenset({SEEN}))
    put(config, letter("new"), received=NOON)
    assert subjects(hato, "is:unread") == ["new"]
    assert subjects(hato, "before:2027") == ["old"]
    assert subjects(hato, "after:2027-01-15") == ["new"]
    assert subjects(hato, "-is:unread", "after:2000") == ["old"]


def test_what_cannot_be_asked_is_said(hato: Hato, config: Path) -> None:
    put(config, letter("tea"))
    assert "what to search for" in hato("search", status=1).err
    assert "what to search for" in hato("search", "!!!", status=1).err
    assert "is no date" in hato("search", "before:soon", status=1).err
    assert "no folder 'Nowhere'" in hato("search", "in:Nowhere", status=1).err
    assert "no account like 'x'" in hato("search", "account:x", status=1).err
    assert "no letter" in hato("search", "tea", "--before", "id:9999", status=1).err
    assert "Nothing was found" in hato("search", "coffee").err


def test_a_full_disk_is_said(hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(config, letter("old tea"))
    assert subjects(hato, "tea") == ["old tea"]
    put(config, letter("new tea"))

    def refuse(_self: Space, _octets: int) -> None:
        raise StorageFullError("the disk has reached its free-space mark")

    monkeypatch.setattr(Space, "check", refuse)
    refused = hato("search", "tea", status=1)
    assert "old tea" in refused.out
    assert "too full" in refused.err
