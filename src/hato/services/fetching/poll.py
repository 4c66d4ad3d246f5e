"""One poll while it runs: what it works with, and what has come of it so far.

Made by `fetch_round`; read and filled by the steps of a poll.
Never decides anything, never speaks with the server.
Standards: none.
Fails as the store does, where it writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hato.clients.pop3_listing import Listing
from hato.core.clock import Clock
from hato.core.errors import NotFoundError
from hato.core.ids import EmailId, MailboxId, MessageNumber
from hato.services.delivery import DeliveryService
from hato.services.fetching.ledger_books import LedgerBook
from hato.services.fetching.poll_outcome import Tally
from hato.services.fetching.reckoning import Located
from hato.services.fetching.renumbering import Orphans
from hato.services.fetching.suspicions import KIND
from hato.services.sources.source import Source
from hato.store.api import Account
from hato.store.changes import Added, Committed, PutLedger, PutObject, Wanted
from hato.store.model import LedgerEntry

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
    located: Located = field(default_factory=lambda: Located({}, []))
    """Grows with each letter that gets a name while the poll runs."""
    orphans: Orphans = field(default_factory=lambda: Orphans(()))

    new_emails: list[EmailId] = field(default_factory=list)
    octets: int = 0
    """Of new letters."""
    quarantined: int = 0
    renumbered: int = 0
    refused: set[bytes] = field(default_factory=set)
    """Letters that the server did not give."""
    lost: bytes | None = None
    """The letter within which the connection ended."""
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
        """Write entries of the ledger alone; nothing happens where there are none."""
        put = PutLedger(self.book.source_id, tuple(entries), tuple(forget))
        if put.entries or put.forget:
            await self.write([put])

    async def write_findings(self, settled: list[LedgerEntry], missing: list[bytes]) -> None:
        """Write what the listing settled and what is suspected now; nothing if that is nothing."""
        suspicions = self.book.suspicions.after(
            missing=missing,
            refused=self.refused,
            lost=() if self.lost is None else (self.lost,),
            cleared=self.cleared,
        )
        wanted: list[Wanted] = []
        if settled:
            wanted.append(PutLedger(self.book.source_id, tuple(settled)))
        if suspicions != self.book.suspicions:
            wanted.append(PutObject(KIND, self.book.source_id, suspicions.encoded()))
        if wanted:
            await self.write(wanted)

    def use_inbox(self, fault: NotFoundError) -> None:
        """Go on in INBOX where the source's folder is gone. Raises `fault` where it is that."""
        if self.folder == self.account.inbox:
            raise fault
        self.folder = self.account.inbox
