"""`hato read` and `hato attachment`: what is shown, what is saved, and what a letter cannot do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hato.cli.terminal.columns import filled, fitted, width
from hato.cli.terminal.screen_text import lines_of, one_line, wrapped
from hato.store.model import SEEN
from tests.unit.cli.conftest import Hato
from tests.unit.cli.letters import add_source, letter, look, put

MIXED = b"""From: =?UTF-8?B?55Sw5Lit5aSq6YOO?= <taro@example.com>
To: ada@example.org
Subject: =?UTF-8?B?6KaL56mN5pu4?=
Date: Wed, 25 Nov 2026 10:00:00 +0900
Message-ID: <m1@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

> quoted
See the plan.
--b
Content-Type: text/html; charset=utf-8
Content-Disposition: attachment; filename="../../etc/passwd"

<p>evil</p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename*=UTF-8''%E8%A8%88%E7%94%BB.pdf
Content-Transfer-Encoding: base64

UERGIGNvbnRlbnQ=
--b--
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "hato.toml"


def test_a_letter_is_shown_and_marked_as_read(hato: Hato, config: Path) -> None:
    add_source(config, "aaaaaaaa", "work@example.net")
    (one,) = put(config, MIXED, source="aaaaaaaa")
    hato("inbox")
    hato("read", "1", "--peek")
    assert SEEN not in look(config, one)[0].keywords
    lines = hato("read", "1").out.splitlines()
    assert lines[:2] == ["From:     田中太郎 <taro@example.com>", "To:       ada@example.org"]
    assert lines[3:6] == [
        "Subject:  見積書",
        "Account:  work",
        "Attached: 1  passwd  (text/html, 11 B)",
    ]
    assert lines[6:] == [
        "          2  計画.pdf  (application/pdf, 11 B)",
        "",
        "> quoted",
        "See the plan.",
    ]
    assert SEEN in look(config, one)[0].keywords


def test_a_letter_as_data(hato: Hato, config: Path) -> None:
    (one,) = put(config, MIXED)
    data = hato.json("read", f"id:{one}")
    assert data["from"] == [{"name": "田中太郎", "address": "taro@example.com"}]
    assert (data["subject"], data["message_id"]) == ("見積書", "m1@example.com")
    assert data["text"] == "> quoted\nSee the plan.\n"
    assert [row["name"] for row in data["attachments"]] == ["passwd", "計画.pdf"]


def test_headers_and_html(hato: Hato, config: Path) -> None:
    html = "<p>Hello 鳩</p>"
    head = b"Subject: h\nX-More: =?UTF-8?B?6KaL?=\nContent-Type: text/html; charset=utf-8\n\n"
    plain, marked = put(config, letter("plain"), head + html.encode() + b"\n")
    assert hato("read", f"id:{marked}", "--html").out.splitlines()[0] == html
    assert hato("read", f"id:{marked}", "--headers").out.splitlines()[1] == "X-More: 見"
    assert "has no HTML" in hato("read", f"id:{plain}", "--html", status=1).err


def test_the_conversation_is_shown_oldest_first(hato: Hato, config: Path) -> None:
    put(config, letter("tea", text="At five?"), reference_hashes=(7,))
    put(config, letter("Re: tea", text="Yes!"), received=1_800_000_600, reference_hashes=(8, 7))
    put(config, letter("other"), reference_hashes=(9,))
    rows = hato.json("inbox")["letters"]
    number = next(str(row["number"]) for row in rows if row["subject"] == "tea")
    shown = hato("read", number, "--thread").out
    assert 0 < shown.index("At five?") < shown.index("Yes!")
    assert "other" not in shown
    assert not any(row["is_seen"] for row in hato.json("inbox", "--unread")["letters"])
    assert len(hato.json("inbox", "--unread")["letters"]) == 1


def test_attachments_stay_in_their_folder_and_write_over_nothing(
    hato: Hato, config: Path, tmp_path: Path
) -> None:
    (one,) = put(config, MIXED)
    assert hato("attachment", "list", f"id:{one}").out.splitlines() == [
        "1  passwd  (text/html, 11 B)",
        "2  計画.pdf  (application/pdf, 11 B)",
    ]
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "計画.pdf").write_text("mine")
    (folder / "計画 (2).pdf").symlink_to(tmp_path / "target")
    said = hato.json("attachment", "save", f"id:{one}", "--to", str(folder))
    assert said["saved"] == [str(folder / "passwd"), str(folder / "計画 (3).pdf")]
    assert (folder / "計画.pdf").read_text() == "mine"
    assert (folder / "計画 (3).pdf").read_bytes() == b"PDF content"
    assert not (tmp_path / "target").exists()
    assert (folder / "passwd").stat().st_mode & 0o777 == 0o600
    hato("attachment", "save", f"id:{one}", "2", "--to", str(folder))
    assert (folder / "計画 (4).pdf").exists()
    err = hato("attachment", "save", f"id:{one}", "3", "--to", str(folder), status=1).err
    assert err == "This letter has no attachment number 3: it has 2.\n"


@pytest.mark.parametrize("option", [(), ("--headers",), ("--html",), ("--raw",)])
def test_nothing_that_a_letter_says_steers_the_terminal(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    evil = "\x1b]0;title\x07\x1b[2J\x9b31m\u202ecod.exe\u2066\x08\x08\x00\u200b\ufeff"
    text = f"<p>{evil}</p>"
    (one,) = put(
        config,
        f"From: {evil} <a@example.com>\nTo: {evil} <b@example.com>\nSubject: {evil}\nX-{evil}: y\n"
        f"Content-Type: text/html; charset=utf-8\n\n{text}\n".encode(),
    )
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown = hato("read", f"id:{one}", "--color", "never", *option).out
    assert "cod.exe" in shown
    for character in "\x1b\x07\x9b\u202e\u2066\x08\x00\u200b\ufeff":
        assert character not in shown


def test_colours_are_only_where_they_are_wanted(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(config, letter("one"))
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b" not in hato("inbox").out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[1m" in hato("inbox").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in hato("inbox").out
    assert "\x1b[1m" in hato("inbox", "--color", "always").out
    assert "\x1b" not in hato("inbox", "--color", "never").out


class TestTextsOnTheScreen:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain", "plain"),
            ("a\tb\r\nc", "a b  c"),
            ("\x1b[31mred", "\ufffd[31mred"),
            ("gpj.\u202eexe", "gpj.\ufffdexe"),
            ("zero\u200bwidth\u2060\ufeff\xad", "zerowidth"),
            ("見積\u3000書", "見積\u3000書"),
            ("\ud800x", "\ufffdx"),
            ("tag\U000e0041", "tag\ufffd"),
            ("no\U0010ffff\ufdd0\ufffe\U0001ffff", "no\ufffd\ufffd\ufffd\ufffd"),
        ],
    )
    def test_one_line(self, text: str, shown: str) -> None:
        assert one_line(text) == shown

    def test_lines_end_where_a_terminal_would_end_them(self) -> None:
        assert lines_of("a\r\nb\nc\rd\x0be\u2028f") == list("abcdef")
        assert lines_of("a\tb") == ["a       b"]

    @pytest.mark.parametrize("columns", range(1, 9))
    def test_what_is_fitted_takes_exactly_its_columns(self, columns: int) -> None:
        for text in (
            "見積書の件",
            "plain text",
            "a見b積c",
            "",
            "e\u0301e\u0301e\u0301e\u0301e\u0301",
        ):
            assert width(filled(text, columns)) == columns
            assert width(fitted(text, columns)) <= columns

    def test_lines_are_broken_between_words_and_japanese_characters(self) -> None:
        assert wrapped("one two three four", 10) == ["one two", "three", "four"]
        assert wrapped("見積書の件について、ご確認ください。", 14) == [
            "見積書の件に",
            "ついて、ご確",
            "認ください。",
        ]
        address = "https://example.com/" + "x" * 80
        assert address in wrapped(f"see {address} there", 40)
        assert wrapped("> " + "word " * 12, 30)[1].startswith("> word")
        assert wrapped("", 10) == [""]

    def test_very_long_lines_are_broken_in_linear_time(self) -> None:
        assert len(wrapped("word " * 200_000, 80)) > 10_000


def test_the_raw_letter_goes_to_a_program_as_it_came(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw = b"Subject: \xff\x1b[2J\n\nbody \x00\n"
    (one,) = put(config, raw)
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        hato("read", f"id:{one}", "--raw")
    assert (tmp_path / "out").read_bytes() == raw.replace(b"\n", b"\r\n")


def test_what_is_longer_than_the_screen_goes_through_the_pager(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long, short = put(config, letter("long", text="line\n" * 500), letter("short"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("PAGER", f"sh -c 'cat > {tmp_path}/paged'")
    assert "line" not in hato("read", f"id:{long}", typed="").out
    assert (tmp_path / "paged").read_text().count("line\n") == 500
    assert "Hello" in hato("read", f"id:{short}", typed="").out
    assert hato("read", f"id:{long}").out.count("line\n") == 500
    monkeypatch.setenv("HATO_PAGER", "/nowhere/pager")
    assert hato("read", f"id:{long}", typed="").out.count("line\n") == 500
    monkeypatch.setenv("HATO_PAGER", "head -1")
    hato("read", f"id:{long}", typed="")
