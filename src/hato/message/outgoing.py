"""What must be true of a letter before it leaves, and what is left out of it.

Called by `services.sending` with the header and the octets of a letter in wire form.
Never changes a letter that is kept: blind copies are taken out of what is sent only.
Standards: RFC 5322 §2.1.1, RFC 5322 §3.6.3, RFC 5322 §3.6.6 (Resent-Bcc), RFC 5321 §7.2.
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

from hato.core.limits import OUTGOING_LINE_OCTETS

_BLIND_COPIES: Final = re.compile(
    rb"^(?:resent-)?bcc[ \t]*:[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*",
    re.IGNORECASE | re.MULTILINE,
)
_END_OF_HEADER: Final = b"\r\n\r\n"


def end_of_header(octets: bytes) -> int | None:
    """Return where the body begins, behind the empty line; None: the header goes on."""
    if octets.startswith(b"\r\n"):
        return 2
    end = octets.find(_END_OF_HEADER)
    return end + len(_END_OF_HEADER) if end >= 0 else None


def without_blind_copies(header: bytes) -> bytes:
    """Return a header without its fields Bcc and Resent-Bcc, folds included."""
    return _BLIND_COPIES.sub(b"", header)


class LineGauge:
    """Finds lines that are too long to be sent."""

    __slots__ = ("_open_octets", "longest_octets")

    def __init__(self) -> None:
        """Begin at the first octet."""
        self._open_octets = 0
        self.longest_octets = 0
        """Of all lines so far, their ends not counted."""

    def feed(self, chunk: bytes) -> None:
        """Look at the next octets; a chunk may end anywhere."""
        first, *lines = chunk.split(b"\n")
        self._open_octets += len(first)
        if lines:
            *whole, last = lines
            ended = max(map(len, whole), default=0)
            self.longest_octets = max(self.longest_octets, self._open_octets - 1, ended - 1)
            self._open_octets = len(last)
        self.longest_octets = max(self.longest_octets, self._open_octets - 1)

    @property
    def is_too_long(self) -> bool:
        """Whether some line has more than 998 octets."""
        return self.longest_octets > OUTGOING_LINE_OCTETS
