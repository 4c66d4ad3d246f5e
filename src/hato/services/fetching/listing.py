"""Finds out what of a listing is new.

Called by `fetch_round` where a listing is not the known one.
Never asks for more than unique-ids where all of them are known; never believes a listing that says
a thing twice; never holds an object for each letter of a large maildrop.
Standards: RFC 1939 §5 (LIST), RFC 1939 §7 (UIDL).
Fails as a conversation does.
"""

from __future__ import annotations

import asyncio
import heapq
from array import array
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Final

import msgspec

from hato.clients.pop3 import Pop3Client
from hato.clients.pop3_listing import Listing
from hato.clients.pop3_packed_listing import PackedListing
from hato.core.ids import MessageNumber
from hato.services.fetching.absences import absent_pages
from hato.services.fetching.identity import is_to_be_looked_at
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import (
    Located,
    Wish,
    asked_for,
    back_again,
    locate,
    locate_packed,
    orphans_of,
    to_try_again,
    unnamed_of,
)
from hato.services.fetching.renumbering import Orphans
from hato.services.fetching.standing import Standing, compare
from hato.store.model import LedgerEntry, LedgerState

_LETTERS_AT_ONCE: Final = 2_000
"""Of new letters; between two such parts a poll waits for one answer."""


class News(msgspec.Struct):
    """What is listed and not known, or not surely."""

    located: Located
    rows: array[int]
    """Of unique-ids that the ledger does not have."""
    named: list[bytes] = []
    """Those that it had before."""
    again: list[bytes] = []
    """Letters that are to be fetched although the ledger knows them."""

    def __len__(self) -> int:
        """How many letters may be new."""
        return len(self.rows) + len(self.named) + len(self.located.unnamed)

    def letters(self) -> Iterator[tuple[MessageNumber, bytes | None]]:
        """Yield the letters that may be new, in their order."""
        numbers = self.located.numbers
        unknown = ((number, key) for key, number in numbers.at(self.rows))
        named = sorted((numbers[key], key) for key in self.named)
        unnamed = ((number, None) for number in self.located.unnamed)
        return heapq.merge(unknown, named, unnamed, key=itemgetter(0))


async def look_at_mailbox(
    poll: Poll, client: Pop3Client, listed: PackedListing, wanted_whole: frozenset[bytes]
) -> News:
    """Return what may be new; the poll knows afterwards where each letter is.

    `listed`: what UIDL was answered with.
    """
    index, now = poll.book.index, poll.clock.now()
    plain = await asyncio.to_thread(locate_packed, listed)
    if plain is None:
        poll.listing = await asyncio.to_thread(listed.unpack)
        located = await asyncio.to_thread(locate, poll.listing)
    else:
        poll.listing, located = Listing(), plain
    poll.located = located
    numbers = located.numbers
    standing = await asyncio.to_thread(compare, numbers, index)
    back = back_again((await poll.entries_of(standing.gone)).values())
    news = News(located, standing.unknown, [entry.uidl for entry in back])
    news.again = await _again(poll, standing, wanted_whole)
    if plain and not news and not news.again and not standing.confirmed:
        return news
    await client.add_sizes(poll.listing)
    if plain:
        plain.unnamed = await asyncio.to_thread(unnamed_of, listed, poll.listing)
    else:
        poll.located = news.located = await asyncio.to_thread(locate, poll.listing)
        standing = await asyncio.to_thread(compare, poll.located.numbers, index)
        news.rows = standing.unknown
    poll.new_names = len(news.rows) + len(news.named)
    confirmed = await poll.entries_of(standing.confirmed)
    news.again += (
        key
        for key, entry in confirmed.items()
        if is_to_be_looked_at(entry, poll.size_of(numbers[key]), now)
    )
    if news or news.again:
        poll.orphans = await _orphans(poll, standing, back)
    return news


async def _again(poll: Poll, standing: Standing, wanted_whole: frozenset[bytes]) -> list[bytes]:
    """Return the letters that a person asked for, and those whose quarantine is over."""
    wanted = asked_for(poll.located.numbers, poll.book.index, wanted_whole)
    quarantined = await poll.entries_of(set(standing.quarantined) - set(wanted))
    return wanted + to_try_again(quarantined.values(), poll.clock.now())


async def _orphans(poll: Poll, standing: Standing, back: list[LedgerEntry]) -> Orphans:
    """Return the entries whose letters may be listed by other names, those `back` among them."""
    entries = list(back)
    if standing.lacks(poll.book.index, {LedgerState.DELETION_CONFIRMED}):
        async for page in absent_pages(poll):
            entries += page
    return await asyncio.to_thread(lambda: Orphans(orphans_of(entries)))


def octets_of(poll: Poll, news: News) -> int:
    """Return how many octets the letters have that may be new."""
    return sum(poll.size_of(number) for number, _ in news.letters())


def parts_of(poll: Poll, news: News) -> Iterator[list[Wish]]:
    """Yield the letters that may be new, so many at once that nobody waits for it."""
    letters = news.letters()
    while part := [Wish(n, key, poll.size_of(n)) for n, key in islice(letters, _LETTERS_AT_ONCE)]:
        yield part


def again_of(poll: Poll, news: News) -> list[Wish]:
    """Return the letters that are to be fetched although the ledger knows them."""
    numbers = news.located.numbers
    return [Wish(numbers[key], key, poll.size_of(numbers[key])) for key in news.again]
