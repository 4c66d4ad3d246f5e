"""A reply that exists can be said: one line, 512 octets at most, in every language."""

from __future__ import annotations

import pytest

from hato.core.language import Language, Text
from hato.core.limits import POP3_REPLY_OCTETS
from hato.protocols.pop3 import answers, texts
from hato.protocols.pop3.replies import (
    LANGUAGES,
    Begin,
    Capabilities,
    Challenge,
    Code,
    DropListing,
    Err,
    Ok,
    Rows,
    ScanListing,
    UniqueIdListing,
    scan_rows,
    unique_id_rows,
)
from hato.protocols.pop3.writer import ReplyWriter

TEXTS = {name: text for name, text in vars(texts).items() if isinstance(text, Text)}
FIELDS: dict[str, int | str] = {
    "hostname": "h" * 253,
    "stamp": f"<{10**18}.{10**10}@{'h' * 253}>",
    "tag": "ja",
    "octets": 10**20,
    "count": 10**12,
    "seconds": 10**12,
}


def fields_of(text: Text) -> dict[str, int | str]:
    """Return the longest value for each field of a text."""
    return {name: value for name, value in FIELDS.items() if f"{{{name}}}" in text.en}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_fits_into_a_reply(text: Text, language: Language) -> None:
    for reply in (Ok(text, fields_of(text)), Err(text, fields_of(text), code=Code.LOGIN_DELAY)):
        line = reply.lines[LANGUAGES.index(language)]
        assert line.endswith(b"\r\n")
        assert line.count(b"\r") == line.count(b"\n") == 1
        assert len(line) <= POP3_REPLY_OCTETS


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_english_texts_are_ascii_and_japanese_ones_have_the_same_fields(text: Text) -> None:
    assert text.en.isascii()
    assert text.en != text.ja
    for name in FIELDS:
        assert (f"{{{name}}}" in text.en) == (f"{{{name}}}" in text.ja)


@pytest.mark.parametrize(
    "words", ["a\rb", "a\nb", "a\0b", "a\r\nb", "\x1b[0m", "[AUTH] x", "x" * 520]
)
@pytest.mark.parametrize("kind", [Ok, Err, Begin])
def test_a_text_that_cannot_be_said_makes_no_reply(
    kind: type[Ok | Err | Begin], words: str
) -> None:
    with pytest.raises(ValueError, match=r"reply|too long"):
        kind(Text(en="fine", ja=words))
    with pytest.raises(ValueError, match=r"reply|too long"):
        kind(Text(en="{name}", ja="よい"), {"name": words})


def test_a_code_stands_in_front() -> None:
    assert Err(texts.IN_USE, code=Code.IN_USE).lines[0].startswith(b"-ERR [IN-USE] ")
    assert Err(texts.NOT_NOW).lines[0].startswith(b"-ERR T")


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (DropListing(2, 320), b"+OK 2 320\r\n"),
        (ScanListing(2, 200), b"+OK 2 200\r\n"),
        (UniqueIdListing(2, "QhdPYR:00WBw1Ph7x7"), b"+OK 2 QhdPYR:00WBw1Ph7x7\r\n"),
        (Challenge(b""), b"+ \r\n"),
        (Challenge(b"test"), b"+ dGVzdA==\r\n"),
    ],
)
def test_listings_have_their_exact_form(
    reply: DropListing | ScanListing | UniqueIdListing | Challenge, line: bytes
) -> None:
    writer = ReplyWriter()
    writer.write(reply)
    assert writer.outbox.take() == [line]


@pytest.mark.parametrize("text", ["", "a b", "x" * 71, "a\r\nb", "鳩", "\x7f"])
def test_what_is_no_unique_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unique-id"):
        UniqueIdListing(1, text)


def test_rows_are_written() -> None:
    assert scan_rows([(1, 120), (2, 200)]).octets == b"1 120\r\n2 200\r\n"
    assert unique_id_rows([(1, "a"), (3, "b")]).octets == b"1 a\r\n3 b\r\n"


@pytest.mark.parametrize(
    "octets", [b"", b"1 1", b"1 1\n", b".\r\n", b"1\r\n.\r\n", b"1\r\r\n", b"\0\r\n"]
)
def test_what_is_no_row_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match="whole lines"):
        Rows(octets)


@pytest.mark.parametrize("line", ["", ".X", "A  B", "A ", " A", "A\r\nB", "鳩", "A " + "x" * 510])
def test_what_is_no_capability_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="capability"):
        Capabilities((line,))


def test_timeouts_have_no_words() -> None:
    assert {reason.name for reason in answers.FAREWELLS} == {
        "SHUTTING_DOWN",
        "TOO_MANY_CONNECTIONS",
        "LOGIN_REVOKED",
        "INTERNAL_FAULT",
    }
    codes = {reason.name: reply.code for reason, reply in answers.FAREWELLS.items()}
    assert codes.pop("LOGIN_REVOKED") is Code.AUTH
    assert set(codes.values()) == {Code.SYS_TEMP}
