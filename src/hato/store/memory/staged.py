"""Octets on their way in, in memory.

Called by services through `store.stage`, and by `memory.account` at commit.
Never limits anything: how much may come in is decided where it comes in.
Standards: RFC 5322 §2.1 (lines end with CRLF); traits are those of `store.model`.
Fails with UnavailableError when octets are asked for that were discarded.
"""

from __future__ import annotations

import xxhash

from hato.core.errors import UnavailableError
from hato.core.limits import HEADER_SCAN_OCTETS
from hato.store.model import Traits


class MemoryStaged:
    """Octets that came in once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._octets: bytes | bytearray = bytearray()
        self.size_octets = 0
        self.traits = Traits(0)
        self.checksum = b""
        self._is_discarded = False

    async def write(self, chunk: bytes) -> None:
        """Add octets."""
        self._octets += chunk
        self.size_octets += len(chunk)

    async def seal(self) -> None:
        """Say that this is all, and look at it once."""
        octets = self._octets = bytes(self._octets)
        line_ends = octets.count(b"\r\n")
        if octets.count(b"\r") != line_ends or octets.count(b"\n") != line_ends:
            self.traits |= Traits.BARE_CR_OR_LF
        if b"\0" in octets:
            self.traits |= Traits.HAS_NUL
        if not octets.isascii():
            self.traits |= Traits.HAS_8BIT
        self.checksum = xxhash.xxh3_128_digest(octets)

    def head(self) -> bytes:
        """Return the beginning, up to and with the empty line that ends a header."""
        start = bytes(self._octets[:HEADER_SCAN_OCTETS])
        if start.startswith(b"\r\n"):
            return start[:2]
        end = start.find(b"\r\n\r\n")
        return start if end < 0 else start[: end + 4]

    async def read(self, start: int, stop: int) -> bytes:
        """Return octets `start` up to `stop`."""
        if self._is_discarded:
            raise UnavailableError("these octets were given up")
        return bytes(self._octets[start:stop])

    def discard(self) -> None:
        """Forget the octets; what was committed stays."""
        self._octets = b""
        self._is_discarded = True
