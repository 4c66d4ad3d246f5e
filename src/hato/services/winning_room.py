"""Room on a full disk: deleted mail is ended before its time, the longest deleted first.

Called by `upkeep` while room is missing, and by `hato compact`.
Never touches mail that nobody deleted, nor more deleted mail than the missing room asks for.
Standards: none.
Fails with the errors of `Store.account_ids`; a fault of one account is logged, the others go on.

How much ending a message wins is known only after compaction: the rest of its segment may live.
So it goes by steps, each twice as large as the last, until enough was given back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from hato.core.errors import DamagedError, HatoError, StorageFullError
from hato.core.ids import AccountId, EmailId
from hato.core.log import log
from hato.store.api import Store
from hato.store.changes import Purge, Purged


class Won(msgspec.Struct):
    """What came of it."""

    octets: int = 0
    """Given back to the system."""
    past_their_time: int = 0
    """Messages and uploads that were due."""
    ended_early: int = 0
    """Messages that could have been brought back."""
    too_full: set[AccountId] = msgspec.field(default_factory=set)
    """Accounts that the disk has too little room to compact."""
    failed: set[AccountId] = msgspec.field(default_factory=set)
    """Accounts whose fault was logged."""


class _Deleted(NamedTuple):
    """A message that can be brought back; they sort by the end of their time."""

    held_until: int
    account_id: AccountId
    email_id: EmailId
    size_octets: int


async def compact_all(store: Store, now: int, *, purge_deleted: bool = False) -> Won:
    """Purge what is due and compact everything; win the room that is missing.

    `purge_deleted`: end all deleted mail, whether room is missing or not.
    """
    missing_octets = (await store.room()).missing_octets
    account_ids = await store.account_ids()
    won = Won()
    for account_id in account_ids:
        try:
            won.past_their_time += await (await store.account(account_id)).purge(now)
        except HatoError as fault:
            _note(won, account_id, fault)
    await _compact(store, account_ids, won)
    if purge_deleted:
        await _win(store, None, won)
    elif missing_octets:
        await _win(store, missing_octets, won)
    else:
        await _tidy_searches(store, account_ids, won)
    return won


async def _tidy_searches(store: Store, account_ids: Collection[AccountId], won: Won) -> None:
    """Put search indexes together, which takes room before it gives some back."""
    for account_id in account_ids:
        try:
            await (await store.account(account_id)).search.tidy()
        except (DamagedError, StorageFullError):  # there is none, or not now: searching goes on
            continue
        except HatoError as fault:
            _note(won, account_id, fault)


async def win_room(store: Store, octets: int) -> Won:
    """End deleted messages, the longest deleted first, until so many octets were given back."""
    won = Won()
    await _win(store, octets, won)
    return won


async def _win(store: Store, octets: int | None, won: Won) -> None:
    """Add to `won` until it is enough; None: end all."""
    is_enough = octets is not None and won.octets >= octets
    deleted = [] if is_enough else await _find_deleted(store, won)
    step_octets = 0 if octets is None else octets - won.octets
    while deleted and (octets is None or won.octets < octets):
        ended: dict[AccountId, list[EmailId]] = {}
        size_octets = 0
        while deleted and (octets is None or size_octets < step_octets):
            one = deleted.pop()
            ended.setdefault(one.account_id, []).append(one.email_id)
            size_octets += one.size_octets
        for account_id, email_ids in ended.items():
            won.ended_early += await _end(store, account_id, email_ids, won)
        await _compact(store, won.too_full | ended.keys(), won)
        step_octets *= 2


async def _find_deleted(store: Store, won: Won) -> list[_Deleted]:
    """Return what can still be brought back; what was deleted first is last."""
    found: list[_Deleted] = []
    for account_id in await store.account_ids():
        try:
            held = await (await store.account(account_id)).held()
        except HatoError as fault:
            _note(won, account_id, fault)
            continue
        found += [
            _Deleted(one.held_until, account_id, one.email_id, one.body.size_octets) for one in held
        ]
    found.sort(reverse=True)
    return found


async def _end(store: Store, account_id: AccountId, email_ids: list[EmailId], won: Won) -> int:
    """End deleted messages of one account; return how many."""
    try:
        account = await store.account(account_id)
        committed = await account.commit([Purge(tuple(email_ids))])
    except HatoError as fault:
        _note(won, account_id, fault)
        return 0
    return sum(len(fact.email_ids) for fact in committed.facts if isinstance(fact, Purged))


async def _compact(store: Store, account_ids: Collection[AccountId], won: Won) -> None:
    """Compact accounts; those for which room is lacking again, as long as others give some back."""
    left = set(account_ids)
    while left:
        before, too_full = won.octets, set[AccountId]()
        for account_id in sorted(left):
            try:
                won.octets += await (await store.account(account_id)).compact()
            except StorageFullError:
                too_full.add(account_id)
            except HatoError as fault:
                _note(won, account_id, fault)
        won.too_full = (won.too_full - left) | too_full
        left = too_full if won.octets > before else set()


def _note(won: Won, account_id: AccountId, fault: HatoError) -> None:
    """Log a fault of one account, which must not stop the others' upkeep."""
    won.failed.add(account_id)
    log.warning("upkeep-failed", account=account_id, reason=str(fault))
