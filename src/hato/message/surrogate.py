"""The surrogate of an internationalised message: what a program without UTF-8 support may see.

Called by edges that serve such a message outside their UTF-8 mode, chunk by chunk.
Never changes a body; never holds more of a message than one header field.
Standards: RFC 6858 §2, RFC 6532 §3.7 (message/global), RFC 2046 §5.1 (multiparts).
Fails never: a structure that cannot be followed is passed through as body.
"""

from __future__ import annotations

import hashlib
import re
from enum import Enum, auto
from typing import Final, NamedTuple

from hato.core.limits import HEADER_SCAN_OCTETS
from hato.message.surrogate_fields import surrogate_field

_CRLF: Final = b"\r\n"
_DELIMITER_OCTETS: Final = 200
"""A delimiter line has at most 2 + 140 + 2 octets and some blanks."""
_DEPTH: Final = 100
"""Multiparts within multiparts that are followed."""
_BOUNDARY: Final = re.compile(
    rb';\s*boundary\s*=\s*(?:"([^"]{1,140})"|([^\s;"]{1,140}))', re.IGNORECASE
)
"""70 characters at most (RFC 2046 §5.1.1), of which few were ever more than two octets long."""
_NESTED: Final = (b"message/rfc822", b"message/global")
_ENCODED: Final = (b"base64", b"quoted-printable")


class _Place(Enum):
    HEADER = auto()
    BODY = auto()


class _Multipart(NamedTuple):
    delimiter: bytes
    """`--` and the boundary."""
    shown: bytes
    """The same in ASCII."""
    default_type: bytes
    """Of its parts: in a digest they are messages (RFC 2046 §5.1.5)."""


class Surrogate:
    """Turns a message into its surrogate while it passes."""

    __slots__ = (
        "_at",
        "_content_type",
        "_encoding",
        "_held",
        "_is_at_line_start",
        "_is_excising",
        "_levels",
        "_multiparts",
        "_place",
        "_shown",
    )

    def __init__(self) -> None:
        """Begin at the first octet of a message."""
        self._held = b""
        self._at = 0
        self._shown: list[bytes] = []
        self._multiparts: list[_Multipart] = []
        self._levels: dict[bytes, int] = {}
        self._is_at_line_start = True
        self._begin_header(default_type=b"text/plain")

    def feed(self, data: bytes) -> bytes:
        """Take the next octets; return those of the surrogate that are certain.

        What is returned never ends between CR and LF.
        """
        self._held = self._held[self._at :] + data
        self._at = 0
        while self._take_line() if self._place is _Place.HEADER else self._take_body():
            pass
        return self._take_shown()

    def finish(self) -> bytes:
        """Say that this is all; return what is left of the surrogate."""
        rest = self._held[self._at :]
        self._at = len(self._held)
        if self._place is _Place.BODY:
            if not self._is_at_line_start or not self._take_delimiter(rest):
                self._shown.append(rest)
        elif not self._is_excising:
            self._take_field(rest)
        return self._take_shown()

    def _take_shown(self) -> bytes:
        shown = b"".join(self._shown)
        self._shown.clear()
        return shown

    def _show_up_to(self, stop: int) -> None:
        """Show octets as they are."""
        if stop > self._at:
            self._shown.append(self._held[self._at : stop])
            self._at = stop

    # Header

    def _begin_header(self, default_type: bytes) -> None:
        self._place = _Place.HEADER
        self._content_type = default_type
        self._encoding = b""
        self._is_excising = False

    def _take_line(self) -> bool:
        """Take one header field, or the empty line behind the last one; False: more is needed."""
        held, start = self._held, self._at
        if held.startswith(_CRLF, start) and not self._is_excising:
            self._show_up_to(start + 2)
            self._end_header()
            return True
        stop = held.find(_CRLF, start) + 2
        while 2 <= stop < len(held) and held[stop] in b" \t":
            stop = held.find(_CRLF, stop) + 2
        if stop < 2 or stop == len(held):
            self._give_up_field()
            return False
        self._at = stop
        if self._is_excising:
            self._is_excising = False
            return True
        self._take_field(held[start:stop])
        return True

    def _take_field(self, field: bytes) -> None:
        """Show one field, or the delimiter that stands in its place."""
        if not self._take_delimiter(field):
            self._note(field)
            self._shown.append(surrogate_field(_with_ascii_boundary(field)))

    def _give_up_field(self) -> None:
        """Leave out a field beyond all measure, and what follows of it."""
        if len(self._held) - self._at > HEADER_SCAN_OCTETS or self._is_excising:
            self._is_excising = True
            self._at = max(self._at, len(self._held) - 2)

    def _note(self, field: bytes) -> None:
        """Remember what says how the body is to be read."""
        name, _, value = field.partition(b":")
        match name.strip().lower():
            case b"content-type":
                self._content_type = value.strip()
            case b"content-transfer-encoding":
                self._encoding = value.strip().lower()

    def _end_header(self) -> None:
        """Decide how the body is to be read."""
        kind = self._content_type.partition(b";")[0].strip().lower()
        self._is_at_line_start = True
        self._place = _Place.BODY
        if kind.startswith(b"multipart/") and len(self._multiparts) < _DEPTH:
            boundary = _BOUNDARY.search(self._content_type)
            if boundary is not None:
                boundary_octets = boundary[1] or boundary[2]
                delimiter, shown = b"--" + boundary_octets, b"--" + _in_ascii(boundary_octets)
                default = b"message/rfc822" if kind == b"multipart/digest" else b"text/plain"
                self._multiparts.append(_Multipart(delimiter, shown, default))
                self._number_levels()
        elif kind in _NESTED and self._encoding not in _ENCODED:
            self._begin_header(default_type=b"text/plain")

    # Body

    def _take_body(self) -> bool:
        """Show the body up to the next line that may be a delimiter; False: more is needed."""
        held = self._held
        if not self._multiparts:
            self._show_up_to(len(held) - held.endswith(b"\r"))
            return False
        if self._is_at_line_start and self._at + 2 > len(held):
            return False
        if self._is_at_line_start and held.startswith(b"--", self._at):
            stop = held.find(_CRLF, self._at) + 2
            if stop < 2 and len(held) - self._at < _DELIMITER_OCTETS:
                return False
            line = held[self._at : stop]
            if self._take_delimiter(line):
                self._at = stop
                return True
        self._is_at_line_start = False
        position = held.find(b"\r\n--", self._at)
        if position < 0:
            undecided = next((n for n in (3, 2, 1) if held.endswith(b"\r\n-"[:n])), 0)
            self._show_up_to(len(held) - undecided)
            return False
        self._show_up_to(position + 2)
        self._is_at_line_start = True
        return True

    def _take_delimiter(self, line: bytes) -> bool:
        """Show a delimiter and go where it leads; False where the line is none."""
        if not line.startswith(b"--"):
            return False
        words = line.rstrip()
        level = self._levels.get(words)
        if level is not None:
            parted = self._multiparts[level]
            del self._multiparts[level + 1 :]
            self._begin_header(parted.default_type)
        else:
            level = self._levels.get(words[:-2]) if words.endswith(b"--") else None
            if level is None:
                return False
            parted = self._multiparts[level]
            del self._multiparts[level:]
            self._place = _Place.BODY
            self._is_at_line_start = True
        self._number_levels()
        self._shown.append(parted.shown + line[len(parted.delimiter) :])
        return True

    def _number_levels(self) -> None:
        """Know at once which multipart a line may delimit; the innermost comes first."""
        self._levels = {one.delimiter: level for level, one in enumerate(self._multiparts)}


def _in_ascii(boundary: bytes) -> bytes:
    """Return a boundary, or what stands for one that is not ASCII, in the header and the body.

    RFC 6858 §2.2 would leave the parameter out, and with it the structure of the whole message;
    the delimiters are no text that anybody reads.
    """
    if boundary.isascii():
        return boundary
    return b"=_" + hashlib.sha256(boundary, usedforsecurity=False).hexdigest()[:32].encode()


def _with_ascii_boundary(field: bytes) -> bytes:
    """Return a header field whose boundary, if it has one, is ASCII."""
    name = field.partition(b":")[0].strip().lower()
    if field.isascii() or name != b"content-type":
        return field
    found = _BOUNDARY.search(field)
    boundary = found and (found[1] or found[2])
    if found is None or not boundary or boundary.isascii():
        return field
    shown = b'; boundary="' + _in_ascii(boundary) + b'"'
    return field[: found.start()] + shown + field[found.end() :]
