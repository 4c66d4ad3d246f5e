"""Whatever a letter says, what reaches the terminal is text, in its columns, and as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from hato.cli.program import run
from tests.mail_program.conftest import MailProgram
from tests.mail_program.filing import Kept, put
from tests.mail_program.terminal import environment_at, run_on_terminal, width, without_colours
from tests.mail_program.test_attachment_names import NAMES, letter_with

ESCAPES: Final = (
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1bP+q\x1b\\",
    "\x1b[31mred\x1b[0m",
    "\x1bc",
    "\x9b2J",
    "\x9d0;owned\x9c",
    "\x90x\x9c",
    "\x85",
    "\x84",
    "\x08\x08\x08\x08",
    "\rFrom: boss@bank.example",
    "\x0b\x0c",
    "\x0e\x0f",
    "\x05",
    "\x00",
    "\x7f",
    "\u2028",
    "\u2029",
)
REORDERING: Final = (
    "\u202egpj.exe",
    "\u202a",
    "\u202b",
    "\u202d",
    "\u202c",
    "\u2066",
    "\u2067",
    "\u2068",
    "\u2069",
    "\u200e",
    "\u200f",
    "\u061c",
)
STRANGE: Final = (
    "\u200b" * 50,
    "\ufeff",
    "e" + "\u0301" * 500,
    "Z\u0351\u036b\u0343" * 80,
    "👩‍👩‍👧‍👦" * 20,
    "🇯🇵" * 40,
    "❤️" * 40,
    "日本語" * 60,
    "ｶﾀｶﾅ" * 40,
    "한국어" * 40,
    "\u3000" * 100,
    "x" * 5_000,
    "\t" * 50,
    "﷽" * 20,
    "\U000e0041\U000e0042",
    "\u115f\u1160\u3164\uffa0",
    "\udbff".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "\U0010ffff\ufffe",
    "ا" * 50,
    "नमस्ते" * 20,
    "ก็" * 40,
)
ALL: Final = (*ESCAPES, *REORDERING, *STRANGE)
FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]"
)


def hostile(text: str, form: str) -> bytes:
    """A letter that says `text` wherever a letter can say something."""
    octets = text.encode("utf-8", "replace")
    if form == "raw":
        value = octets.replace(b"\r", b"").replace(b"\n", b"")
    else:
        value = b"=?utf-8?Q?" + b"".join(b"=%02X" % octet for octet in octets) + b"?="
    name = b"filename*=utf-8''" + b"".join(b"%%%02X" % octet for octet in octets)
    body = octets.replace(b"\r", b"\r\n")
    return (
        b"From: a" + value + b"b <ada@example.org>\r\nTo: a" + value + b"b <bob@example.org>\r\n"
        b"Cc: a" + value + b"b@example.org\r\nSubject: a" + value + b"b\r\n"
        b"Date: Wed, 25 Nov 2026 13:05:09 +0900 (a" + value + b"b)\r\n"
        b"Message-ID: <a" + value + b"b@example.org>\r\nX-Other: a" + value + b"b\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\na" + body + b"b\r\n"
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>a" + body + b"b</p>\r\n"
        b'--b\r\nContent-Type: application/x-a; x="' + value + b'"\r\n'
        b"Content-Disposition: attachment; " + name + b"\r\n\r\nx\r\n--b--\r\n"
    )


def check_harmless(shown: str) -> None:
    """Nothing steers the terminal."""
    found = FORBIDDEN.search(shown)
    assert found is None, (
        f"{found[0]!r} in {shown[max(0, found.start() - 40) : found.end() + 40]!r}"
    )
    shown.encode("utf-8")


def fill(mail_program: MailProgram, *letters: bytes) -> None:
    kept = [Kept((), octets, 1_790_000_000 + n, source=None) for n, octets in enumerate(letters)]
    mail_program.with_account(lambda store, account: put(store, account, kept))


@pytest.mark.parametrize("form", ["raw", "encoded"])
@pytest.mark.parametrize("columns", [80, 200, 20])
def test_the_list_is_harmless_and_fits(
    mail_program: MailProgram, tmp_path: Path, columns: int, form: str
) -> None:
    fill(mail_program, *(hostile(text, form) for text in ALL))
    verb = ["--config", str(mail_program.config), "inbox", "-n", "100"]
    status, shown = run_on_terminal(verb, columns, environment_at(tmp_path))
    lines = without_colours(shown).rstrip("\n").split("\n")
    assert status == 0
    check_harmless("\n".join(lines))
    assert len([line for line in lines if re.match(r"\s*[0-9]+ ", line)]) == len(ALL)
    assert len(lines) <= len(ALL) + 4
    for line in lines:
        assert width(line) <= max(columns, 40), line


@pytest.mark.parametrize("form", ["raw", "encoded"])
def test_rows_for_programs_are_harmless(mail_program: MailProgram, form: str) -> None:
    fill(mail_program, *(hostile(text, form) for text in ALL))
    rows = mail_program("inbox", "-n", "100").out.rstrip("\n").split("\n")
    check_harmless("\n".join(rows))
    assert len(rows) == len(ALL)
    assert len({row.count("\t") for row in rows}) == 1


@pytest.mark.parametrize("form", ["raw", "encoded"])
def test_letters_are_harmless(mail_program: MailProgram, form: str) -> None:
    fill(mail_program, *(hostile(text, form) for text in ALL))
    mail_program("inbox", "-n", "100")
    for number in range(1, len(ALL) + 1):
        for more in ((), ("--headers",), ("--html",), ("--thread",)):
            check_harmless(mail_program("read", str(number), *more).out)


def test_json_is_one_value_without_raw_escapes(mail_program: MailProgram) -> None:
    fill(mail_program, *(hostile(text, "raw") for text in ALL))
    mail_program("inbox", "-n", "100")
    for verb in (("inbox", "-n", "100"), ("read", "1"), ("read", "9"), ("folders",)):
        said = mail_program(*verb, "--json").out
        json.loads(said)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", said)


def test_names_of_folders_are_harmless(mail_program: MailProgram) -> None:
    letters = [
        Kept((f"a{text}b",), b"Subject: x\r\n\r\nx\r\n", 10**9) for text in REORDERING + STRANGE
    ]
    mail_program.with_account(lambda store, account: put(store, account, letters))
    check_harmless(mail_program("folders").out)
    check_harmless(mail_program("inbox", "a\u202eb", status=1).err)


@pytest.mark.parametrize("argument", ["\x1b[2J", "a\u202eb", "x\r\ny", "id:\x1b", "1\x1b[2J"])
@pytest.mark.parametrize(
    "verb",
    [
        ("read",),
        ("inbox",),
        ("mark", "read"),
        ("delete",),
        ("attachment", "save"),
        ("export", "eml", "/nonexistent/x"),
        ("inbox", "--owner"),
        ("inbox", "--before"),
    ],
)
def test_what_was_typed_is_not_said_back_raw(
    mail_program: MailProgram, verb: tuple[str, ...], argument: str
) -> None:
    """It may have been pasted from somewhere."""
    status = run(mail_program.hato.ways, ["--config", str(mail_program.config), *verb, argument])
    assert status in {1, 2}
    said = mail_program.hato._read()
    check_harmless(said.out + said.err)


SPOOFS = (
    b'"boss@bank.example" <eve@example.net>',
    b"boss@bank.example <eve@example.net>",
    b'"Boss <boss@bank.example>" <eve@example.net>',
    b"=?utf-8?Q?boss=40bank.example?= <eve@example.net>",
    "boss＠bank.example <eve@example.net>".encode(),
)


@pytest.mark.parametrize("sender", SPOOFS)
def test_a_name_that_looks_like_an_address_does_not_stand_for_one(
    mail_program: MailProgram, sender: bytes
) -> None:
    fill(mail_program, b"From: " + sender + b"\r\nSubject: x\r\n\r\nhello\r\n")
    assert "eve@example.net" in mail_program("inbox").out
    assert "eve@example.net" in mail_program("read", "1").out


def test_text_that_looks_like_our_own_is_told_from_it(mail_program: MailProgram) -> None:
    """A body may not pretend to have the fields or attachments that are shown above it."""
    fake = b"hello\r\n\r\nFrom: boss@bank.example\r\nSubject: fake\r\n"
    fill(mail_program, b"From: eve@example.net\r\nSubject: x\r\n\r\n" + fake)
    mail_program("inbox")
    shown = mail_program("read", "1").out
    assert shown.index("eve@example.net") < shown.index("boss@bank.example")


def test_one_letter_is_one_row(mail_program: MailProgram) -> None:
    subject = "=?utf-8?Q?one=0D=0A=0A_2_=E2=97=8F_fake?="
    fill(mail_program, f"From: a@b\r\nSubject: {subject}\r\n\r\nx\r\n".encode())
    rows = [
        line for line in mail_program("inbox").out.split("\n") if "fake" in line or "one" in line
    ]
    assert len(rows) == 1


@pytest.mark.parametrize("language", ["C.UTF-8", "ja_JP.UTF-8"])
@pytest.mark.parametrize("columns", [80, 200])
def test_columns_are_aligned_in_every_language(
    mail_program: MailProgram, tmp_path: Path, language: str, columns: int
) -> None:
    names = "Ada|山田太郎|ｶﾀｶﾅ|Müller|e\u0301|한국어|とても長い名前の株式会社営業部担当者|x" * 2
    fill(
        mail_program,
        *(
            f"From: {name} <a@example.org>\r\nSubject: MARK\r\n\r\nx\r\n".encode()
            for name in names.split("|")
        ),
    )
    verb = ["--config", str(mail_program.config), "inbox"]
    _, shown = run_on_terminal(verb, columns, environment_at(tmp_path, language))
    rows = [line for line in without_colours(shown).split("\n") if "MARK" in line]
    assert len(rows) == len(names.split("|"))
    assert len({width(row[: row.index("MARK")]) for row in rows}) == 1, rows


@pytest.mark.parametrize("language", ["C", "POSIX", "en_US.ISO-8859-1", "nonsense"])
def test_no_language_makes_it_fail(
    mail_program: MailProgram, tmp_path: Path, language: str
) -> None:
    fill(mail_program, *(hostile(text, "encoded") for text in STRANGE))
    environment = environment_at(tmp_path, language)
    for verb in ("inbox", "read"):
        arguments = ["--config", str(mail_program.config), verb, *(["1"] if verb == "read" else [])]
        status, shown = run_on_terminal(arguments, 80, environment)
        assert status == 0, shown
        check_harmless(without_colours(shown))


def test_attachments_are_saved_in_the_folder_and_nowhere_else(
    mail_program: MailProgram, tmp_path: Path
) -> None:
    letter = letter_with(*NAMES)
    fill(mail_program, letter.raw)
    mail_program("inbox")
    folder = tmp_path / "one" / "two" / "saved"
    folder.mkdir(parents=True)
    before = {
        path
        for path in tmp_path.rglob("*")
        if mail_program.config.with_suffix("") not in path.parents
    }
    mail_program("attachment", "save", "1", "--to", str(folder))
    after = {
        path
        for path in tmp_path.rglob("*")
        if mail_program.config.with_suffix("") not in path.parents
    }
    assert len(list(folder.iterdir())) == len(NAMES)
    outside = {path for path in after - before if path.parent != folder}
    assert not {path for path in outside if "state" not in path.parts}
    for path in folder.iterdir():
        assert path.is_file()
        assert not path.is_symlink()
        assert path.stat().st_mode & 0o777 & ~0o666 == 0, "nothing that was sent may be run"


def test_no_file_is_written_over_and_no_link_is_followed(
    mail_program: MailProgram, tmp_path: Path
) -> None:
    fill(mail_program, letter_with("a.txt", "b.txt", "c.txt").raw)
    mail_program("inbox")
    folder, outside = tmp_path / "saved", tmp_path / "outside.txt"
    folder.mkdir()
    (folder / "a.txt").write_text("mine")
    (folder / "b.txt").symlink_to(outside)
    (folder / "c.txt").symlink_to(tmp_path / "state")
    mail_program("attachment", "save", "1", "--to", str(folder))
    mail_program("attachment", "save", "1", "--to", str(folder))
    assert (folder / "a.txt").read_text() == "mine"
    assert not outside.exists()
    assert len([path for path in folder.iterdir() if not path.is_symlink()]) == 7
