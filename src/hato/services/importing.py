"""Mail from elsewhere: what was brought in once is never brought in again.

Called by `hato import`.
Never holds a whole message in memory; never changes one (but LF to CRLF).
Standards: none; the readers of Maildir and mbox cite theirs.
Fails with the errors of `core.errors` for one message; the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from hato.core.clock import Clock
from hato.core.errors import HatoError, StorageFullError, UnavailableError
from hato.core.ids import MailboxId
from hato.services.delivery import DeliveryService, Placing
from hato.store.api import Account, Lock
from hato.store.changes import MailboxMade, MakeMailbox
from hato.store.model import TOP, LedgerEntry, LedgerState


class ForeignMessage(msgspec.Struct, frozen=True):
    """A message that lies somewhere else."""

    key: str
    """What tells it from all others of its source, today and at the next try."""
    folder: tuple[str, ...]
    """Names from the top; empty: INBOX."""
    received: int
    """Seconds since 1970 UTC."""
    size_octets: int
    keywords: frozenset[str]
    chunks: Callable[[], Iterator[bytes]]
    """Opens it and yields its octets, with whatever line ends it has. May raise InvalidInputError
    (what is there is no message) and OSError."""


class Tally(NamedTuple):
    """How far an import is."""

    new: int
    known: int
    failed: int
    octets: int
    skipped: int = 0
    """Empty: no message."""


class Failure(NamedTuple):
    """A message that could not be brought in, and why."""

    key: str
    fault: HatoError | OSError

    @property
    def reason(self) -> str:
        """The words of the fault; some have none."""
        return str(self.fault) or type(self.fault).__name__


class Import:
    """One source on its way into one account."""

    def __init__(
        self, account: Account, deliveries: DeliveryService, clock: Clock, source: str
    ) -> None:
        """`source`: the same text for the same place, so that a second run knows the first."""
        self._account = account
        self._deliveries = deliveries
        self._clock = clock
        self._source = source
        self._lock: Lock | None = None
        self._known: set[bytes] = set()
        self._mailboxes: dict[tuple[str, ...], MailboxId] = {}
        self.failures: list[Failure] = []
        self.skipped: list[str] = []
        """The keys of what was empty."""

    async def begin(self) -> None:
        """Learn what an earlier run brought in and which mailboxes there are.

        Raises InUseError while another run of the same source is at work.
        """
        self._lock = await self._account.lock(self._source)
        await self._learn_keys()
        mailboxes = await self._account.mailboxes()
        names = {mailbox.mailbox_id: mailbox for mailbox in mailboxes}
        for mailbox in mailboxes:
            path: tuple[str, ...] = (mailbox.name,)
            parent = mailbox.parent
            while parent != TOP:
                path = (names[parent].name, *path)
                parent = names[parent].parent
            self._mailboxes[path] = mailbox.mailbox_id
        self._mailboxes[()] = self._account.inbox

    async def _learn_keys(self) -> None:
        """Learn what an earlier run brought in."""
        entries = await self._account.ledger(self._source)
        self._known = {entry.uidl for entry in entries}

    async def foresee(self, messages: Iterable[ForeignMessage]) -> AsyncIterator[Tally]:
        """Say what `run` would do, without `begin`, and change nothing; yield as `run` does.

        Limits of size and quota are not foreseen.
        """
        await self._learn_keys()
        new = known = octets = 0
        for message in messages:
            await asyncio.sleep(0)
            key = message.key.encode("utf-8", "surrogateescape")
            if key in self._known:
                known += 1
            elif self._has_octets(message, opens_all=True):
                self._known.add(key)
                new += 1
                octets += message.size_octets
            yield Tally(new, known, len(self.failures), octets, len(self.skipped))

    async def end(self) -> None:
        """Let the next run of the same source begin; harmless twice."""
        if self._lock is not None:
            await self._lock.release()

    async def run(self, messages: Iterable[ForeignMessage]) -> AsyncIterator[Tally]:
        """Bring messages in, one durable step each; yield how far it is after each.

        May be ended at any moment and run again: each message is there once. Raises
        StorageFullError and UnavailableError, after which going on makes no sense.
        """
        new = known = octets = 0
        for message in messages:
            await asyncio.sleep(0)  # what is known already must not keep others from their turn
            key = message.key.encode("utf-8", "surrogateescape")
            if key in self._known:
                known += 1
            elif self._has_octets(message):
                self._known.add(key)
                if await self._bring_in(message, key):
                    new += 1
                    octets += message.size_octets
            yield Tally(new, known, len(self.failures), octets, len(self.skipped))

    def _has_octets(self, message: ForeignMessage, *, opens_all: bool = False) -> bool:
        """Tell whether there is anything; note what is empty or cannot even be opened.

        `opens_all`: open it even where its size is known, since nobody will.
        """
        if message.size_octets and not opens_all:
            return True
        try:
            if next(message.chunks(), b""):
                return True
        except (HatoError, OSError) as fault:
            self.failures.append(Failure(message.key, fault))
        else:
            self.skipped.append(message.key)
        return False

    async def _bring_in(self, message: ForeignMessage, key: bytes) -> bool:
        """Bring one message in with its line of the ledger, in one step."""
        try:
            mailbox = await self._mailbox(message.folder)
            entry = LedgerEntry(
                key, LedgerState.STORED, None, message.size_octets, b"", b"", self._clock.now()
            )
            placing = Placing(
                mailbox,
                message.received,
                keywords=message.keywords,
                source=self._source,
                ledger=(entry,),
            )
            await self._deliveries.bring_in(self._account, _pieces(message.chunks), placing)
        except (StorageFullError, UnavailableError):
            raise
        except (HatoError, OSError) as fault:
            self.failures.append(Failure(message.key, fault))
            return False
        return True

    async def _mailbox(self, folder: tuple[str, ...]) -> MailboxId:
        """Return the mailbox of a folder; make it, and those above it, where there is none."""
        known = self._mailboxes.get(folder)
        if known is not None:
            return known
        parent = TOP if len(folder) == 1 else await self._mailbox(folder[:-1])
        committed = await self._account.commit([MakeMailbox(parent, folder[-1])])
        made = next(fact for fact in committed.facts if isinstance(fact, MailboxMade))
        self._mailboxes[folder] = made.mailbox_id
        return made.mailbox_id


async def _pieces(chunks: Callable[[], Iterator[bytes]]) -> AsyncIterator[bytes]:
    """Hand out what was read."""
    for chunk in chunks():
        yield chunk
