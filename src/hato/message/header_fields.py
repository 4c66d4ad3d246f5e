"""The fields of a header, found by offset and decoded only when asked for.

Called by `message.letter` and by lists, which read nothing but headers.
Never copies a value before somebody wants it; never goes beyond the empty line.
Standards: RFC 5322 §2.2, §3.6 and §4.5 (fields, identifiers, blanks before the colon), RFC 6532.
Fails never: lines that are no fields are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from hato.core.limits import LETTER_HEADER_OCTETS, REFERENCES_PER_MESSAGE
from hato.message.addresses import Address, read_addresses
from hato.message.dates import read_date
from hato.message.encoded_words import decode_value

_FIELD: Final = re.compile(rb"^([^\s:]++)[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))\n?", re.MULTILINE)
_IDENTIFIER: Final = re.compile(rb"<([^<>]++)>")
_IDENTIFIER_TEXT: Final = re.compile(r"[!-;=?-~\u00a0-\U0010ffff]++")
_LOOK_OCTETS: Final = 4_096
_BLANKS: Final = re.compile(rb"\s++")


class Field(NamedTuple):
    """One field: `header[start:stop]` with its line end, its value at `value_start`."""

    name: str
    """In lower case."""
    start: int
    value_start: int
    stop: int


class Summary(NamedTuple):
    """What a list of letters shows of one."""

    subject: str
    senders: tuple[Address, ...]
    recipients: tuple[Address, ...]
    sent: datetime | None
    message_id: str
    media_type: str
    """As the header names it, in lower case; empty where it names none. `multipart/mixed` nearly
    always means attachments."""


class Fields:
    """All fields of a header, in order."""

    __slots__ = ("_by_name", "octets")

    def __init__(self, octets: bytes) -> None:
        """Take a header, up to and with the empty line if there is one."""
        self.octets = octets
        self._by_name: dict[str, list[Field]] | None = None

    def __iter__(self) -> Iterator[Field]:
        """Yield every field in order."""
        for found in _FIELD.finditer(self.octets):
            name = found[1].decode("latin-1").lower()
            yield Field(name, found.start(), found.start(2), found.end())

    def __contains__(self, name: str) -> bool:
        """Tell whether there is such a field."""
        return name.lower() in self._named()

    def _named(self) -> dict[str, list[Field]]:
        """Return the fields by name."""
        if self._by_name is None:
            self._by_name = {}
            for field in self:
                self._by_name.setdefault(field.name, []).append(field)
        return self._by_name

    def values(self, name: str) -> list[bytes]:
        """Return the values of all fields called `name`, as they stand there, folds included."""
        found = self._named().get(name.lower(), ())
        return [self.octets[field.value_start : field.stop] for field in found]

    def value(self, name: str) -> bytes:
        """Return the value of the first field called `name`; empty where there is none."""
        return next(iter(self.values(name)), b"")

    def text(self, name: str) -> str:
        """Return the first field called `name` as one line of decoded text."""
        return decode_value(self.value(name))

    def shown(self) -> Iterator[tuple[str, str]]:
        """Yield each field's name as it was written and its value as one line of decoded text."""
        for field in self:
            name = self.octets[field.start : field.start + len(field.name)]
            yield name.decode("latin-1"), decode_value(self.octets[field.value_start : field.stop])

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the addresses in all fields called `name`."""
        found = self.values(name)
        return read_addresses(b",".join(found)) if found else ()

    def date(self, name: str = "Date") -> datetime | None:
        """Return the moment that the first field called `name` tells."""
        return read_date(self.text(name))

    def identifiers(self, name: str) -> tuple[str, ...]:
        """Return the identifiers in all fields called `name`, without <>, each once.

        Of very many the first and the latest are returned (core.limits.REFERENCES_PER_MESSAGE), as
        delivery does. One without <> counts where there are no others, one with control
        characters never.
        """
        found: dict[str, None] = {}
        for value in self.values(name):
            words = _IDENTIFIER.findall(value) or value.split()
            plain = (_BLANKS.sub(b"", word).decode("utf-8", "replace") for word in words)
            found.update((word, None) for word in plain if _IDENTIFIER_TEXT.fullmatch(word))
        identifiers = tuple(found)
        if len(identifiers) > REFERENCES_PER_MESSAGE:
            return identifiers[:1] + identifiers[1 - REFERENCES_PER_MESSAGE :]
        return identifiers

    def summary(self) -> Summary:
        """Return what a list shows."""
        content_type = self.value("Content-Type").partition(b";")[0].strip()
        return Summary(
            subject=self.text("Subject"),
            senders=self.addresses("From") or self.addresses("Sender"),
            recipients=self.addresses("To"),
            sent=self.date(),
            message_id=next(iter(self.identifiers("Message-ID")), ""),
            media_type=content_type.decode("ascii", "replace").lower(),
        )


def read_header(octets: bytes) -> Fields:
    """Read the header with which `octets` begin: a letter, a header, or the beginning of either."""
    return Fields(octets[: end_of_header(octets, 0, min(len(octets), LETTER_HEADER_OCTETS))])


def end_of_header(octets: bytes, start: int, stop: int) -> int:
    """Return where the body begins: behind the first empty line, or `stop`."""
    if octets[start : start + 1] in (b"\r", b"\n"):
        if octets.startswith(b"\r\n", start):
            return min(start + 2, stop)
        if octets.startswith(b"\n", start):
            return min(start + 1, stop)
    near = min(start + _LOOK_OCTETS, stop)  # a letter without CR is not gone through for one
    found = _empty_line(octets, start, near)
    if found < 0 and near < stop:
        found = _empty_line(octets, start, stop)
    return stop if found < 0 else found


def _empty_line(octets: bytes, start: int, stop: int) -> int:
    """Return the place behind the first empty line, or -1."""
    empty = octets.find(b"\n\r\n", start, stop)
    bare = octets.find(b"\n\n", start, stop if empty < 0 else empty + 1)
    if bare >= 0:
        return bare + 2
    return empty + 3 if empty >= 0 else -1
