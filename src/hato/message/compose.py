"""A new letter, written as octets: header, text, attachments.

Called by whoever composes.
Never lets a line end that somebody typed make a header; never holds an attachment in memory; asks
no clock and draws nothing by chance: date, identifier and boundary are given.
Standards: RFC 5322 §2.1, §3.6 and RFC 6532 (fields), RFC 2045 to RFC 2047, RFC 2183, RFC 2231.
Fails never: what cannot stand in a field is replaced by a blank.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from hato.message.addresses import Address
from hato.message.words import FOLD, encode_words

_DAYS: Final = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_PLAIN_PHRASE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+")
_ENCODED_LOOK: Final = re.compile(r"=\?[^ ]*\?[^ ]*\?[^ ]*\?=")
_LINE_END: Final = re.compile("\r\n|[\r\n]")
_QUOTED_IN_TEXT: Final = re.compile(rb"[^\t\n\r !-<>-~]")
_BLANK_AT_END: Final = re.compile(rb"[\t ](?=\n|\Z)")
_FOLD_AT: Final = 76
_SHORT_LINE_OCTETS: Final = 78
"""RFC 5322 §2.1.1: lines should be no longer."""
_MOSTLY_ASCII: Final = 6
"""Where less than one octet in so many needs quoting, quoted-printable is shorter than base64."""
_BASE64_OCTETS: Final = 57
_CHUNK_OCTETS: Final = 57 * 1_024
_PARAMETER_OCTETS: Final = 60
_TOKEN: Final = re.compile(rb"[A-Za-z0-9!#$&+\-.^_`|~]")


class Enclosure(NamedTuple):
    """A file, or another letter, that goes with a letter."""

    name: str
    media_type: str
    """`message/rfc822`: a letter, which travels as it is."""
    chunks: Callable[[], Iterable[bytes]]
    """Yields its octets; called each time when the letter is written."""


class NewLetter(NamedTuple):
    """What somebody wrote."""

    sender: Address
    to: tuple[Address, ...]
    copies: tuple[Address, ...]
    blind_copies: tuple[Address, ...]
    """They stand in the sender's own copy; what is sent goes without."""
    subject: str
    text: str
    message_id: str
    """Without <>, new in the world."""
    sent: datetime
    """With its zone."""
    in_reply_to: str = ""
    """Without <>; empty: it answers nothing."""
    references: tuple[str, ...] = ()
    """The oldest first, without <>."""
    enclosures: tuple[Enclosure, ...] = ()


def compose(letter: NewLetter, boundary: str) -> Iterator[bytes]:
    """Yield a letter in wire form, piece by piece.

    `boundary`: letters and digits that are in no line of any part, which means by chance.
    """
    yield _header(letter).encode("utf-8", "replace")
    text_part = _text_part(letter.text)
    if not letter.enclosures:
        yield text_part
        return
    yield f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode()
    yield f"--{boundary}\r\n".encode() + text_part
    for enclosure in letter.enclosures:
        yield f"\r\n--{boundary}\r\n".encode()
        yield from _enclosed(enclosure)
    yield f"\r\n--{boundary}--\r\n".encode()


def _header(letter: NewLetter) -> str:
    """Return the fields that every letter of ours has, and MIME-Version."""
    fields = [
        ("Date", date_of(letter.sent)),
        ("From", _people([letter.sender])),
        ("To", _people(letter.to)),
        ("Cc", _people(letter.copies)),
        ("Bcc", _people(letter.blind_copies)),
        ("Subject", _words(letter.subject)),
        ("Message-ID", f"<{_identifier(letter.message_id)}>"),
        ("In-Reply-To", _identifiers([letter.in_reply_to])),
        ("References", _identifiers(letter.references)),
        ("MIME-Version", "1.0"),
    ]
    return "".join(f"{name}: {value}\r\n" for name, value in fields if value)


def date_of(moment: datetime) -> str:
    """Return a date in the form of RFC 5322 §3.3, whatever the locale."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day} {month} {moment.year} {moment:%H:%M:%S %z}"


def on_one_line(text: str) -> str:
    """Return a text that was typed for a field without what could end the field."""
    return _CONTROLS.sub(" ", text).strip()


def _words(text: str) -> str:
    """Return unstructured text, encoded where a field cannot hold it, folded."""
    text = on_one_line(text)
    longest = max((len(word) for word in text.split(" ")), default=0)
    if not text.isascii() or _ENCODED_LOOK.search(text) or longest > _FOLD_AT:
        return encode_words(text)
    return _folded(text.split(" "), " ", len("Subject: "))


def _people(addresses: Iterable[Address]) -> str:
    """Return an address list, folded."""
    shown = [_person(one) for one in addresses if one.mailbox or one.name]
    return _folded([f"{one}," for one in shown[:-1]] + shown[-1:], " ", len("From: "))


def _person(address: Address) -> str:
    """Return one address: the name quoted or encoded as it needs."""
    name, mailbox = on_one_line(address.name), re.sub(r"[\s<>]", "", on_one_line(address.mailbox))
    if not name:
        return mailbox
    if not name.isascii() or _ENCODED_LOOK.search(name):
        name = encode_words(name)
    elif not _PLAIN_PHRASE.fullmatch(name):
        name = '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
    return f"{name} <{mailbox}>" if mailbox else name


def _identifiers(identifiers: Iterable[str]) -> str:
    """Return identifiers, each in <>, folded."""
    found = [_identifier(one) for one in identifiers]
    return _folded([f"<{one}>" for one in found if one], " ", len("In-Reply-To: "))


def _identifier(text: str) -> str:
    return re.sub(r"[\s<>]", "", on_one_line(text))


def _folded(words: list[str], between: str, used: int) -> str:
    """Join words; a line that would grow too long ends before a word."""
    lines: list[str] = []
    line = ""
    for word in words:
        if line and used + len(line) + len(between) + len(word) > _FOLD_AT and word:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line}{between}{word}" if line else word
    return FOLD.join([*lines, line])


def _text_part(text: str) -> bytes:
    """Return a text with its fields, encoded as little as it can be."""
    octets = _LINE_END.sub("\n", text).encode("utf-8", "replace")
    if octets and not octets.endswith(b"\n"):
        octets += b"\n"
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    longest = max(map(len, octets.split(b"\n")))
    to_quote = len(_QUOTED_IN_TEXT.findall(octets))
    if not to_quote and longest <= _SHORT_LINE_OCTETS and not _BLANK_AT_END.search(octets):
        return head + b"7bit\r\n\r\n" + octets.replace(b"\n", b"\r\n")
    if to_quote * _MOSTLY_ASCII < len(octets):
        quoted = binascii.b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")
        return head + b"quoted-printable\r\n\r\n" + quoted
    return head + b"base64\r\n\r\n" + b"".join(_base64([octets.replace(b"\n", b"\r\n")]))


def _enclosed(enclosure: Enclosure) -> Iterator[bytes]:
    """Yield a part with its fields; a letter as it is, anything else as base64."""
    name = on_one_line(enclosure.name).replace("/", "_").replace("\\", "_") or "attachment"
    is_letter = enclosure.media_type == "message/rfc822"
    kind = re.sub(r"[^A-Za-z0-9!#$&^_.+/-]", "", enclosure.media_type)
    kind = kind if kind.count("/") == 1 and not kind.startswith("multipart/") else ""
    yield f"Content-Type: {kind or 'application/octet-stream'}".encode()
    yield _parameters("name", name)
    yield b"\r\nContent-Disposition: attachment" + _parameters("filename", name)
    yield b"\r\nContent-Transfer-Encoding: " + (b"8bit" if is_letter else b"base64") + b"\r\n\r\n"
    yield from enclosure.chunks() if is_letter else _base64(enclosure.chunks())


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield base64 in lines of 76 characters."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        stop = len(text) - len(text) % _BASE64_OCTETS
        yield _base64_lines(text[:stop])
        held = text[stop:]
    yield _base64_lines(held)


def _base64_lines(octets: bytes) -> bytes:
    return b"".join(
        binascii.b2a_base64(octets[start : start + _BASE64_OCTETS], newline=False) + b"\r\n"
        for start in range(0, len(octets), _BASE64_OCTETS)
    )


def _parameters(name: str, value: str) -> bytes:
    """Return a parameter on lines of its own; what needs it in pieces, by RFC 2231 §3 and §4."""
    if value.isascii() and len(value) <= _PARAMETER_OCTETS:
        quoted = value.replace("\\", r"\\").replace('"', r"\"")
        return f';\r\n {name}="{quoted}"'.encode()
    pieces: list[bytes] = [b"utf-8''"]
    for octet in value.encode("utf-8", "replace"):
        one = bytes([octet])
        shown = one if _TOKEN.fullmatch(one) else b"%%%02X" % octet
        if len(pieces[-1]) + len(shown) > _PARAMETER_OCTETS:
            pieces.append(b"")
        pieces[-1] += shown
    if len(pieces) == 1:
        return b";\r\n %b*=%b" % (name.encode(), pieces[0])
    return b"".join(
        b";\r\n %b*%d*=%b" % (name.encode(), number, piece) for number, piece in enumerate(pieces)
    )
