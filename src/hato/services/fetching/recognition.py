"""Looks at the headers of letters that seem new, so that none is fetched that is here already.

Called by `fetch_round` between the listing and the fetching.
Never fetches more than headers; never asks for one where no letter of that size is missed.
Standards: RFC 1939 §7 (TOP).
Fails as a conversation does; a header that is refused leaves its letter unrecognised.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec

from hato.clients.errors import LetterRefusedError
from hato.clients.pop3 import Pop3Client
from hato.clients.pop3_letter import Letter
from hato.core.limits import HEADER_SCAN_OCTETS
from hato.services.fetching.header_marks import header_of_top, is_telling, mark_of
from hato.services.fetching.identity import renamed
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Wish
from hato.services.fetching.renumbering import looks_renumbered
from hato.store.model import LedgerEntry, LedgerState

_WRITTEN_AT_ONCE: Final = 1_000


async def recognise(poll: Poll, client: Pop3Client, unknown: list[Wish]) -> list[Wish]:
    """Return the letters that are new indeed; the others are known by their names from now on."""
    suspects = _suspects(poll, unknown)
    if not suspects or not has_top(client):
        return unknown
    new, now = {wish.number: wish for wish in unknown}, poll.clock.now()
    names: list[tuple[LedgerEntry, bytes]] = []
    async with contextlib.aclosing(show_headers(poll, client, suspects)) as shown:
        async for wish, header in shown:
            if header is None:
                continue
            mark = mark_of(header)
            entry = poll.orphans.claim_by_header(
                mark, wish.size_octets, is_telling=is_telling(header)
            )
            if entry is None:
                new[wish.number] = msgspec.structs.replace(wish, header_mark=mark)
                continue
            del new[wish.number]
            if wish.key is None:
                poll.located.numbers[entry.uidl] = wish.number
                poll.told_by_header.add(entry.uidl)
                if entry.state is LedgerState.GONE:
                    names.append((entry, entry.uidl))
                continue
            names.append((entry, wish.key))
            if len(names) >= _WRITTEN_AT_ONCE:
                await _rename(poll, names, now)
                names = []
    await _rename(poll, names, now)
    return list(new.values())


def _suspects(poll: Poll, unknown: list[Wish]) -> list[Wish]:
    """Return the letters that may be known by other names.

    One that ended a connection once is looked at no more before all else is done.
    """
    orphans = poll.orphans
    if not orphans.can_be_told_by_header:
        return []
    is_renumbered = looks_renumbered(poll.new_names, len(poll.listing.sizes), len(orphans))
    return [
        wish
        for wish in unknown
        if (is_renumbered or wish.key is None or orphans.has_size(wish.size_octets))
        and not poll.book.suspicions.failures(wish.key)
    ]


def has_top(client: Pop3Client) -> bool:
    """Tell whether the server shows headers, as far as that is known."""
    return client.capabilities is None or "TOP" in client.capabilities


async def show_headers(
    poll: Poll, client: Pop3Client, wishes: Sequence[Wish]
) -> AsyncGenerator[tuple[Wish, bytes | None], None]:
    """Yield letters with their headers; None where the server does not show one."""
    by_number = {wish.number: wish for wish in wishes}
    following = iter(wishes)
    poll.expect(next(following, None))
    async with contextlib.aclosing(client.tops(by_number)) as tops:
        async for top in tops:
            header = await _read_header(top)
            poll.expect(next(following, None))
            yield by_number[top.number], header


async def _read_header(top: Letter) -> bytes | None:
    """Return the header that TOP shows; None where the server refuses that.

    Raises the refusal where it is about more than this letter.
    """
    pieces: list[bytes] = []
    octets = 0
    try:
        async for chunk in top.chunks():
            if octets < HEADER_SCAN_OCTETS:
                pieces.append(chunk)
                octets += len(chunk)
    except LetterRefusedError:
        return None
    return header_of_top(b"".join(pieces))


async def _rename(poll: Poll, names: list[tuple[LedgerEntry, bytes]], now: int) -> None:
    """Give entries the names that the server uses now."""
    await poll.write_entries(
        [*await poll.displaced_by(names), *(renamed(entry, key, now) for entry, key in names)],
        (entry.uidl for entry, key in names if entry.uidl != key),
    )
    poll.renumbered += sum(entry.uidl != key for entry, key in names)
