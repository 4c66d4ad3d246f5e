"""Puts notes in the place of letters that are not fetched whole: too large, or refused.

Called by `fetch_round` after the whole letters.
Never fetches more than a header; never writes a second note about the same letter.
Standards: RFC 1939 §7 (TOP).
Fails as a conversation and as the store do.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from hato.clients.pop3 import Pop3Client
from hato.services.fetching.letter_groups import LetterGroups
from hato.services.fetching.notes import NoteFacts, Reason, write_note
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Wish, with_state
from hato.services.fetching.recognition import read_header
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
    by_number = {wish.number: wish for wish in fresh}
    groups = LetterGroups(poll)
    try:
        async with contextlib.aclosing(client.tops(by_number)) as tops:
            async for top in tops:
                wish = by_number[top.number]
                note = write_note(_facts(poll, wish, reason), await read_header(top) or b"")
                await groups.add(wish, await poll.delivery.take_in(_once(note)), state)
        await groups.finish()
    except BaseException:
        await groups.abandon()
        raise


async def _without_those_noted(
    poll: Poll, wishes: Sequence[Wish], state: LedgerState
) -> list[Wish]:
    """Return those that have no note yet; of the others the ledger notes another failure."""
    ledger, now = poll.book.entries, poll.clock.now()
    noted = [ledger[wish.key] for wish in wishes if wish.key is not None and wish.key in ledger]
    noted = [entry for entry in noted if entry.email_id is not None]
    await poll.write_entries(with_state(entry, state, now) for entry in noted)
    poll.cleared.update(entry.uidl for entry in noted)
    keys = {entry.uidl for entry in noted}
    return [wish for wish in wishes if wish.key not in keys]


def _facts(poll: Poll, wish: Wish, reason: Reason) -> NoteFacts:
    return NoteFacts(
        reason,
        poll.source.address,
        wish.size_octets,
        poll.delivery.hostname,
        poll.clock.now(),
    )


async def _once(octets: bytes) -> AsyncIterator[bytes]:
    yield octets
