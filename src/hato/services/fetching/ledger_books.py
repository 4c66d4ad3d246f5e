"""A source's ledger at hand: what is known of each letter on its server.

Called by `services.fetching`; kept between polls by whoever polls often (LedgerBooks).
Never believes what it remembers once somebody else wrote to the account.
Standards: none.
Fails with UnavailableError and DamagedError, as the store does.

SEEN is what is known and must never be deleted there, since it is not wholly here: taken by another
program before (no email), or too large, with a note in its place (the email is the note).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from hato.core.ids import AccountId, ModSeq
from hato.core.limits import LEDGER_ENTRIES_REMEMBERED
from hato.services.fetching.roll_call import Expected, read_expected
from hato.services.fetching.suspicions import KIND, Suspicions, read_suspicions
from hato.store.api import Account
from hato.store.changes import Committed, LedgerPut, ObjectPut, Wanted
from hato.store.model import LedgerEntry, LedgerState

_UNKNOWN: Final = ModSeq(-1)
_EXPECTED_REMEMBERED: Final = 10_000
"""Sources of which one process remembers what their listings should be; some 300 octets each."""
_COMMON: Final = frozenset({LedgerState.STORED, LedgerState.DELETION_CONFIRMED})
"""States in which nearly all entries are: nobody needs a list of those."""


class LedgerBook:
    """The ledger of one source, as of a step of the account."""

    __slots__ = ("_by_state", "entries", "modseq", "reading_known", "source_id", "suspicions")

    def __init__(
        self,
        source_id: str,
        entries: Iterable[LedgerEntry],
        modseq: ModSeq,
        suspicions: Suspicions | None = None,
    ) -> None:
        """Hold entries that were read at `modseq`."""
        self.source_id = source_id
        self.entries: dict[bytes, LedgerEntry] = {}
        self.modseq = modseq
        self.suspicions = suspicions or Suspicions()
        self.reading_known = _UNKNOWN
        """The step of the account at which it was looked last which letters were read."""
        self._by_state: dict[LedgerState, set[bytes]] = {}
        for entry in entries:
            self._put(entry)

    def in_state(self, state: LedgerState) -> AbstractSet[bytes]:
        """Return the names of letters in a state that few are in."""
        return self._by_state.get(state, frozenset())

    async def commit(self, account: Account, wanted: list[Wanted]) -> Committed:
        """Do all of `wanted` in one durable step, and know what it did. Raises as the store."""
        committed = await account.commit(wanted)
        self._follow(committed)
        return committed

    def _follow(self, committed: Committed) -> None:
        for fact in committed.facts:
            if isinstance(fact, LedgerPut) and fact.source == self.source_id:
                for uidl in fact.forget:
                    self._drop(uidl)
                for entry in fact.entries:
                    self._put(entry)
            elif isinstance(fact, ObjectPut) and (fact.kind, fact.object_id) == (
                KIND,
                self.source_id,
            ):
                self.suspicions = read_suspicions(fact.content)
        if committed.modseq != self.modseq:
            is_next = committed.modseq == self.modseq + 1
            self.modseq = committed.modseq if is_next else _UNKNOWN

    def _put(self, entry: LedgerEntry) -> None:
        before = self.entries.get(entry.uidl)
        if before is not None:
            self._forget_state(before)
        self.entries[entry.uidl] = entry
        if entry.state not in _COMMON:
            self._by_state.setdefault(entry.state, set()).add(entry.uidl)

    def _drop(self, uidl: bytes) -> None:
        before = self.entries.pop(uidl, None)
        if before is not None:
            self._forget_state(before)

    def _forget_state(self, entry: LedgerEntry) -> None:
        if entry.state not in _COMMON:
            self._by_state[entry.state].discard(entry.uidl)


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
        entries = await account.ledger(source_id)
        kept = await account.stored_object(KIND, source_id)
        suspicions = read_suspicions(None if kept is None else kept.content)
        return await asyncio.to_thread(LedgerBook, source_id, entries, modseq, suspicions)

    def remember(self, account: Account, book: LedgerBook) -> None:
        """Keep a book for the next poll, and give up those not used for longest."""
        self._books[account.account_id, book.source_id] = book
        self._books.move_to_end((account.account_id, book.source_id))
        left = self._most_entries
        for key in reversed(list(self._books)):
            left -= len(self._books[key].entries)
            if left < 0:
                del self._books[key]
