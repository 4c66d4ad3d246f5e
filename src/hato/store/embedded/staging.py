"""Octets on their way in: in memory while they are few, then in a file without a name.

Called by services through `store.stage`, and by `encode`, which copies them into segments.
Never does anything per octet in Python; never leaves a file behind, whatever dies.
Standards: RFC 5322 §2.3 (bare CR and LF), RFC 1939 §3 (lines that begin with a dot).
Fails with StorageFullError and UnavailableError.
"""

from __future__ import annotations

import asyncio
from array import array
from typing import Final

import xxhash

from hato.core.limits import HEADER_SCAN_OCTETS, SPOOL_MEMORY_OCTETS
from hato.store.embedded.dots import find_dots
from hato.store.embedded.record import DENSE_OCTETS_PER_DOT
from hato.store.embedded.system import (
    OpenFile,
    fault_of,
    open_unnamed,
    read_exactly,
    write_all,
)
from hato.store.model import Traits

_LINE_END: Final = b"\r\n"
_CARRIAGE_RETURN: Final = b"\r"
_LINE_FEED: Final = b"\n"
_LEAST_DOTS: Final = 64
"""So many dots are recorded however short the message is."""


class Inspection:
    """Looks at octets as they come: line ends, NUL, 8-bit, lines that begin with a dot."""

    def __init__(self) -> None:
        """Begin at the beginning of a line."""
        self.size_octets = 0
        self.dots = array("I")
        self.is_dense = False
        self._before = _LINE_END
        self._has_bare_cr_or_lf = False
        self._has_nul = False
        self._is_ascii = True

    def look_at(self, chunk: bytes) -> None:
        """Take the next octets."""
        if not chunk:
            return
        joined = self._before + chunk
        base = self.size_octets - 2
        if not self._has_bare_cr_or_lf:
            self._has_bare_cr_or_lf = _has_bare_cr_or_lf(joined)
        self._has_nul = self._has_nul or b"\0" in chunk
        self._is_ascii = self._is_ascii and chunk.isascii()
        self.size_octets += len(chunk)
        if not self.is_dense:
            self._note_dots(joined, base)
        self._before = joined[-2:]

    def _note_dots(self, joined: bytes, base: int) -> None:
        self.dots.extend(find_dots(joined, base))
        most = max(_LEAST_DOTS, self.size_octets // DENSE_OCTETS_PER_DOT)
        if len(self.dots) > most or self.size_octets >= 2**32:
            self.is_dense = True
            self.dots = array("I")

    @property
    def traits(self) -> Traits:
        """What was seen so far."""
        traits = Traits(0)
        if self._has_bare_cr_or_lf or self._before.endswith(_CARRIAGE_RETURN):
            traits |= Traits.BARE_CR_OR_LF
        if self._has_nul:
            traits |= Traits.HAS_NUL
        if not self._is_ascii:
            traits |= Traits.HAS_8BIT
        return traits


def _has_bare_cr_or_lf(joined: bytes) -> bool:
    """Whether a CR or an LF stands alone in the last two octets seen and what follows them.

    An LF in front has been judged with what stood before it, and a CR at the end will be with what
    follows. Taking out every CR and putting one before every LF gives the octets again only where
    all are pairs; that is four times as fast as counting them.
    """
    start = 1 if joined.startswith(_LINE_FEED) else 0
    stop = len(joined) - joined.endswith(_CARRIAGE_RETURN)
    judged = joined[start:stop]
    return judged.replace(_CARRIAGE_RETURN, b"").replace(_LINE_FEED, _LINE_END) != judged


class EmbeddedStaged:
    """A message or upload on its way in. `memory` or `file` holds it."""

    def __init__(self, spool_folder: str) -> None:
        """Begin with nothing; a file would be made in `spool_folder`."""
        self.size_octets = 0
        self.traits = Traits(0)
        self.checksum = b""
        self.memory: bytes | None = None
        self.file: OpenFile | None = None
        self.inspection = Inspection()
        self._spool_folder = spool_folder
        self._digest = xxhash.xxh3_128()
        self._waiting: list[bytes] = []
        self._waiting_octets = 0
        self._head = b""

    async def write(self, chunk: bytes) -> None:
        """Add octets. Raises StorageFullError, UnavailableError."""
        self._digest.update(chunk)
        self.inspection.look_at(chunk)
        self.size_octets += len(chunk)
        self._waiting.append(chunk)
        self._waiting_octets += len(chunk)
        if self._waiting_octets > SPOOL_MEMORY_OCTETS:
            await self._spool()

    async def _spool(self) -> None:
        """Move what waits in memory to the file; the loop does not wait for the disk."""
        data = b"".join(self._waiting)
        self._waiting = []
        self._waiting_octets = 0
        if self.file is None:
            self._head = data[:HEADER_SCAN_OCTETS]
        try:
            await asyncio.to_thread(self._append, data, self.size_octets - len(data))
        except OSError as fault:
            raise fault_of(fault, "taking a message in") from fault

    def _append(self, data: bytes, offset: int) -> None:
        if self.file is None:
            self.file = open_unnamed(self._spool_folder)
        write_all(self.file.fd, [data], offset)

    async def seal(self) -> None:
        """Say that this is all. Raises StorageFullError, UnavailableError."""
        if self.file is not None:
            if self._waiting:
                await self._spool()
        else:
            self.memory = b"".join(self._waiting)
            self._waiting = []
            self._head = self.memory[:HEADER_SCAN_OCTETS]
        self.traits = self.inspection.traits
        self.checksum = self._digest.digest()

    def head(self) -> bytes:
        """Return the beginning, up to and with the empty line that ends a header."""
        start = self._head
        if start.startswith(_LINE_END):
            return start[:2]
        end = start.find(b"\r\n\r\n")
        return start if end < 0 else start[: end + 4]

    async def read(self, start: int, stop: int) -> bytes:
        """Return octets `start` up to `stop`, after `seal`. Raises UnavailableError."""
        if self.file is None:
            return (self.memory or b"")[start:stop]
        try:
            return await asyncio.to_thread(self.read_blocking, start, stop)
        except OSError as fault:
            raise fault_of(fault, "reading a staged message") from fault

    def read_blocking(self, start: int, stop: int) -> bytes:
        """Return octets; for threads that may wait. Raises OSError."""
        if self.file is None:
            return (self.memory or b"")[start:stop]
        stop = min(stop, self.size_octets)
        return read_exactly(self.file.fd, max(stop - start, 0), start)

    def discard(self) -> None:
        """Forget the octets; harmless after a commit, and twice."""
        self.memory = None
        self.file = None
        self._waiting = []
        self._head = b""
