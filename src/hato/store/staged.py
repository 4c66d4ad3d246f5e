"""Octets on their way in: received once, committed to one or many accounts.

Called by services (delivery, import) that write, and by backends that commit.
Never acknowledges anything: staged octets are lost with the process, by intent.
Standards: none.
Fails with StorageFullError and UnavailableError as named.
"""

from __future__ import annotations

from typing import Protocol

from hato.store.model import Traits


class Staged(Protocol):
    """Octets that came in once and can be committed to one or many accounts."""

    size_octets: int
    traits: Traits
    """Known after `seal`: bare CR or LF, NUL, 8-bit."""
    checksum: bytes
    """Of all octets; known after `seal`."""

    async def write(self, chunk: bytes) -> None:
        """Add octets. Raises StorageFullError, UnavailableError."""
        ...

    async def seal(self) -> None:
        """Say that this is all; nothing can be written afterwards."""
        ...

    def head(self) -> bytes:
        """Return the beginning, as far as HEADER_SCAN_OCTETS, up to and with the empty line."""
        ...

    async def read(self, start: int, stop: int) -> bytes:
        """Return octets `start` up to `stop`, after `seal`."""
        ...

    def discard(self) -> None:
        """Forget the octets; harmless after a commit, and twice."""
        ...
