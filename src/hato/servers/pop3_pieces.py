"""A message piece by piece: as it is kept, or as its surrogate.

Called by whoever sends a message, or measures a surrogate.
Never holds more than a piece; never keeps the event loop from others while it works.
Standards: RFC 6858 §2 and §4 (surrogates and their sizes), RFC 6856 §2.1.
Fails with NotFoundError, DamagedError, UnavailableError.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, Protocol

from hato.core.ids import AccountId, BodyId
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.message.surrogate import Surrogate
from hato.protocols.dots import find_dots
from hato.store.api import Account
from hato.store.model import BodyRef, Piece

_SLICE_OCTETS: Final = 16_384
"""What is turned into a surrogate in one go: some milliseconds' work at worst."""
_SIZES: Final = 100_000
"""Sizes of surrogates that a process remembers."""


class Pieces(Protocol):
    """A message that is read once, from its beginning."""

    async def read(self) -> Piece | None:
        """Return the next octets and the dots to double; None at the end."""
        ...


class StoredPieces:
    """A message as it is kept."""

    __slots__ = ("_account", "_body", "_position")

    def __init__(self, account: Account, body: BodyRef) -> None:
        """Begin at its first octet."""
        self._account = account
        self._body = body
        self._position = 0

    async def read(self) -> Piece | None:
        """Return the next octets; None at the end. Raises as `Account.read`."""
        start, body = self._position, self._body
        if start >= body.size_octets:
            return None
        self._position = min(start + BODY_CHUNK_OCTETS, body.size_octets)
        piece = self._account.read_now(body, start, self._position)
        if piece is None:
            piece = await self._account.read(body, start, self._position)
        return piece


class SurrogatePieces:
    """A message as a program without UTF-8 support may see it."""

    __slots__ = ("_begins_line", "_surrogate", "_unread", "_whole")

    def __init__(self, account: Account, body: BodyRef) -> None:
        """Begin at its first octet."""
        self._whole = StoredPieces(account, body)
        self._surrogate: Surrogate | None = Surrogate()
        self._unread = b""
        self._begins_line = True

    async def read(self) -> Piece | None:
        """Return the next octets; None at the end. Raises as `Account.read`."""
        while self._surrogate is not None:
            data = await self._advance(self._surrogate)
            if data:
                dots = find_dots(data, at_line_start=self._begins_line)
                self._begins_line = data.endswith(b"\r\n")
                return Piece(data, dots)
        return None

    async def _advance(self, surrogate: Surrogate) -> bytes:
        """Feed one slice; return what comes of it, perhaps nothing."""
        if not self._unread:
            piece = await self._whole.read()
            if piece is None:
                self._surrogate = None
                return surrogate.finish()
            self._unread = piece.data
        await asyncio.sleep(0)
        part, self._unread = self._unread[:_SLICE_OCTETS], self._unread[_SLICE_OCTETS:]
        return surrogate.feed(part)


class SurrogateSizes:
    """How large surrogates are: each is made once to learn it, then remembered for a while."""

    def __init__(self) -> None:
        """Begin without knowing any."""
        self._known: OrderedDict[tuple[AccountId, BodyId], int] = OrderedDict()

    async def measure(self, account: Account, body: BodyRef) -> int:
        """Return a size, by making the surrogate where it is not known."""
        key = (account.account_id, body.body_id)
        size = self._known.get(key)
        if size is None:
            size = 0
            pieces = SurrogatePieces(account, body)
            while (piece := await pieces.read()) is not None:
                size += len(piece.data)
            self._known[key] = size
            if len(self._known) > _SIZES:
                self._known.popitem(last=False)
        return size
