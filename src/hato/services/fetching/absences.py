"""What became of the letters that a ledger knows and a server does not list, reckoned page by page.

Called by `fetch_round` when all that is new is fetched.
Never reads the ledger where the listing has all that it should have; never takes a letter for gone
while one is listed that nobody knows yet: it may be that one.
Standards: none.
Fails as the store does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from hato.core.limits import LEDGER_REMEMBERED_SECONDS
from hato.services.fetching.ledger_index import ENDED
from hato.services.fetching.packed_names import PackedNames
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Absences, reckon_absences, reckon_returns
from hato.services.fetching.standing import compare
from hato.store.model import LedgerEntry, LedgerState

_WRITTEN_AT_ONCE: Final = 1_000


async def write_what_is_gone(poll: Poll) -> None:
    """Write down what is gone, what came back, and what is odd. Raises as the store."""
    standing = await asyncio.to_thread(compare, poll.located.numbers, poll.book.index)
    if standing.unknown or not await asyncio.to_thread(_are_all_named, poll):
        # What seems to be missing may be one of those that nobody knows yet.
        await poll.write_findings([], None)
        return
    gone = await poll.entries_of(standing.gone)
    found = Absences(settled=reckon_returns(gone.values(), poll.clock.now()))
    if standing.lacks(poll.book.index, ENDED) or _has_expired(poll):
        await _reckon(poll, found)
    await poll.write_findings(found.settled, found.missing, found.expired)


async def absent_pages(poll: Poll) -> AsyncIterator[list[LedgerEntry]]:
    """Yield the entries of letters that are not listed, part by part. Raises as the store."""
    names = poll.located.numbers
    async for page in poll.pages():
        yield await asyncio.to_thread(_absent, page, names)


def _absent(page: list[LedgerEntry], names: PackedNames) -> list[LedgerEntry]:
    return [entry for entry in page if entry.uidl not in names]


def _are_all_named(poll: Poll) -> bool:
    """Tell whether each letter without a unique-id of its own has its name by now."""
    located = poll.located
    return not located.unnamed or set(located.numbers.values()).issuperset(located.unnamed)


def _has_expired(poll: Poll) -> bool:
    """Tell whether the ledger may have what need not be remembered any more."""
    oldest = poll.book.index.oldest_end
    return oldest is not None and oldest < poll.clock.now() - LEDGER_REMEMBERED_SECONDS


async def _reckon(poll: Poll, found: Absences) -> None:
    """Go through the ledger; what is settled is written meanwhile where it is much."""
    now = poll.clock.now()
    ends: list[int] = []
    async for page in absent_pages(poll):
        some = reckon_absences(page, poll.book.suspicions, now)
        poll.tally.deleted += sum(
            entry.state is LedgerState.DELETION_CONFIRMED for entry in some.settled
        )
        found.missing += some.missing
        found.expired += some.expired
        found.settled += some.settled
        ends += _earliest_end(page, now)
        if len(found.settled) >= _WRITTEN_AT_ONCE:
            await poll.write_entries(found.settled)
            found.settled = []
    poll.book.index.oldest_end = min(ends, default=None)


def _earliest_end(page: list[LedgerEntry], now: int) -> list[int]:
    """Return when the first letter ended of those that are remembered, where there is one."""
    since = now - LEDGER_REMEMBERED_SECONDS
    ended = [entry.at for entry in page if entry.state in ENDED and entry.at >= since]
    return [min(ended)] if ended else []
