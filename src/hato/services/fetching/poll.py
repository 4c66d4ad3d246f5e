"""One poll while it runs: what it works with, and what has come of it so far.

Made by `fetch_round`; read and filled by the steps of a poll.
Never decides anything, never speaks with the server.
Standards: none.
Fails as the store does, where it writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from hato.clients.errors import NonsenseError
from hato.clients.pop3_listing import Listing
from hato.core.clock import Clock
from hato.core.errors import HatoError, NotFoundError
from hato.core.ids import MailboxId, MessageNumber
from hato.net.dial_errors import ConnectionLostError
from hato.services.delivery import DeliveryService
from hato.services.fetching.identity import set_aside
from hato.services.fetching.ledger_books import LedgerBook, pages_of
from hato.services.fetching.packed_names import PackedNames
from hato.services.fetching.poll_outcome import Tally
from hato.services.fetching.reckoning import Located, Wish, with_state
from hato.services.fetching.renumbering import Orphans
from hato.services.fetching.suspicions import Suspicions
from hato.services.sources.source import Source
from hato.services.sources.sources import SUSPICIONS_KIND
from hato.store.api import Account
from hato.store.changes import Added, Committed, PutLedger, PutObject, Wanted
from hato.store.model import LedgerEntry, LedgerState

_ENTRIES_AT_ONCE: Final = 1_000
"""Of the ledger, in one durable step: some milliseconds."""
_MOST_SHOWN: Final = 16_777_216
"""An octet for each; a maildrop has fewer letters, whatever numbers its server writes."""
_LARGEST_CLAIM: Final = 2**62
"""A server may claim more; the ledger's numbers have 64 bits."""


@dataclass(slots=True)
class Poll:
    """One poll of one source."""

    account: Account
    source: Source
    delivery: DeliveryService
    clock: Clock
    tally: Tally
    book: LedgerBook
    folder: MailboxId
    """Where new letters go."""
    listing: Listing = field(default_factory=Listing)
    located: Located = field(default_factory=lambda: Located(PackedNames(), []))
    """Grows with each letter that gets a name while the poll runs."""
    new_names: int = 0
    """How many unique-ids are listed that the ledger does not have, or had before."""
    orphans: Orphans = field(default_factory=lambda: Orphans(()))

    new: int = 0
    """Letters that are here now and were not before, notes included."""
    octets: int = 0
    """Of new letters."""
    quarantined: int = 0
    renumbered: int = 0
    refused: set[bytes] = field(default_factory=set)
    """Letters that the server did not give."""
    at: bytes | None = None
    """The letter of which the server speaks; None: of none that has a name."""
    lost: bytes | None = None
    """The letter within which the connection ended."""
    told_by_header: set[bytes] = field(default_factory=set)
    """Letters without a unique-id that were known again in this session, by their headers."""
    shown: bytearray = field(default_factory=bytearray)
    """By message number: 1 where this session showed that the letter is the one of the ledger."""
    cleared: set[bytes] = field(default_factory=set)
    """Letters about which nothing is odd any more."""

    def size_of(self, number: MessageNumber) -> int:
        """Return how many octets the server claims a letter to have; 0 where it does not."""
        return min(self.listing.sizes.get(number, 0), _LARGEST_CLAIM)

    def note_shown(self, number: MessageNumber) -> None:
        """Note that a letter was fetched, or looked at, and is the one that the ledger means."""
        if len(self.shown) <= number < _MOST_SHOWN:
            self.shown.extend(bytes(number + 1 - len(self.shown)))
        if number < len(self.shown):
            self.shown[number] = 1

    def is_shown(self, number: MessageNumber) -> bool:
        """Tell whether that was noted; of letters beyond every bound it never is."""
        return number < len(self.shown) and bool(self.shown[number])

    async def write(self, wanted: list[Wanted]) -> Committed:
        """Do it in one durable step, and know what came of it."""
        committed = await self.book.commit(self.account, wanted)
        self.new += sum(isinstance(fact, Added) for fact in committed.facts)
        return committed

    async def entries_of(self, names: Iterable[bytes]) -> dict[bytes, LedgerEntry]:
        """Return what the ledger has of some letters, by name. Raises as the store."""
        return await self.book.entries(self.account, names)

    async def entry_of(self, name: bytes) -> LedgerEntry | None:
        """Return what the ledger has of one letter, where it has it. Raises as the store."""
        return (await self.entries_of((name,))).get(name)

    def pages(self) -> AsyncIterator[list[LedgerEntry]]:
        """Yield the ledger, part by part. Raises as the store."""
        return pages_of(self.account, self.book.source_id)

    async def write_entries(
        self, entries: Iterable[LedgerEntry], forget: Iterable[bytes] = ()
    ) -> None:
        """Write entries of the ledger alone; nothing happens where there are none.

        Many take several steps, except where others are forgotten: that is one step.
        """
        following, forgotten = iter(entries), tuple(forget)
        most = None if forgotten else _ENTRIES_AT_ONCE
        while (some := tuple(islice(following, most))) or forgotten:
            await self.write([PutLedger(self.book.source_id, some, forgotten)])
            forgotten = ()

    async def displaced_by(self, names: Sequence[tuple[LedgerEntry, bytes]]) -> list[LedgerEntry]:
        """Return what is kept of other letters whose names these entries get."""
        known = await self.entries_of(key for _, key in names)
        moved = {entry.uidl for entry, _ in names}
        formers = [known[key] for _, key in names if key in known]
        return [
            set_aside(former)
            for former in formers
            if former.checksum
            and former.uidl not in moved
            and (former.state is not LedgerState.GONE or former.uidl in self.orphans)
        ]

    def expect(self, wish: Wish | None) -> None:
        """Know which letter the server speaks of next; None: of none."""
        self.at = None if wish is None else wish.key

    def blame(self, fault: HatoError) -> None:
        """Note within which letter the conversation came to its end, where it did."""
        if self.at is not None and isinstance(fault, ConnectionLostError | NonsenseError):
            self.lost = self.at
            self.tally.failed += 1

    def times_lost(self) -> int:
        """Return in how many polls the conversation ended within the letter of `blame`; 0: none."""
        return 0 if self.lost is None else self.book.suspicions.lost.get(self.lost, 1)

    async def write_findings(
        self,
        settled: list[LedgerEntry],
        missing: list[bytes] | None,
        expired: Sequence[bytes] = (),
    ) -> None:
        """Write what the listing settled and what is suspected now; nothing if that is nothing."""
        lost = set() if self.lost is None else {self.lost}
        state_of, quarantined = self.book.index.state_of, LedgerState.QUARANTINED
        in_quarantine = {key for key in self.refused | lost if state_of(key) is quarantined}
        failed_again = (await self.entries_of(in_quarantine)).values()
        settled += (with_state(entry, quarantined, self.clock.now()) for entry in failed_again)
        suspicions, content = await asyncio.to_thread(
            self._suspicions, missing, self.refused - in_quarantine, lost - in_quarantine
        )
        if len(settled) > _ENTRIES_AT_ONCE:
            await self.write_entries(settled)
            settled = []
        wanted: list[Wanted] = []
        if settled or expired:
            wanted.append(PutLedger(self.book.source_id, tuple(settled), tuple(expired)))
        if suspicions != self.book.suspicions:
            wanted.append(PutObject(SUSPICIONS_KIND, self.book.source_id, content))
        if wanted:
            await self.write(wanted)

    def _suspicions(
        self, missing: list[bytes] | None, refused: set[bytes], lost: set[bytes]
    ) -> tuple[Suspicions, bytes | None]:
        """Return what is suspected now, and how that is kept."""
        suspicions = self.book.suspicions.after(
            missing=missing, refused=refused, lost=lost, cleared=self.cleared
        )
        return suspicions, suspicions.encoded()

    def use_inbox(self, fault: NotFoundError) -> None:
        """Go on in INBOX where the source's folder is gone. Raises `fault` where it is that."""
        if self.folder == self.account.inbox:
            raise fault
        self.folder = self.account.inbox
