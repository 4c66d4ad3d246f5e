"""Looks at letters before they are deleted: is each still the one that was fetched under its name?

Called by `fetch_round` for letters that earlier polls fetched. Servers that name letters by their
place, or use a name again, would have others deleted that nobody has fetched.
Never fetches more than headers; in doubt the letter is compared whole.
Standards: RFC 1939 §7 (TOP, UIDL).
Fails as a conversation and as the store do.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from itertools import islice
from typing import Final

from hato.clients.pop3 import Pop3Client
from hato.core.errors import HatoError
from hato.core.limits import HEADER_SCAN_OCTETS
from hato.services.fetching.absences import absent_pages
from hato.services.fetching.due_letters import DueLetters, Proof
from hato.services.fetching.header_marks import header_of_top, is_telling, mark_of, origin_of
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Wish
from hato.services.fetching.recognition import has_top, show_headers
from hato.services.fetching.renumbering import Orphans
from hato.store.model import LedgerEntry

_AT_ONCE: Final = 1_000


async def look_at_headers(poll: Poll, client: Pop3Client, found: DueLetters) -> None:
    """Say of each letter that is known by its name alone whether it is sure or doubtful."""
    if not found.has(Proof.BY_NAME):
        return
    if not poll.listing.sizes:
        await client.add_sizes(poll.listing)
    letters = found.letters(Proof.BY_NAME)
    while part := dict(islice(letters, _AT_ONCE)):
        entries = await poll.entries_of(part)
        wishes = [Wish(part[name], name, poll.size_of(part[name])) for name in entries]
        async with contextlib.aclosing(_headers(poll, client, wishes)) as headers:
            async for wish, header in headers:
                entry = entries[wish.key or b""]
                is_same = await _is_same(poll, entry, wish.size_octets, header)
                if is_same:
                    poll.note_shown(wish.number)
                found.put(entry.uidl, Proof.SURE if is_same else Proof.DOUBTFUL)


async def letters_in_doubt(poll: Poll, found: DueLetters) -> Orphans:
    """Return what is known of letters that may lie there by other names than theirs."""
    names = [name for name, _ in found.letters(Proof.DOUBTFUL)]
    entries = list((await poll.entries_of(names)).values())
    async for page in absent_pages(poll):
        entries += page
    return Orphans(entries)


async def _headers(
    poll: Poll, client: Pop3Client, wishes: list[Wish]
) -> AsyncGenerator[tuple[Wish, bytes | None], None]:
    """Yield letters with their headers; None where the server shows none."""
    if not has_top(client):
        for wish in wishes:
            yield wish, None
        return
    async with contextlib.aclosing(show_headers(poll, client, wishes)) as shown:
        async for pair in shown:
            yield pair


async def _is_same(poll: Poll, entry: LedgerEntry, size_octets: int, header: bytes | None) -> bool:
    """Tell whether a letter is the one of an entry.

    Some servers add to a header when a letter was read: then it counts where it came from.
    """
    is_as_long = size_octets == entry.size_octets
    if header is None:
        return is_as_long
    if mark_of(header) == entry.header_checksum:
        return is_as_long or is_telling(header)
    origin = origin_of(header)
    return bool(origin) and origin == origin_of(await _header_here(poll, entry))


async def _header_here(poll: Poll, entry: LedgerEntry) -> bytes:
    """Return the header of the letter as it is kept; empty where it is not here any more."""
    with contextlib.suppress(HatoError):  # then the letter is compared whole
        for email in await poll.account.emails([entry.email_id] if entry.email_id else []):
            return header_of_top((await poll.account.read(email.body, 0, HEADER_SCAN_OCTETS)).data)
    return b""
