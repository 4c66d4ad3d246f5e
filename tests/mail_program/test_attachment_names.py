"""Names of attachments: whatever a sender writes, what is offered is a name in one folder."""

from __future__ import annotations

import unicodedata

import pytest

from hato.message.letter import Letter
from tests.mail_program.hostile_letters import mixed
from tests.mail_program.opened import check_file_name, opened

NAMES = (
    "a.pdf",
    "見積書.pdf",
    "../x",
    "../../../../etc/passwd",
    "/etc/passwd",
    "//server/share/x",
    "..\\..\\x",
    "C:\\x.exe",
    "C:x",
    "\\\\server\\share",
    ".",
    "..",
    "...",
    " ",
    "",
    ".bashrc",
    "..hidden",
    "-rf",
    "--help",
    "~",
    "~root/x",
    "con",
    "CON.txt",
    "nul",
    "aux.tar.gz",
    "com1",
    "LPT9.x",
    "com¹.txt",
    "conout$",
    "a/b",
    "a\\b",
    "a:b",
    "a*b?c",
    'a"b',
    "a<b>c|d",
    "a\tb",
    "a\rb",
    "a\nb",
    "a\x00b",
    "a\x1b[2Jb",
    "a\x07b",
    "a\x7fb",
    "a\x85b",
    "a\x9b1mb",
    "a.",
    "a. . .",
    "a ",
    "  a",
    "report\u202efdp.exe",
    "report\u202e.exe",
    "re\u200bport.pdf",
    "re\u2066port\u2069.pdf",
    "\u200e\u200f.pdf",
    "\ufeffa.pdf",
    "a\u2028b",
    "a\u2029b",
    "\u3000a\u3000",
    "．．／x",
    "．．＼x",
    "a／b",
    "a\u2215b",
    "a∕b",
    "a\U000e0041b",
    "\u00ada.pdf",
    "%2e%2e%2fx",
    "%00",
    "$(reboot).txt",
    "`reboot`.txt",
    "a;reboot",
    "a&b",
    "!x",
    "#x",
    "x" * 300 + ".pdf",
    "見" * 300 + ".pdf",
    "🐦" * 100 + ".pdf",
    "x" * 100_000,
    "a." + "x" * 300,
    "a" + ".b" * 300,
    "." * 300,
    " " * 300,
    "/" * 300,
    "e\u0301.txt",
)


def letter_with(*names: str) -> Letter:
    """A letter with attachments of these names, written as RFC 2231 has it."""
    parts = b"".join(
        b"--b\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''"
        + b"".join(b"%%%02X" % octet for octet in name.encode("utf-8", "surrogatepass"))
        + b"\r\n\r\nx\r\n"
        for name in names
    )
    return opened(mixed(b"--b\r\n\r\nhello\r\n" + parts + b"--b--\r\n"))


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name[:20]) for name in NAMES])
def test_the_name_that_is_offered_is_safe(name: str) -> None:
    (attachment,) = letter_with(name).attachments
    check_file_name(attachment.name)


def test_all_of_them_in_one_letter_have_different_names() -> None:
    letter = letter_with(*NAMES)
    assert len(letter.attachments) == len(NAMES)


@pytest.mark.parametrize(
    "name",
    ["a.pdf", "見積書.pdf", "写真 一.jpg", "Q3 report (final).xlsx", "résumé.txt", "a&b.txt"],
)
def test_a_harmless_name_stays_as_it_is(name: str) -> None:
    (attachment,) = letter_with(name).attachments
    assert attachment.name == name


@pytest.mark.parametrize("name", ["x" * 300 + ".pdf", "見" * 300 + ".pdf", "../" * 99 + "a.pdf"])
def test_the_end_of_a_long_name_is_kept(name: str) -> None:
    (attachment,) = letter_with(name).attachments
    assert attachment.name.endswith(".pdf")


def test_what_a_name_really_ends_with_is_seen() -> None:
    (attachment,) = letter_with("invoice\u202efdp.exe").attachments
    assert attachment.name.endswith(".exe")
    assert "\u202e" not in attachment.name


@pytest.mark.parametrize(
    "names",
    [
        ("a.pdf", "a.pdf", "a.pdf"),
        ("a.pdf", "A.PDF", "a.PDF"),
        ("a.pdf", "a (2).pdf", "a.pdf"),
        ("a.pdf", "a-2.pdf", "a.pdf", "a-2.pdf"),
        ("", "", ""),
        ("x" * 300, "x" * 300),
        ("x" * 300 + ".pdf", "x" * 301 + ".pdf"),
        ("é.txt", "e\u0301.txt"),
        ("ﬁ.txt", "fi.txt"),
        ("a.pdf", "a\u200b.pdf", "a.pdf."),
        ("straße", "STRASSE"),
    ],
)
def test_no_two_have_the_same_name_anywhere(names: tuple[str, ...]) -> None:
    """Not on a disk that takes capital for small letters, or one spelling of é for the other."""
    offered = [attachment.name for attachment in letter_with(*names).attachments]
    alike = {unicodedata.normalize("NFD", name).casefold() for name in offered}
    assert len(alike) == len(names)
