"""One poll while it runs: what it works with, and what has come of it so far.

Made by `fetch_round`; read and filled by the steps of a poll.
Never decides anything, never speaks with the server.
Standards: none.
Fails as the store does, where it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from hato.clients.errors import NonsenseError
from hato.clients.pop3_listing import Listing
from hato.core.clock import Clock
from hato.core.errors import HatoError, NotFoundError
from hato.core.ids import EmailId, MailboxId, MessageNumber
from hato.net.dial_errors import ConnectionLostError
from hato.services.delivery import DeliveryService
from hato.services.fetching.identity import set_aside
from hato.services.fetching.ledger_books import LedgerBook
from hato.services.fetching.packed_names import PackedNames
from hato.services.fetching.poll_outcome import Tally
from hato.services.fetching.reckoning import Located, Wish, with_state
from hato.services.fetching.renumbering import Orphans
from hato.services.sources.source import Source
from hato.services.sources.sources import SUSPICIONS_KIND
from hato.store.api import Account
from hato.store.changes import Added, Committed, PutLedger, PutObject, Wanted
from hato.store.model import LedgerEntry, LedgerState

_ENTRIES_AT_ONCE: Final = 1_000
"""Of the ledger, in one durable step: some milliseconds."""
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

    new_emails: list[EmailId] = field(default_factory=list)
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
    cleared: set[bytes] = field(default_factory=set)
    """Letters about which nothing is odd any more."""

    def size_of(self, number: MessageNumber) -> int:
        """Return how many octets the server claims a letter to have; 0 where it does not."""
        return min(self.listing.sizes.get(number, 0), _LARGEST_CLAIM)

    async def write(self, wanted: list[Wanted]) -> Committed:
        """Do it in one durable step, and know what came of it."""
        committed = await self.book.commit(self.account, wanted)
        self.new_emails += [one.email_id for one in committed.facts if isinstance(one, Added)]
        return committed

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

    def displaced_by(self, names: Iterable[tuple[LedgerEntry, bytes]]) -> list[LedgerEntry]:
        """Return what is kept of other letters whose names these entries get."""
        known = self.book.entries
        pairs = [(known[key], entry) for entry, key in names if key in known]
        return [
            set_aside(former)
            for former, entry in pairs
            if former.checksum
            and former.uidl != entry.uidl
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

    @property
    def knows_all_that_is_listed(self) -> bool:
        """Whether each letter has its name, and each name its entry: then the rest is missing."""
        located = self.located
        if not self.new_names and not located.unnamed:
            return True
        named = set(located.numbers.values()) if located.unnamed else set()
        return named.issuperset(located.unnamed) and not located.numbers.rows_without(
            self.book.entries
        )

    async def write_findings(
        self,
        settled: list[LedgerEntry],
        missing: list[bytes] | None,
        expired: Sequence[bytes] = (),
    ) -> None:
        """Write what the listing settled and what is suspected now; nothing if that is nothing."""
        lost = set() if self.lost is None else {self.lost}
        in_quarantine = self.book.in_state(LedgerState.QUARANTINED) & (self.refused | lost)
        now = self.clock.now()
        settled += (
            with_state(self.book.entries[key], LedgerState.QUARANTINED, now)
            for key in in_quarantine
        )
        suspicions = self.book.suspicions.after(
            missing=missing,
            refused=self.refused - in_quarantine,
            lost=lost - in_quarantine,
            cleared=self.cleared,
        )
        if len(settled) > _ENTRIES_AT_ONCE:
            await self.write_entries(settled)
            settled = []
        wanted: list[Wanted] = []
        if settled or expired:
            wanted.append(PutLedger(self.book.source_id, tuple(settled), tuple(expired)))
        if suspicions != self.book.suspicions:
            wanted.append(PutObject(SUSPICIONS_KIND, self.book.source_id, suspicions.encoded()))
        if wanted:
            await self.write(wanted)

    def use_inbox(self, fault: NotFoundError) -> None:
        """Go on in INBOX where the source's folder is gone. Raises `fault` where it is that."""
        if self.folder == self.account.inbox:
            raise fault
        self.folder = self.account.inbox
