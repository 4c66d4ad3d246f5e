"""Where TOP has to stop: the header, the empty line and so many lines of the body.

Called by the edge, chunk by chunk; later by the client, to know what it will get.
Never parses the header or MIME; never looks at a line by itself where counting is enough.
Standards: RFC 1939 §7 (TOP), RFC 5322 §2.1 (the empty line ends the header).
Fails never: a message without an empty line is all header.
"""

from __future__ import annotations

from typing import Final

_CRLF: Final = b"\r\n"
_EMPTY_LINE: Final = b"\r\n\r\n"


class TopCutter:
    """Follows a message until everything that TOP asks for has passed."""

    __slots__ = ("_carry", "_is_in_body", "_lines_left", "is_complete")

    def __init__(self, lines: int) -> None:
        """Want `lines` lines of the body."""
        self._lines_left = lines
        self._is_in_body = False
        self._carry = _CRLF
        self.is_complete = False
        """Whether nothing more belongs to it."""

    def feed(self, data: bytes) -> int:
        """Return how many octets of the next chunk belong to it."""
        start = 0
        if not self._is_in_body:
            body = self._find_body(data)
            if body is None:
                self._carry = (self._carry + data[-3:])[-3:]
                return len(data)
            self._is_in_body = True
            self._carry = b""
            start = body
        end = self._count_lines(data, start)
        self._carry = data[-1:]
        return end

    def _find_body(self, data: bytes) -> int | None:
        """Return where the body begins, if it begins in or behind this chunk."""
        across = (self._carry + data[:3]).find(_EMPTY_LINE)
        if across >= 0:
            return across + len(_EMPTY_LINE) - len(self._carry)
        position = data.find(_EMPTY_LINE)
        return position + len(_EMPTY_LINE) if position >= 0 else None

    def _count_lines(self, data: bytes, start: int) -> int:
        """Return where the wanted lines end, or the chunk's length."""
        if self._lines_left and self._carry == b"\r" and data.startswith(b"\n"):
            self._lines_left -= 1
            start = 1
        there = data.count(_CRLF, start) if self._lines_left else 0
        if there < self._lines_left:
            self._lines_left -= there
            return len(data)
        for _ in range(self._lines_left):
            start = data.find(_CRLF, start) + 2
        self._lines_left = 0
        self.is_complete = True
        return start
