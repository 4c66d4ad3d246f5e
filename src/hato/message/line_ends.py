"""From the line ends of files and pipes to those of the wire (CRLF), chunk by chunk.

Called by services.delivery for `hato deliver` and for imports.
Never lets a CR or an LF through that stands alone; never holds back more than two octets.
Standards: RFC 5322 §2.1 and §2.3 (lines end with CRLF; CR and LF appear as CRLF only).
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

_CRLF_OR_CR_CRLF: Final = re.compile(rb"\r?\r\n")
_CARRIAGE_RETURN: Final = b"\r"
_MOST_HELD: Final = 2


class LineEndConverter:
    """Turns each LF, each CR and each CRLF into CRLF.

    So does CR CR LF, which programs leave that converted twice: two line ends there would end a
    header after its first field.
    """

    __slots__ = ("_ends_with_lf", "_held", "_is_empty")

    def __init__(self) -> None:
        """Begin at the first octet."""
        self._is_empty = True
        self._ends_with_lf = False
        self._held = b""
        """CRs at the end of the last chunk: what follows decides what they are."""

    def convert(self, chunk: bytes) -> bytes:
        """Return `chunk` with CRLF at each line end; a chunk may end anywhere."""
        if not chunk:
            return chunk
        self._is_empty = False
        if self._held:
            chunk = self._held + chunk
        if chunk[-1] == 0x0D:
            held = min(len(chunk) - len(chunk.rstrip(_CARRIAGE_RETURN)), _MOST_HELD)
            self._held = chunk[-held:]
            chunk = chunk[:-held]
        else:
            self._held = b""
        if chunk:
            self._ends_with_lf = chunk[-1] in b"\r\n"
        return _converted(chunk)

    def finish(self) -> bytes:
        """Return what was held back, and the CRLF that the last line lacks, if it does."""
        if self._held:
            return _converted(self._held)
        return b"" if self._is_empty or self._ends_with_lf else b"\r\n"


def _converted(octets: bytes) -> bytes:
    """Convert octets that begin and end where no line end is cut."""
    if octets.replace(b"\r", b"").replace(b"\n", b"\r\n") == octets:
        return octets  # as nearly all mail is; finding that out costs half of converting
    lines = octets.replace(b"\r\n", b"\n")
    if b"\r" in lines:  # rare, and this way is slower
        lines = _CRLF_OR_CR_CRLF.sub(b"\n", octets).replace(b"\r", b"\n")
    return lines.replace(b"\n", b"\r\n")
