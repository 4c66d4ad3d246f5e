"""Ledgers remembered between polls: as long as nobody else writes, and not too many."""

from __future__ import annotations

from hato.core.clock import FixedClock
from hato.services.fetching.ledger_books import LedgerBooks
from hato.services.fetching.suspicions import Suspicions, read_suspicions
from hato.services.sources.sources import SUSPICIONS_KIND
from hato.store.api import Account
from hato.store.changes import PutLedger, PutObject
from hato.store.memory.store import MemoryStore
from hato.store.model import LedgerEntry, LedgerState


def entry(key: bytes, state: LedgerState = LedgerState.STORED) -> LedgerEntry:
    return LedgerEntry(key, state, None, 1, b"", b"", 0)


async def an_account() -> Account:
    store = MemoryStore(FixedClock())
    return await store.account(await store.create_account())


async def test_a_book_follows_what_it_writes_itself() -> None:
    account, books = await an_account(), LedgerBooks()
    book = await books.open(account, "s1")
    await book.commit(account, [PutLedger("s1", (entry(b"a"), entry(b"b")))])
    await book.commit(account, [PutLedger("s1", (entry(b"c"),), forget=(b"a",))])
    await book.commit(account, [PutLedger("other", (entry(b"x"),))])
    books.remember(account, book)
    assert await books.open(account, "s1") is book
    assert await book.entries(account, [b"a", b"c", b"b", b"x"]) == {
        b"b": entry(b"b"),
        b"c": entry(b"c"),
    }


async def test_what_somebody_else_wrote_makes_it_read_anew() -> None:
    account, books = await an_account(), LedgerBooks()
    book = await books.open(account, "s1")
    books.remember(account, book)
    await account.commit([PutLedger("s1", (entry(b"a"),))])
    await book.commit(account, [PutLedger("s1", (entry(b"b"),))])
    anew = await books.open(account, "s1")
    assert anew is not book
    assert set(await anew.entries(account, [b"a", b"b"])) == {b"a", b"b"}


async def test_a_book_knows_how_many_are_in_a_state() -> None:
    account, books = await an_account(), LedgerBooks()
    book = await books.open(account, "s1")
    await book.commit(account, [PutLedger("s1", (entry(b"a", LedgerState.QUARANTINED),))])
    assert book.index.count(LedgerState.QUARANTINED) == 1
    await book.commit(account, [PutLedger("s1", (entry(b"a"),))])
    assert book.index.count(LedgerState.QUARANTINED) == 0


async def test_the_books_used_last_are_remembered_as_far_as_they_fit() -> None:
    account, books = await an_account(), LedgerBooks(most_entries=3)
    for source in ("s1", "s2", "s3"):
        await account.commit([PutLedger(source, (entry(b"a"), entry(b"b")))])
    opened = [await books.open(account, source) for source in ("s1", "s2", "s3")]
    for book in opened:
        books.remember(account, book)
    assert await books.open(account, "s3") is opened[2]
    assert await books.open(account, "s2") is not opened[1]


async def test_suspicions_are_kept_and_rubbish_is_none() -> None:
    account = await an_account()
    suspicions = Suspicions({b"a": 1}, {b"b": 2}, {b"c": 3})
    await account.commit([PutObject(SUSPICIONS_KIND, "s1", suspicions.encoded())])
    assert (await LedgerBooks().open(account, "s1")).suspicions == suspicions
    assert Suspicions().encoded() is None
    assert read_suspicions(b"\xc1rubbish") == read_suspicions(None) == Suspicions()
