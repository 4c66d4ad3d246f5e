"""What a POP3 server can say, as values that cannot be malformed.

Made by the machine and the edge; written by the machine in the language of the session.
Never holds CR, LF or NUL inside a line; never a first line over 512 octets, in any language.
Standards: RFC 1939 §3 to §7, RFC 2449 §3, §4 and §8, RFC 3206 §4 and §5, RFC 6856 §5.
Fails with ValueError when a reply is made that cannot be said: a bug of ours, never of a peer's.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from hato.core.language import Language, Text
from hato.core.limits import POP3_REPLY_OCTETS
from hato.protocols.pop3 import texts

LANGUAGES: Final = tuple(Language)
"""A reply holds its lines in this order; a session knows its language as a position in it."""

END: Final = b".\r\n"
"""The last line of a multi-line reply (RFC 1939 §3)."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CAPABILITY: Final = re.compile(r"[\x21-\x2d\x2f-\x7e][\x21-\x7e]*(?: [\x21-\x7e]+)*")
_UNIQUE_ID: Final = re.compile(r"[\x21-\x7e]{1,70}")


class Code(StrEnum):
    """Why something failed, for programs (RFC 2449 §8)."""

    IN_USE = "IN-USE"
    LOGIN_DELAY = "LOGIN-DELAY"
    AUTH = "AUTH"
    SYS_TEMP = "SYS/TEMP"
    SYS_PERM = "SYS/PERM"
    UTF8 = "UTF8"


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Something that a server says."""


class _Line(Reply, frozen=True, gc=False):
    """A reply of one line, in every language."""

    text: Text
    fields: Mapping[str, int | str] = {}
    lines: tuple[bytes, ...] = ()
    """Made here, in the order of LANGUAGES; not given."""

    def _write(self, indicator: str) -> None:
        """Make the line in each language. Raises ValueError for one that cannot be said."""
        written = tuple(
            _status_line(indicator, self.text.in_language(language, **self.fields))
            for language in LANGUAGES
        )
        msgspec.structs.force_setattr(self, "lines", written)


class Ok(_Line, frozen=True, gc=False):
    """Yes (RFC 1939 §3)."""

    def __post_init__(self) -> None:
        self._write("+OK ")


class Begin(_Line, frozen=True, gc=False):
    """Yes, and here it comes: `Rows` or `Chunk`s follow, then `End` (RFC 1939 §3)."""

    def __post_init__(self) -> None:
        self._write("+OK ")


class Err(_Line, frozen=True, gc=False):
    """No (RFC 1939 §3)."""

    code: Code | None = None

    def __post_init__(self) -> None:
        self._write(f"-ERR [{self.code}] " if self.code else "-ERR ")


class DropListing(Reply, frozen=True, gc=False):
    """The answer to STAT (RFC 1939 §5)."""

    count: int
    size_octets: int

    def line(self) -> bytes:
        """Return it as it is sent."""
        return b"+OK %d %d\r\n" % (self.count, self.size_octets)


class ScanListing(Reply, frozen=True, gc=False):
    """The answer to LIST with a number (RFC 1939 §5)."""

    number: int
    size_octets: int

    def line(self) -> bytes:
        """Return it as it is sent."""
        return b"+OK %d %d\r\n" % (self.number, self.size_octets)


class UniqueIdListing(Reply, frozen=True, gc=False):
    """The answer to UIDL with a number (RFC 1939 §7)."""

    number: int
    unique_id: str

    def __post_init__(self) -> None:
        if not _UNIQUE_ID.fullmatch(self.unique_id):
            raise ValueError(f"{self.unique_id!r} is no unique-id")

    def line(self) -> bytes:
        """Return it as it is sent."""
        return b"+OK %d %s\r\n" % (self.number, self.unique_id.encode())


class Rows(Reply, frozen=True, gc=False):
    """Whole lines of a multi-line reply, none of which begins with a dot."""

    octets: bytes

    def __post_init__(self) -> None:
        ends = self.octets.count(b"\r\n")
        if (
            not self.octets.endswith(b"\r\n")
            or self.octets.count(b"\n") != ends
            or self.octets.count(b"\r") != ends
            or b"\0" in self.octets
            or self.octets.startswith(b".")
            or b"\r\n." in self.octets
        ):
            raise ValueError("rows are whole lines without NUL that begin with no dot")


class Message(Reply, frozen=True, gc=False):
    """A whole message in one piece: the answer to RETR (RFC 1939 §5).

    `dots` are the offsets in `data` of each `.` that begins a line: they are doubled.
    """

    data: bytes
    dots: Sequence[int] = ()


class Chunk(Reply, frozen=True, gc=False):
    """Some octets of a message that begins before or ends behind them; `dots` as in `Message`."""

    data: bytes
    dots: Sequence[int] = ()


class End(Reply, frozen=True, gc=False):
    """The end of what `Begin` began."""


class Challenge(Reply, frozen=True, gc=False):
    """A step of a SASL exchange (RFC 5034 §4)."""

    data: bytes

    def line(self) -> bytes:
        """Return it as it is sent."""
        return b"+ %s\r\n" % binascii.b2a_base64(self.data, newline=False)


class Capabilities(Reply, frozen=True, gc=False):
    """The answer to CAPA (RFC 2449 §5)."""

    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        for line in self.lines:
            if not _CAPABILITY.fullmatch(line) or len(line) + 2 > POP3_REPLY_OCTETS:
                raise ValueError(f"{line!r} is no capability")

    def rows(self) -> bytes:
        """Return the lines between the first and the last one, as they are sent."""
        return "".join([f"{line}\r\n" for line in self.lines]).encode()


def scan_rows(numbered_sizes: Iterable[tuple[int, int]]) -> Rows:
    """Write the lines of LIST (RFC 1939 §5)."""
    return Rows(b"".join([b"%d %d\r\n" % pair for pair in numbered_sizes]))


def unique_id_rows(numbered_ids: Iterable[tuple[int, str]]) -> Rows:
    """Write the lines of UIDL (RFC 1939 §7)."""
    return Rows("".join([f"{number} {text}\r\n" for number, text in numbered_ids]).encode())


def _status_line(indicator: str, words: str) -> bytes:
    """Write one line. Raises ValueError where it would be malformed, or look like a code."""
    line = f"{indicator}{words}\r\n".encode()
    if _CONTROL.search(words) or words.startswith("["):
        raise ValueError(f"{words!r} cannot stand in a reply")
    if len(line) > POP3_REPLY_OCTETS:
        raise ValueError(f"a reply of {len(line)} octets is too long")
    return line


MESSAGE_LINES: Final = Begin(texts.MESSAGE, {"octets": "%d"}).lines
"""The first lines of a whole message, with `%d` where its octets are to stand."""
