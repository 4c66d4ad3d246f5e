"""A source's ledger at hand: what is known of each message on its server.

Called by `services.fetching`; kept between polls by whoever polls often (LedgerBooks).
Never believes what it remembers once somebody else wrote to the account.
Standards: none.
Fails with UnavailableError and DamagedError, as the store does.

SEEN is what is known and must never be deleted there, since it is not wholly here: taken by another
program before (no email), or too large, with a note in its place (the email is the note).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from hato.core.ids import AccountId, ModSeq
from hato.core.limits import LEDGER_ENTRIES_REMEMBERED
from hato.store.api import Account
from hato.store.changes import Committed, LedgerPut
from hato.store.model import LedgerEntry

_UNKNOWN: Final = ModSeq(-1)


class LedgerBook:
    """The ledger of one source, as of a step of the account."""

    __slots__ = ("entries", "modseq", "source_id")

    def __init__(self, source_id: str, entries: Iterable[LedgerEntry], modseq: ModSeq) -> None:
        """Hold entries that were read at `modseq`."""
        self.source_id = source_id
        self.entries = {entry.uidl: entry for entry in entries}
        self.modseq = modseq

    def follow(self, committed: Committed) -> None:
        """Take over what a step of ours did."""
        for fact in committed.facts:
            if isinstance(fact, LedgerPut) and fact.source == self.source_id:
                for uidl in fact.forget:
                    self.entries.pop(uidl, None)
                self.entries.update((entry.uidl, entry) for entry in fact.entries)
        is_next = committed.modseq == self.modseq + 1
        if committed.modseq != self.modseq:
            self.modseq = committed.modseq if is_next else _UNKNOWN


class LedgerBooks:
    """Ledgers remembered between polls, those of the latest polls, up to a number of entries."""

    def __init__(self, most_entries: int = LEDGER_ENTRIES_REMEMBERED) -> None:
        """Remember nothing yet."""
        self._most_entries = most_entries
        self._books: OrderedDict[tuple[AccountId, str], LedgerBook] = OrderedDict()

    async def open(self, account: Account, source_id: str) -> LedgerBook:
        """Return a source's ledger as it is now; nobody else may poll the source meanwhile."""
        modseq = await account.modseq()
        book = self._books.get((account.account_id, source_id))
        if book is not None and book.modseq == modseq:
            return book
        return LedgerBook(source_id, await account.ledger(source_id), modseq)

    def remember(self, account: Account, book: LedgerBook) -> None:
        """Keep a book for the next poll, and give up those not used for longest."""
        self._books[account.account_id, book.source_id] = book
        self._books.move_to_end((account.account_id, book.source_id))
        left = self._most_entries
        for key in reversed(list(self._books)):
            left -= len(self._books[key].entries)
            if left < 0:
                del self._books[key]
