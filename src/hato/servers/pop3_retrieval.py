"""RETR and TOP of what is not at hand in one piece: large, on disk, or shown as a surrogate.

Called by the transaction, which answers the short and ready ones by itself.
Never holds more than a piece; never ends a message that could not be sent whole as if it were.
Standards: RFC 1939 §5 (RETR), RFC 1939 §7 (TOP), RFC 6858 §4.
Fails by refusing before the first octet, by ending the conversation after it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from typing import Final

from hato.core.errors import HatoError
from hato.core.log import log
from hato.net.session import Peer
from hato.protocols.machine import Farewell
from hato.protocols.pop3 import texts
from hato.protocols.pop3.replies import Begin, Chunk, End
from hato.protocols.pop3.server import Pop3ServerMachine
from hato.protocols.pop3.top import TopCutter
from hato.servers.pop3_maildrop import Maildrop
from hato.servers.pop3_pieces import Pieces
from hato.servers.pop3_refusals import refusal_of
from hato.store.model import Piece

TOP_FOLLOWS: Final = Begin(texts.TOP_OF_MESSAGE)
_END: Final = End()
_PIECES_IN_A_ROW: Final = 8
"""Pieces for a peer that reads fast, before other sessions get their turn."""


async def send_message(machine: Pop3ServerMachine, peer: Peer, drop: Maildrop, index: int) -> None:
    """Answer RETR."""
    try:
        await drop.measure(index)
        pieces = drop.pieces(index)
        first = await pieces.read()
    except HatoError as fault:
        log_unreadable(peer, drop, index, fault)
        machine.send(refusal_of(fault))
        return
    machine.send(Begin(texts.MESSAGE, {"octets": drop.size_octets(index)}))
    if await _send_rest(machine, peer, first, pieces, None):
        drop.note_retrieved(index)


async def send_top(
    machine: Pop3ServerMachine, peer: Peer, drop: Maildrop, index: int, lines: int
) -> None:
    """Answer TOP."""
    pieces = drop.pieces(index)
    try:
        first = await pieces.read()
    except HatoError as fault:
        log_unreadable(peer, drop, index, fault)
        machine.send(refusal_of(fault))
        return
    machine.send(TOP_FOLLOWS)
    await _send_rest(machine, peer, first, pieces, TopCutter(lines))


def cut(piece: Piece, octets: int) -> Chunk:
    """Return the first octets of a piece, with their dots."""
    if octets == len(piece.data):
        return Chunk(piece.data, piece.dots)
    return Chunk(piece.data[:octets], piece.dots[: bisect_left(piece.dots, octets)])


def log_unreadable(peer: Peer, drop: Maildrop, index: int, fault: HatoError) -> None:
    """Tell the operator which message could not be read."""
    log.error(
        "message-unreadable",
        session=peer.session_id,
        account=drop.account.account_id,
        email=drop.snapshot.email_ids[index],
        reason=repr(fault),
    )


async def _send_rest(
    machine: Pop3ServerMachine,
    peer: Peer,
    piece: Piece | None,
    pieces: Pieces,
    cutter: TopCutter | None,
) -> bool:
    """Send pieces as fast as the peer reads them; tell whether all of them were sent."""
    count = 0
    while piece is not None:
        octets = cutter.feed(piece.data) if cutter is not None else len(piece.data)
        machine.send(cut(piece, octets))
        if cutter is not None and cutter.is_complete:
            break
        await peer.drain()
        count += 1
        if count % _PIECES_IN_A_ROW == 0:
            await asyncio.sleep(0)
        try:
            piece = await pieces.read()
        except HatoError as fault:
            log.error("message-broken-off", session=peer.session_id, reason=repr(fault))
            machine.say_farewell(Farewell.DAMAGED_MIDWAY)
            return False
    machine.send(_END)
    return True
