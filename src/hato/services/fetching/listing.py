"""Finds out what of a listing is new.

Called by `fetch_round` where a listing is not the known one.
Never asks for more than unique-ids where all of them are known; never believes a listing that says
a thing twice.
Standards: RFC 1939 §5 (LIST), RFC 1939 §7 (UIDL).
Fails as a conversation does.
"""

from __future__ import annotations

import asyncio

from hato.clients.pop3 import Pop3Client
from hato.clients.pop3_packed_listing import PackedListing
from hato.services.fetching.identity import is_to_be_looked_at
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import (
    Wish,
    Wishes,
    asked_for,
    back_again,
    confirmed_and_listed,
    locate,
    orphans_of,
    sort_wishes,
    to_try_again,
    unknown_keys,
)
from hato.services.fetching.recognition import recognise
from hato.services.fetching.renumbering import Orphans
from hato.store.model import LedgerState


async def look_at_mailbox(
    poll: Poll, client: Pop3Client, listed: PackedListing, wanted_whole: frozenset[bytes]
) -> Wishes:
    """Return what is to be fetched; the poll knows afterwards where each letter is.

    `listed`: what UIDL was answered with.
    """
    ledger, now = poll.book.entries, poll.clock.now()
    poll.listing = listing = await asyncio.to_thread(listed.unpack)
    located = poll.located = await asyncio.to_thread(locate, listing)
    new = await asyncio.to_thread(unknown_keys, located, ledger)
    gone = poll.book.in_state(LedgerState.GONE)
    back = await asyncio.to_thread(back_again, located.numbers, ledger, gone)
    new += back
    returned = await asyncio.to_thread(confirmed_and_listed, located.numbers, ledger)
    is_sure = listed.is_sound and not listing.odd_count and not located.unnamed
    asked = asked_for(located.numbers, ledger, wanted_whole)
    quarantined = poll.book.in_state(LedgerState.QUARANTINED)
    again = to_try_again(located.numbers, ledger, quarantined - set(asked), now)
    if is_sure and not new and not asked and not again and not returned:
        return Wishes()
    await client.add_sizes(listing)
    located = poll.located = await asyncio.to_thread(locate, listing)
    poll.orphans = Orphans(
        await asyncio.to_thread(orphans_of, located.numbers.keys(), ledger, back)
    )
    unknown = [Wish(located.numbers[key], key, poll.size_of(located.numbers[key])) for key in new]
    unknown += (Wish(number, None, poll.size_of(number)) for number in located.unnamed)
    unknown.sort(key=lambda wish: wish.number)
    fresh = await recognise(poll, client, unknown)
    again += (
        key
        for key in returned
        if is_to_be_looked_at(ledger[key], poll.size_of(located.numbers[key]), now)
    )
    more = (Wish(located.numbers[k], k, poll.size_of(located.numbers[k])) for k in [*asked, *again])
    largest = poll.delivery.message_octets
    if poll.source.largest_octets is not None:
        largest = min(largest, poll.source.largest_octets)
    return sort_wishes(
        [*fresh, *more], poll.book.suspicions, largest_octets=largest, asked_for=wanted_whole
    )
