"""Dot-stuffing: how POP3 and SMTP mark the end of a message, once for all protocols.

Called by the machines of POP3, SMTP and LMTP, both sides.
Never copies a message to double a dot; never takes anything but CRLF.CRLF for an end.
Standards: RFC 1939 §3, RFC 5321 §4.5.2; the strictness about ends is RFC 5321 §2.3.8.
Fails never: bare CR and LF are reported, the reader goes on to the true end.
"""

from __future__ import annotations

from collections.abc import Iterable

from hato.protocols.machine import Buffer

TERMINATOR = b"\r\n.\r\n"


def double_dots(data: bytes, dots: Iterable[int]) -> list[Buffer]:
    """Return `data` as slices in which each dot at an offset of `dots` stands twice.

    The slices share the dot, so nothing is copied. `dots` is ascending; each offset is that of a
    `.` that begins a line.
    """
    view = memoryview(data)
    pieces: list[Buffer] = []
    start = 0
    for offset in dots:
        pieces.append(view[start : offset + 1])
        start = offset
    pieces.append(view[start:] if start else data)
    return pieces


def find_dots(data: bytes, *, at_line_start: bool) -> list[int]:
    """Return the offsets of the dots that begin a line of `data`.

    `at_line_start` says whether `data` itself begins a line. A chunk boundary must not divide CR
    from LF, nor LF from what follows without the caller passing `at_line_start` next time.
    """
    dots = [0] if at_line_start and data.startswith(b".") else []
    position = data.find(b"\r\n.")
    while position >= 0:
        dots.append(position + 2)
        position = data.find(b"\r\n.", position + 3)
    return dots


class DotReader:
    """Takes a dot-stuffed message off a stream, chunk by chunk.

    `feed` returns what belongs to the message, dots undone, CRLF included. After `is_complete`,
    `rest` holds what arrived behind the end.
    """

    __slots__ = ("_held", "_virtual", "has_bare_cr_or_lf", "is_complete", "rest", "size_octets")

    def __init__(self) -> None:
        """Begin at the first octet of a message, which begins a line."""
        self._held = b"\r\n"
        self._virtual = True
        self.has_bare_cr_or_lf = False
        self.is_complete = False
        self.rest = b""
        self.size_octets = 0

    def feed(self, data: bytes) -> bytes:
        """Take octets that arrived and return those of the message that are certain."""
        data = self._held + data
        first_dot = data.find(b"\r\n.")
        end = data.find(TERMINATOR, first_dot) if first_dot >= 0 else -1
        if end >= 0:
            self.is_complete = True
            self.rest = data[end + 5 :]
            self._held = b""
            stop = end + 2
        else:
            stop = len(data) - _possible_end(data)
            self._held = data[stop:]
        content = data[:stop]
        if 0 <= first_dot < stop - 2:
            content = content.replace(b"\r\n.", b"\r\n")
        return self._finish(content)

    def _finish(self, content: bytes) -> bytes:
        """Look at whole lines; drop the line end that stood for the beginning."""
        if not content:
            return b""
        if self._virtual:
            self._virtual = False
            content = content[2:]
        if not self.has_bare_cr_or_lf:
            self.has_bare_cr_or_lf = has_bare_cr_or_lf(content)
        self.size_octets += len(content)
        return content


def has_bare_cr_or_lf(data: bytes) -> bool:
    """Whether a CR or an LF of `data` stands alone (RFC 5321 §2.3.8).

    Taking out every CR and putting one before every LF gives `data` again only where all are
    pairs; that is four times as fast as counting them.
    """
    return data.replace(b"\r", b"").replace(b"\n", b"\r\n") != data


def _possible_end(data: bytes) -> int:
    """How many octets at the end of `data` may be the beginning of the terminator."""
    for length in (4, 3, 2, 1):
        if data.endswith(TERMINATOR[:length]):
            return length
    return 0
