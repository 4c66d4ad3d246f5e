"""Deletes from the server what the owner's rule wants gone, and learns whether that was done.

Called by `fetch_round` at the end of a poll.
Never sends DELE for what is not durable here, nor before the ledger says durably that it will;
never takes a deletion for done before QUIT was answered with yes.
Standards: RFC 1939 §5 (DELE), RFC 1939 §6 (the UPDATE state).
Fails as a conversation and as the store do; the next listing settles what was left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Final

from hato.clients.pop3 import Pop3Client, QuitAnswer
from hato.core.errors import HatoError
from hato.core.ids import EmailId, MessageNumber
from hato.services.fetching.policies import due, is_safe_here, must_know_reading
from hato.services.fetching.poll import Poll
from hato.services.fetching.poll_outcome import Stage
from hato.services.fetching.reckoning import Wish, with_state
from hato.services.sources.source import Keeping
from hato.store.model import SEEN, LedgerEntry, LedgerState

_ASKED_AT_ONCE: Final = 1_000


def proven_of(poll: Poll, entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Return those of the entries whose letters there are surely the ones that are safe here."""
    return [entry for entry in entries if not _is_unproven(poll, entry)]


def unproven_of(poll: Poll, entries: Iterable[LedgerEntry]) -> list[Wish]:
    """Return the letters that were known by their headers alone, to be compared whole.

    Those that failed too often stay there.
    """
    numbers, suspicions = poll.located.numbers, poll.book.suspicions
    return [
        Wish(numbers[entry.uidl], entry.uidl, poll.size_of(numbers[entry.uidl]))
        for entry in entries
        if _is_unproven(poll, entry) and not suspicions.is_hopeless(entry.uidl)
    ]


def _is_unproven(poll: Poll, entry: LedgerEntry) -> bool:
    return entry.is_told_by_header or entry.uidl in poll.told_by_header


async def find_due(poll: Poll) -> list[LedgerEntry]:
    """Return the entries of letters that lie there and that the rule wants gone."""
    policy = poll.source.policy
    if policy.keeping is Keeping.KEEP:
        return []
    listed, now = poll.located.numbers, poll.clock.now()
    entries = poll.book.entries
    unread: frozenset[EmailId] = frozenset()
    if must_know_reading(policy):
        unread = await _unread(poll)
    return await asyncio.to_thread(
        lambda: due(policy, (entries[key] for key in listed if key in entries), now, unread)
    )


async def _unread(poll: Poll) -> frozenset[EmailId]:
    """Return which of the letters lie here and were not read yet."""
    asked = await asyncio.to_thread(_safe_emails, poll)
    unread: set[EmailId] = set()
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        emails = await poll.account.emails(asked[start : start + _ASKED_AT_ONCE])
        unread.update(email.email_id for email in emails if SEEN not in email.keywords)
    return frozenset(unread)


def _safe_emails(poll: Poll) -> list[EmailId]:
    """Return which letters lie here wholly, of those that are listed."""
    entries = poll.book.entries
    listed = (entries[key] for key in poll.located.numbers if key in entries)
    return [one.email_id for one in listed if one.email_id is not None and is_safe_here(one)]


async def delete_and_quit(poll: Poll, client: Pop3Client, entries: Sequence[LedgerEntry]) -> None:
    """Delete letters, say goodbye, and write down what the server answered."""
    if not entries:
        await client.quit()
        return
    poll.tally.stage = Stage.DELETING
    sent, new = await asyncio.to_thread(_as_sent, entries, poll.clock.now())
    await poll.write_entries(new)
    numbers = poll.located.numbers
    by_number = {numbers[entry.uidl]: entry for entry in sent}
    answers = await client.delete(by_number)
    answer = await client.quit()
    is_done = answer is QuitAnswer.YES
    settled, deleted = await asyncio.to_thread(
        _as_answered, by_number, answers, poll.clock.now(), is_done=is_done
    )
    poll.tally.deleted += deleted
    await poll.write_entries(settled)


def _as_sent(
    entries: Sequence[LedgerEntry], now: int
) -> tuple[list[LedgerEntry], list[LedgerEntry]]:
    """Return the entries with their deletions sent, and those for which that is new."""
    is_new = [entry.state is not LedgerState.DELETION_SENT for entry in entries]
    sent = [
        with_state(entry, LedgerState.DELETION_SENT, now) if is_to_be_written else entry
        for entry, is_to_be_written in zip(entries, is_new, strict=True)
    ]
    return sent, list(compress(sent, is_new))


def _as_answered(
    by_number: Mapping[MessageNumber, LedgerEntry],
    answers: Mapping[MessageNumber, HatoError | None],
    now: int,
    *,
    is_done: bool,
) -> tuple[list[LedgerEntry], int]:
    """Return what the server's answers made of entries, and how many letters are deleted.

    `is_done`: QUIT was answered with yes. Without that only refusals are sure.
    """
    settled: list[LedgerEntry] = []
    deleted = 0
    for number, entry in by_number.items():
        if answers.get(number) is not None:
            settled.append(with_state(entry, LedgerState.MAY_BE_DELETED, now))
        elif is_done and number in answers:
            settled.append(with_state(entry, LedgerState.DELETION_CONFIRMED, now))
            deleted += 1
    return settled, deleted
