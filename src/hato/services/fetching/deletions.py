"""Deletes from the server what the owner's rule wants gone, and learns whether that was done.

Called by `fetch_round` at the end of a poll.
Never sends DELE for what is not durable here, for what this session did not show to be that letter,
or before the ledger says durably that it will; takes no deletion for done before QUIT's yes.
Standards: RFC 1939 §5 (DELE), RFC 1939 §6 (the UPDATE state).
Fails as a conversation and as the store do; the next listing settles what was left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import Final

from hato.clients.pop3 import Pop3Client, QuitAnswer
from hato.core.ids import EmailId, MessageNumber
from hato.services.fetching.due_letters import DueLetters, Proof
from hato.services.fetching.policies import SAFE, due, is_safe_here, must_know_reading
from hato.services.fetching.poll import Poll
from hato.services.fetching.poll_outcome import Stage
from hato.services.fetching.reckoning import Wish, with_state
from hato.services.sources.source import Keeping
from hato.store.model import SEEN, LedgerEntry, LedgerState

_AT_ONCE: Final = 1_000
"""Letters: some milliseconds for the ledger, and one answer to wait for."""


async def find_due(poll: Poll) -> DueLetters:
    """Find the letters that lie there and that the rule wants gone. Raises as the store."""
    names, policy = poll.located.numbers, poll.source.policy
    found = DueLetters(names)
    if policy.keeping is Keeping.KEEP or not any(map(poll.book.index.count, SAFE)):
        return found
    now = poll.clock.now()
    async for page in poll.pages():
        here = await asyncio.to_thread(_safe_and_listed, page, names)
        unread = await _unread(poll, here) if must_know_reading(policy) else frozenset()
        for entry in due(policy, here, now, unread):
            found.put(entry.uidl, _proof_of(poll, entry))
    return found


def _proof_of(poll: Poll, entry: LedgerEntry) -> Proof:
    """Return how sure it is that a letter that is listed is the one of an entry."""
    if poll.is_shown(poll.located.numbers[entry.uidl]):
        return Proof.SURE
    if entry.is_told_by_header or entry.uidl in poll.told_by_header:
        return Proof.DOUBTFUL
    return Proof.BY_NAME


def _safe_and_listed(page: list[LedgerEntry], names: Container[bytes]) -> list[LedgerEntry]:
    return [entry for entry in page if is_safe_here(entry) and entry.uidl in names]


async def _unread(poll: Poll, entries: list[LedgerEntry]) -> frozenset[EmailId]:
    """Return which of the letters lie here and were not read yet."""
    asked = [entry.email_id for entry in entries if entry.email_id is not None]
    emails = await poll.account.emails(asked)
    return frozenset(email.email_id for email in emails if SEEN not in email.keywords)


def doubtful_parts(poll: Poll, found: DueLetters) -> Iterator[list[Wish]]:
    """Yield the letters that may be others than those that are safe here, to be compared whole.

    Those that failed too often stay there.
    """
    letters = (
        Wish(number, name, poll.size_of(number))
        for name, number in found.letters(Proof.DOUBTFUL)
        if not poll.book.suspicions.is_hopeless(name)
    )
    while part := list(islice(letters, _AT_ONCE)):
        yield part


async def delete_and_quit(poll: Poll, client: Pop3Client, found: DueLetters) -> None:
    """Delete letters, say goodbye, and write down what the server answered."""
    if not found.has(Proof.SURE):
        await client.quit()
        return
    poll.tally.stage = Stage.DELETING
    refused: set[MessageNumber] = set()
    for part in _parts(found):
        entries = await poll.entries_of(part)
        await poll.write_entries(_as_sent(entries.values(), poll.clock.now()))
        answers = await client.delete(part[name] for name in entries)
        refused.update(number for number, fault in answers.items() if fault is not None)
    is_done = await client.quit() is QuitAnswer.YES
    for part in _parts(found):
        entries = await poll.entries_of(part)
        refused_names = {name for name in entries if part[name] in refused}
        settled = _as_answered(entries.values(), refused_names, poll.clock.now(), is_done=is_done)
        poll.tally.deleted += sum(one.state is LedgerState.DELETION_CONFIRMED for one in settled)
        await poll.write_entries(settled)


def _parts(found: DueLetters) -> Iterator[dict[bytes, MessageNumber]]:
    """Yield numbers by name, so many at once."""
    letters = found.letters(Proof.SURE)
    while part := dict(islice(letters, _AT_ONCE)):
        yield part


def _as_sent(entries: Iterable[LedgerEntry], now: int) -> list[LedgerEntry]:
    """Return the entries with their deletions sent, where that is new."""
    return [
        with_state(entry, LedgerState.DELETION_SENT, now)
        for entry in entries
        if entry.state is not LedgerState.DELETION_SENT
    ]


def _as_answered(
    entries: Iterable[LedgerEntry], refused: Container[bytes], now: int, *, is_done: bool
) -> list[LedgerEntry]:
    """Return what the server's answers made of entries.

    `refused`: DELE was answered with no. `is_done`: QUIT was answered with yes; without that only
    refusals are sure.
    """
    settled: list[LedgerEntry] = []
    for entry in entries:
        if entry.uidl in refused:
            settled.append(with_state(entry, LedgerState.MAY_BE_DELETED, now))
        elif is_done:
            settled.append(with_state(entry, LedgerState.DELETION_CONFIRMED, now))
    return settled
