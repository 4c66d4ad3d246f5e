"""What a person who is logged in can do: the TRANSACTION state and QUIT.

Called by the session, which makes it when a maildrop was opened.
Never asks the store for what the snapshot knows; never deletes anything before QUIT.
Standards: RFC 1939 §5 to §7, RFC 6856 §2.1.
Fails by answering `-ERR`; a message that breaks off midway ends the conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from hato.core.errors import HatoError
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.core.log import log
from hato.net.session import Handler, Peer
from hato.protocols.machine import Farewell
from hato.protocols.pop3 import texts
from hato.protocols.pop3.commands import Dele, List, Quit, Retr, Rset, Stat, Top, Uidl
from hato.protocols.pop3.replies import (
    Begin,
    DropListing,
    End,
    Message,
    Ok,
    Rows,
    ScanListing,
    UniqueIdListing,
)
from hato.protocols.pop3.server import Pop3ServerMachine
from hato.protocols.pop3.top import TopCutter
from hato.servers.pop3_maildrop import NOT_THERE, Maildrop
from hato.servers.pop3_refusals import MESSAGE_GONE, NO_SUCH_MESSAGE, NOT_DELETED, refusal_of
from hato.servers.pop3_retrieval import (
    TOP_FOLLOWS,
    cut,
    log_unreadable,
    send_message,
    send_top,
)
from hato.store.model import Piece

_SCAN_FOLLOWS: Final = Begin(texts.SCAN_LISTING)
_UNIQUE_IDS_FOLLOW: Final = Begin(texts.UNIQUE_ID_LISTING)
_END: Final = End()
_MARKED: Final = Ok(texts.MARKED)
_UNMARKED: Final = Ok(texts.UNMARKED)
_GOODBYE: Final = Ok(texts.GOODBYE)


class Transaction:
    """A logged-in session: one maildrop and the commands that need one."""

    __slots__ = ("_machine", "_may_stay", "_peer", "deleted_count", "drop", "handlers")

    def __init__(
        self,
        machine: Pop3ServerMachine,
        peer: Peer,
        drop: Maildrop,
        may_stay: Callable[[], Awaitable[bool]],
    ) -> None:
        """Answer through `machine`. `may_stay` asks whether who logged in may still be here."""
        self._machine = machine
        self._peer = peer
        self._may_stay = may_stay
        self.drop = drop
        self.deleted_count = 0
        self.handlers: dict[type, Handler] = {
            Stat: self.stat,
            List: self.list,
            Uidl: self.uidl,
            Retr: self.retr,
            Top: self.top,
            Dele: self.dele,
            Rset: self.rset,
            Quit: self.quit,
        }

    # What the snapshot answers

    def stat(self, command: Stat) -> Awaitable[None] | None:
        """Say how many messages, how many octets."""
        if self.drop.has_unmeasured():
            return self._after_measuring(lambda: self.stat(command))
        self._machine.send(DropListing(*self.drop.totals()))
        return None

    def list(self, command: List) -> Awaitable[None] | None:
        """Say the size of one message, or of each."""
        drop, number = self.drop, command.number
        if drop.has_unmeasured():
            return self._after_measuring(lambda: self.list(command))
        if number is None:
            return self._send_rows(_SCAN_FOLLOWS, drop.scan())
        index = drop.find(number)
        there = index != NOT_THERE
        self._machine.send(
            ScanListing(number, drop.size_octets(index)) if there else NO_SUCH_MESSAGE
        )
        return None

    def uidl(self, command: Uidl) -> Awaitable[None] | None:
        """Say the unique-id of one message, or of each."""
        drop, number = self.drop, command.number
        if number is None:
            return self._send_rows(_UNIQUE_IDS_FOLLOW, drop.unique_ids())
        index = drop.find(number)
        there = index != NOT_THERE
        self._machine.send(
            UniqueIdListing(number, drop.unique_id(index)) if there else NO_SUCH_MESSAGE
        )
        return None

    async def _after_measuring(self, answer: Callable[[], Awaitable[None] | None]) -> None:
        """Learn how large the surrogates are, then answer."""
        try:
            await self.drop.measure_all()
        except HatoError as fault:
            self._refuse(fault)
            return
        rest = answer()
        if rest is not None:
            await rest

    def _send_rows(self, first: Begin, parts: Iterator[Rows]) -> Awaitable[None] | None:
        """Send a listing: at once if it is short, otherwise as fast as the peer reads."""
        self._machine.send(first)
        rows = next(parts, None)
        if rows is not None:
            self._machine.send(rows)
            rows = next(parts, None)
            if rows is not None:
                return self._send_more_rows(rows, parts)
        self._machine.send(_END)
        return None

    async def _send_more_rows(self, rows: Rows | None, parts: Iterator[Rows]) -> None:
        while rows is not None:
            await self._peer.drain()
            await asyncio.sleep(0)
            self._machine.send(rows)
            rows = next(parts, None)
        self._machine.send(_END)

    # What the store answers

    def retr(self, command: Retr) -> Awaitable[None] | None:
        """Send a message: at once where its octets are at hand."""
        drop, machine = self.drop, self._machine
        index = drop.find(command.number)
        if index == NOT_THERE:
            machine.send(NO_SUCH_MESSAGE)
            return None
        if drop.must_look(machine.batches):
            return self._look_and_retrieve(index)
        return self._retrieve(index)

    def _retrieve(self, index: int) -> Awaitable[None] | None:
        drop = self.drop
        if drop.is_gone(index):
            self._machine.send(MESSAGE_GONE)
            return None
        size = drop.size_octets(index)
        if size <= BODY_CHUNK_OCTETS and not drop.is_surrogate(index):
            try:
                piece = drop.account.read_now(drop.body(index), 0, size)
            except HatoError as fault:
                log_unreadable(self._peer, drop, index, fault)
                self._machine.send(refusal_of(fault))
                return None
            if piece is not None:
                self._machine.send(Message(piece.data, piece.dots))
                drop.note_retrieved(index)
                return None
        return send_message(self._machine, self._peer, drop, index)

    async def _look_and_retrieve(self, index: int) -> None:
        if await self._look():
            rest = self._retrieve(index)
            if rest is not None:
                await rest

    def top(self, command: Top) -> Awaitable[None] | None:
        """Send the header, the empty line and the first lines of the body."""
        drop, machine = self.drop, self._machine
        index = drop.find(command.number)
        if index == NOT_THERE:
            machine.send(NO_SUCH_MESSAGE)
            return None
        if drop.must_look(machine.batches):
            return self._look_and_send_top(index, command.lines)
        return self._send_top(index, command.lines)

    def _send_top(self, index: int, lines: int) -> Awaitable[None] | None:
        drop = self.drop
        if drop.is_gone(index):
            self._machine.send(MESSAGE_GONE)
            return None
        if not drop.is_surrogate(index):
            size = drop.size_octets(index)
            try:
                piece = drop.account.read_now(drop.body(index), 0, min(size, BODY_CHUNK_OCTETS))
            except HatoError as fault:
                log_unreadable(self._peer, drop, index, fault)
                self._machine.send(refusal_of(fault))
                return None
            if piece is not None and self._send_short_top(piece, size, lines):
                return None
        return send_top(self._machine, self._peer, drop, index, lines)

    def _send_short_top(self, piece: Piece, size: int, lines: int) -> bool:
        """Answer TOP from the first piece, if what it wants ends in it."""
        cutter = TopCutter(lines)
        octets = cutter.feed(piece.data)
        if not cutter.is_complete and len(piece.data) < size:
            return False
        self._machine.send(TOP_FOLLOWS)
        self._machine.send(cut(piece, octets))
        self._machine.send(_END)
        return True

    async def _look_and_send_top(self, index: int, lines: int) -> None:
        if await self._look():
            rest = self._send_top(index, lines)
            if rest is not None:
                await rest

    async def _look(self) -> bool:
        """Learn what other programs did meanwhile; False where that was refused."""
        try:
            await self.drop.look()
        except HatoError as fault:
            self._refuse(fault)
            return False
        return True

    def _refuse(self, fault: HatoError) -> None:
        log.error("not-answered", session=self._peer.session_id, reason=repr(fault))
        self._machine.send(refusal_of(fault))

    # Marks, and what becomes of them

    def dele(self, command: Dele) -> None:
        """Mark a message as deleted."""
        index = self.drop.find(command.number)
        if index == NOT_THERE:
            self._machine.send(NO_SUCH_MESSAGE)
        else:
            self.drop.mark(index)
            self._machine.send(_MARKED)

    def rset(self, command: Rset) -> None:
        """Take all marks away."""
        self.drop.unmark_all()
        self._machine.send(_UNMARKED)

    async def quit(self, command: Quit) -> None:
        """Delete what is marked, let the maildrop go, then say so (RFC 1939 §6).

        Who has lost the right to be here deletes nothing, even before anybody noticed; where
        nothing is marked, nobody asks.
        """
        try:
            if self.drop.has_marks() and not await self._may_stay():
                self._machine.say_farewell(Farewell.LOGIN_REVOKED)
                return
            self.deleted_count = await self.drop.update()
        except HatoError as fault:
            log.error("not-deleted", session=self._peer.session_id, reason=repr(fault))
            self._machine.send(NOT_DELETED)
            return
        if self.deleted_count:
            self._machine.send(Ok(texts.GOODBYE_DELETED, {"count": self.deleted_count}))
        else:
            self._machine.send(_GOODBYE)
