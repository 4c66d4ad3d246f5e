"""Puts notes in the place of letters that are not fetched whole: too large, or refused.

Called by `fetch_round` after the whole letters.
Never fetches more than a header, nor that of a letter that ended a connection; never writes a
second note about the same letter.
Standards: RFC 1939 §7 (TOP).
Fails as a conversation and as the store do.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from hato.clients.pop3 import Pop3Client
from hato.services.delivery import Taken
from hato.services.fetching.letter_groups import LetterGroups
from hato.services.fetching.notes import NoteFacts, Reason, write_note
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Wish, with_state
from hato.services.fetching.recognition import show_headers
from hato.store.model import LedgerState


async def put_notes(poll: Poll, client: Pop3Client, wishes: Sequence[Wish], reason: Reason) -> None:
    """Put a note in the place of each of the letters."""
    is_quarantine = reason is not Reason.TOO_LARGE
    state = LedgerState.QUARANTINED if is_quarantine else LedgerState.SEEN
    if is_quarantine:
        poll.quarantined += len(wishes)
    fresh = await _without_those_noted(poll, wishes, state)
    if not fresh:
        return
    dangerous = [wish for wish in fresh if wish.key in poll.book.suspicions.lost]
    harmless = [wish for wish in fresh if wish.key not in poll.book.suspicions.lost]
    groups = LetterGroups(poll)
    try:
        for wish in dangerous:
            await groups.add(wish, await _note(poll, wish, reason, b""), state)
        async with contextlib.aclosing(show_headers(poll, client, harmless)) as shown:
            async for wish, header in shown:
                await groups.add(wish, await _note(poll, wish, reason, header or b""), state)
        await groups.finish()
    except BaseException:
        await groups.abandon()
        raise


async def _without_those_noted(
    poll: Poll, wishes: Sequence[Wish], state: LedgerState
) -> list[Wish]:
    """Return those that have no note yet; of the others the ledger notes another failure."""
    now = poll.clock.now()
    known = await poll.entries_of(wish.key for wish in wishes if wish.key is not None)
    noted = [one for one in known.values() if one.email_id is not None and not one.checksum]
    await poll.write_entries(with_state(entry, state, now) for entry in noted)
    poll.cleared.update(entry.uidl for entry in noted)
    keys = {entry.uidl for entry in noted}
    return [wish for wish in wishes if wish.key not in keys]


async def _note(poll: Poll, wish: Wish, reason: Reason, header: bytes) -> Taken:
    """Write a note about a letter, and take it in."""
    facts = NoteFacts(
        reason,
        poll.source.address,
        wish.size_octets,
        poll.delivery.hostname,
        poll.clock.now(),
    )
    return await poll.delivery.take_in(_once(write_note(facts, header)))


async def _once(octets: bytes) -> AsyncIterator[bytes]:
    yield octets
