"""RETR and TOP of what is not at hand in one piece: large, on disk, or shown as a surrogate.

Called by the session, which answers the short and ready ones by itself.
Never holds more than a chunk; never ends a message that could not be sent whole as if it were.
Standards: RFC 1939 §5 (RETR), RFC 1939 §7 (TOP), RFC 6858 §4.
Fails by refusing before the first octet, by ending the conversation after it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator
from typing import Final

from hato.core.errors import HatoError
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.core.log import log
from hato.message.surrogate import Surrogate
from hato.net.session import Peer
from hato.protocols.dots import find_dots
from hato.protocols.machine import Farewell
from hato.protocols.pop3 import texts
from hato.protocols.pop3.replies import Begin, Chunk, End
from hato.protocols.pop3.server import Pop3ServerMachine
from hato.protocols.pop3.top import TopCutter
from hato.servers.pop3_maildrop import Maildrop
from hato.servers.pop3_refusals import refusal_of
from hato.store.api import Account
from hato.store.model import BodyRef, Piece

TOP_FOLLOWS: Final = Begin(texts.TOP_OF_MESSAGE)
_END: Final = End()
_CHUNKS_IN_A_ROW: Final = 8
"""Chunks for a peer that reads fast, before other sessions get their turn."""
_SLICE_OCTETS: Final = 16_384
"""What is turned into a surrogate in one go: some milliseconds' work at worst."""


async def measure_surrogates(drop: Maildrop) -> None:
    """Learn the sizes of the surrogates that are not known. Raises as `Account.read`."""
    for index in drop.unmeasured():
        await _measure(drop, index)


async def send_message(machine: Pop3ServerMachine, peer: Peer, drop: Maildrop, index: int) -> None:
    """Answer RETR."""
    try:
        if drop.is_surrogate(index):
            await _measure(drop, index)
        pieces = _pieces(drop, index)
        first = await anext(pieces, None)
    except HatoError as fault:
        _refuse(machine, peer, fault)
        return
    machine.send(Begin(texts.MESSAGE, {"octets": drop.size_octets(index)}))
    if await _send_rest(machine, peer, first, pieces, None):
        drop.note_retrieved(index)


async def send_top(
    machine: Pop3ServerMachine, peer: Peer, drop: Maildrop, index: int, lines: int
) -> None:
    """Answer TOP."""
    pieces = _pieces(drop, index)
    try:
        first = await anext(pieces, None)
    except HatoError as fault:
        _refuse(machine, peer, fault)
        return
    machine.send(TOP_FOLLOWS)
    await _send_rest(machine, peer, first, pieces, TopCutter(lines))


def cut(piece: Piece, octets: int) -> Chunk:
    """Return the first octets of a piece, with their dots."""
    if octets == len(piece.data):
        return Chunk(piece.data, piece.dots)
    return Chunk(piece.data[:octets], piece.dots[: bisect_left(piece.dots, octets)])


async def _send_rest(
    machine: Pop3ServerMachine,
    peer: Peer,
    piece: Piece | None,
    pieces: AsyncIterator[Piece],
    cutter: TopCutter | None,
) -> bool:
    """Send chunks as fast as the peer reads them; tell whether all of them were sent."""
    chunks = 0
    while piece is not None:
        octets = cutter.feed(piece.data) if cutter is not None else len(piece.data)
        machine.send(cut(piece, octets))
        if cutter is not None and cutter.is_complete:
            break
        await peer.drain()
        chunks += 1
        if chunks % _CHUNKS_IN_A_ROW == 0:
            await asyncio.sleep(0)
        try:
            piece = await anext(pieces, None)
        except HatoError as fault:
            log.error("message-unreadable", session=peer.session_id, reason=fault)
            machine.say_farewell(Farewell.DAMAGED_MIDWAY)
            return False
    machine.send(_END)
    return True


def _refuse(machine: Pop3ServerMachine, peer: Peer, fault: HatoError) -> None:
    log.warning("message-refused", session=peer.session_id, reason=repr(fault))
    machine.send(refusal_of(fault))


def _pieces(drop: Maildrop, index: int) -> AsyncIterator[Piece]:
    """Yield what is shown of a message, with the dots to double."""
    body = drop.body(index)
    if drop.is_surrogate(index):
        return _surrogate_pieces(drop.account, body)
    return _stored_pieces(drop.account, body)


async def _stored_pieces(account: Account, body: BodyRef) -> AsyncIterator[Piece]:
    """Yield a message as it is kept."""
    for start in range(0, body.size_octets, BODY_CHUNK_OCTETS):
        stop = min(start + BODY_CHUNK_OCTETS, body.size_octets)
        piece = account.read_now(body, start, stop)
        yield piece if piece is not None else await account.read(body, start, stop)


async def _surrogate_pieces(account: Account, body: BodyRef) -> AsyncIterator[Piece]:
    """Yield a message's surrogate."""
    surrogate = Surrogate()
    begins_line = True
    async for data in _surrogate_octets(account, body, surrogate):
        yield Piece(data, find_dots(data, at_line_start=begins_line))
        begins_line = data.endswith(b"\r\n")


async def _surrogate_octets(
    account: Account, body: BodyRef, surrogate: Surrogate
) -> AsyncIterator[bytes]:
    async for piece in _stored_pieces(account, body):
        for start in range(0, len(piece.data), _SLICE_OCTETS):
            data = surrogate.feed(piece.data[start : start + _SLICE_OCTETS])
            if data:
                yield data
            await asyncio.sleep(0)
    data = surrogate.finish()
    if data:
        yield data


async def _measure(drop: Maildrop, index: int) -> None:
    """Learn the size of one surrogate by making it."""
    size = 0
    async for data in _surrogate_octets(drop.account, drop.body(index), Surrogate()):
        size += len(data)
    drop.note_surrogate_size(index, size)
