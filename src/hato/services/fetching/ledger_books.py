"""A source's ledger at hand: its states in memory, its entries read when somebody asks for them.

Called by `services.fetching`; kept between polls by whoever polls often (LedgerBooks).
Never believes what it remembers once somebody else wrote to the account; never holds an entry.
Standards: none.
Fails with UnavailableError and DamagedError, as the store does.

SEEN is what is known and must never be deleted there, since it is not wholly here: taken by another
program before (no email), or too large, with a note in its place (the email is the note).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Final

from hato.core.ids import AccountId, EmailId, ModSeq
from hato.core.limits import LEDGER_ENTRIES_REMEMBERED
from hato.services.fetching.ledger_index import LedgerIndex
from hato.services.fetching.roll_call import Expected, read_expected
from hato.services.fetching.suspicions import Suspicions, read_suspicions
from hato.services.sources.sources import SUSPICIONS_KIND
from hato.store.api import Account
from hato.store.changes import Committed, LedgerPut, ObjectPut, Wanted
from hato.store.model import LedgerEntry, LedgerState

_PAGE_ENTRIES: Final = 2_000
"""So many are read at once."""
_UNKNOWN: Final = ModSeq(-1)
_EXPECTED_REMEMBERED: Final = 10_000
"""Sources of which one process remembers what their listings should be; some 300 octets each."""


class LedgerBook:
    """The ledger of one source, as of a step of the account."""

    __slots__ = ("index", "modseq", "source_id", "suspicions")

    def __init__(
        self, source_id: str, modseq: ModSeq, suspicions: Suspicions | None = None
    ) -> None:
        """Begin without entries; `read` brings those that are there at `modseq` or later."""
        self.source_id = source_id
        self.index = LedgerIndex()
        self.modseq = modseq
        self.suspicions = suspicions or Suspicions()

    async def read(self, account: Account) -> None:
        """Learn the state of each letter. Raises UnavailableError and DamagedError."""
        async for page in pages_of(account, self.source_id):
            await asyncio.to_thread(self._take, page)

    def _take(self, entries: Iterable[LedgerEntry]) -> None:
        for entry in entries:
            self.index.put(entry)

    async def entries(self, account: Account, names: Iterable[bytes]) -> dict[bytes, LedgerEntry]:
        """Return those of the entries that there are, by name. Raises as above."""
        known = [name for name in names if name in self.index]
        found: dict[bytes, LedgerEntry] = {}
        for start in range(0, len(known), _PAGE_ENTRIES):
            some = known[start : start + _PAGE_ENTRIES]
            read = await account.ledger_entries(self.source_id, some)
            found.update((entry.uidl, entry) for entry in read)
        return found

    async def commit(self, account: Account, wanted: list[Wanted]) -> Committed:
        """Do all of `wanted` in one durable step, and know what it did. Raises as the store."""
        committed = await account.commit(wanted)
        self._follow(committed)
        return committed

    def _follow(self, committed: Committed) -> None:
        for fact in committed.facts:
            if isinstance(fact, LedgerPut) and fact.source == self.source_id:
                for uidl in fact.forget:
                    self.index.drop(uidl)
                self._take(fact.entries)
            elif isinstance(fact, ObjectPut) and (fact.kind, fact.object_id) == (
                SUSPICIONS_KIND,
                self.source_id,
            ):
                self.suspicions = read_suspicions(fact.content)
        if committed.modseq != self.modseq:
            is_next = committed.modseq == self.modseq + 1
            self.modseq = committed.modseq if is_next else _UNKNOWN


async def pages_of(account: Account, source_id: str) -> AsyncIterator[list[LedgerEntry]]:
    """Yield a source's ledger, so much at once that nobody waits for it. Raises as the store."""
    after: bytes | None = None
    while page := await account.ledger(source_id, after=after, most=_PAGE_ENTRIES):
        yield page
        after = page[-1].uidl


async def letters_not_whole(
    account: Account, source_id: str, only: Collection[EmailId] = ()
) -> frozenset[bytes]:
    """Return the names of letters in whose place there is a note: too large, or in quarantine.

    For `wanted_whole` of a poll, when their owner asks for all of them, or for those whose notes
    are `only` these.
    """
    entries = await entries_not_whole(account, source_id)
    return frozenset(one.uidl for one in entries if not only or one.email_id in only)


async def entries_not_whole(account: Account, source_id: str) -> list[LedgerEntry]:
    """Return what is known of those letters; `email_id` is that of the note."""
    found: list[LedgerEntry] = []
    async for page in pages_of(account, source_id):
        found += filter(_is_noted, page)
    return found


def _is_noted(entry: LedgerEntry) -> bool:
    is_seen = entry.state is LedgerState.SEEN
    return entry.state is LedgerState.QUARANTINED or (is_seen and entry.email_id is not None)


class LedgerBooks:
    """Ledgers remembered between polls, those of the latest polls, up to a number of entries."""

    def __init__(self, most_entries: int = LEDGER_ENTRIES_REMEMBERED) -> None:
        """Remember nothing yet."""
        self._most_entries = most_entries
        self._books: OrderedDict[tuple[AccountId, str], LedgerBook] = OrderedDict()
        self._expected: OrderedDict[tuple[AccountId, str], Expected] = OrderedDict()

    async def expected(self, account: Account, source_id: str) -> Expected:
        """Return what a source's listing is where nothing happened; read part by part."""
        key = account.account_id, source_id
        modseq = await account.modseq()
        expected = self._expected.get(key)
        if expected is None or expected.modseq != modseq:
            expected = await read_expected(account, source_id, modseq)
            self._expected[key] = expected
        self._expected.move_to_end(key)
        if len(self._expected) > _EXPECTED_REMEMBERED:
            self._expected.popitem(last=False)
        return expected

    async def open(self, account: Account, source_id: str) -> LedgerBook:
        """Return a source's ledger as it is now; nobody else may poll the source meanwhile."""
        modseq = await account.modseq()
        book = self._books.get((account.account_id, source_id))
        if book is not None and book.modseq == modseq:
            return book
        kept = await account.stored_object(SUSPICIONS_KIND, source_id)
        suspicions = read_suspicions(None if kept is None else kept.content)
        book = LedgerBook(source_id, modseq, suspicions)
        await book.read(account)
        return book

    def remember(self, account: Account, book: LedgerBook) -> None:
        """Keep a book for the next poll, and give up those not used for longest."""
        self._books[account.account_id, book.source_id] = book
        self._books.move_to_end((account.account_id, book.source_id))
        left = self._most_entries
        for key in reversed(list(self._books)):
            left -= len(self._books[key].index)
            if left < 0:
                del self._books[key]
