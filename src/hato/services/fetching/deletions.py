"""Deletes from the server what the owner's rule wants gone, and learns whether that was done.

Called by `fetch_round` at the end of a poll.
Never sends DELE for what is not durable here, nor before the ledger says durably that it will;
never takes a deletion for done before QUIT was answered with yes.
Standards: RFC 1939 §5 (DELE), RFC 1939 §6 (the UPDATE state).
Fails as a conversation and as the store do; the next listing settles what was left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import compress
from typing import Final

from hato.clients.pop3 import Pop3Client, QuitAnswer
from hato.core.ids import EmailId
from hato.services.fetching.policies import due, is_safe_here, must_know_reading
from hato.services.fetching.poll import Poll
from hato.services.fetching.poll_outcome import Stage
from hato.services.fetching.reckoning import Wish, with_state
from hato.services.sources.source import Keeping
from hato.store.model import SEEN, LedgerEntry, LedgerState

_ASKED_AT_ONCE: Final = 1_000


async def find_due(poll: Poll) -> list[LedgerEntry]:
    """Return the entries of letters that lie there and are to be deleted now."""
    return [entry for entry in await _wanted_gone(poll) if not _is_unproven(poll, entry)]


async def find_unproven(poll: Poll) -> list[Wish]:
    """Return the letters that the rule wants gone, and that were known by their headers alone.

    Those that failed too often stay there.
    """
    numbers, suspicions = poll.located.numbers, poll.book.suspicions
    return [
        Wish(numbers[entry.uidl], entry.uidl, poll.size_of(numbers[entry.uidl]))
        for entry in await _wanted_gone(poll)
        if _is_unproven(poll, entry) and not suspicions.is_hopeless(entry.uidl)
    ]


def _is_unproven(poll: Poll, entry: LedgerEntry) -> bool:
    return entry.is_told_by_header or entry.uidl in poll.told_by_header


async def _wanted_gone(poll: Poll) -> list[LedgerEntry]:
    """Return the entries of letters that lie there and that the rule wants gone."""
    policy = poll.source.policy
    if policy.keeping is Keeping.KEEP:
        return []
    listed, now = poll.located.numbers.keys(), poll.clock.now()
    entries = poll.book.entries
    unread: frozenset[EmailId] = frozenset()
    if must_know_reading(policy):
        unread = await _unread(poll)
    return await asyncio.to_thread(
        lambda: due(policy, [entries[key] for key in listed & entries.keys()], now, unread)
    )


async def _unread(poll: Poll) -> frozenset[EmailId]:
    """Return which of the letters lie here and were not read yet."""
    entries = poll.book.entries
    listed = poll.located.numbers.keys() & entries.keys()
    safe = [entries[key].email_id for key in listed if is_safe_here(entries[key])]
    asked = [email_id for email_id in safe if email_id is not None]
    unread: set[EmailId] = set()
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        emails = await poll.account.emails(asked[start : start + _ASKED_AT_ONCE])
        unread.update(email.email_id for email in emails if SEEN not in email.keywords)
    return frozenset(unread)


async def delete_and_quit(poll: Poll, client: Pop3Client, entries: Sequence[LedgerEntry]) -> None:
    """Delete letters, say goodbye, and write down what the server answered."""
    if not entries:
        await client.quit()
        return
    poll.tally.stage = Stage.DELETING
    now = poll.clock.now()
    is_new = [entry.state is not LedgerState.DELETION_SENT for entry in entries]
    sent = [
        with_state(entry, LedgerState.DELETION_SENT, now) if is_to_be_written else entry
        for entry, is_to_be_written in zip(entries, is_new, strict=True)
    ]
    await poll.write_entries(compress(sent, is_new))
    numbers = poll.located.numbers
    by_number = {numbers[entry.uidl]: entry for entry in sent}
    answers = await client.delete(by_number)
    answer = await client.quit()
    now = poll.clock.now()
    settled = [
        with_state(entry, LedgerState.MAY_BE_DELETED, now)
        for number, entry in by_number.items()
        if answers.get(number) is not None
    ]
    if answer is QuitAnswer.YES:
        done = [entry for number, entry in by_number.items() if answers.get(number, number) is None]
        settled += (with_state(entry, LedgerState.DELETION_CONFIRMED, now) for entry in done)
        poll.tally.deleted += len(done)
    await poll.write_entries(settled)
