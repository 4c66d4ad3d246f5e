"""From the line ends of files and pipes (LF) to those of the wire (CRLF), chunk by chunk.

Called by services.delivery for `hato deliver` and for imports.
Never touches a CR that stands alone, nor a CRLF; never holds octets back.
Standards: RFC 5322 §2.1 (lines end with CRLF).
Fails never.
"""

from __future__ import annotations


class LineEndConverter:
    """Turns each LF that has no CR before it into CRLF."""

    __slots__ = ("_ends_with_cr", "_ends_with_lf", "_is_empty")

    def __init__(self) -> None:
        """Begin at the first octet."""
        self._is_empty = True
        self._ends_with_cr = False
        self._ends_with_lf = False

    def convert(self, chunk: bytes) -> bytes:
        """Return `chunk` with CRLF for LF; a chunk may end anywhere."""
        if not chunk:
            return chunk
        is_rest_of_crlf = self._ends_with_cr and chunk[0] == 0x0A
        self._is_empty = False
        self._ends_with_cr = chunk[-1] == 0x0D
        self._ends_with_lf = chunk[-1] == 0x0A
        if is_rest_of_crlf:
            return b"\n" + _converted(chunk[1:])
        return _converted(chunk)

    def finish(self) -> bytes:
        """Return the CRLF that the last line lacks, if it does."""
        return b"" if self._is_empty or self._ends_with_lf else b"\r\n"


def _converted(octets: bytes) -> bytes:
    """Convert octets before which no CR waits for its LF."""
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n")
    return octets.replace(b"\n", b"\r\n")
