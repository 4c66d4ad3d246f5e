"""What must be done now and then for everybody: purge, give space back, forget old counts.

Called by the first worker process; a lease keeps a second server's away.
Never stands in the way of mail: one account after the other, and a fault of one is logged.
Standards: none.
Fails never as a whole; what could not be done is tried again at the next round.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.ids import AccountId
from hato.core.log import log
from hato.services.winning_room import win_room
from hato.store.api import Store

ROUND_SECONDS: Final = 3600
"""Time from one round to the next."""

LOOK_SECONDS: Final = 60
"""Time from one look at the free space to the next; it costs one call of the system."""

REST_SECONDS: Final = 600
"""Time after room was made, or could not be, before more deleted mail is ended for it: what was
removed is free only when every process has closed it."""

_LEASE: Final = "upkeep"
_LEASE_SECONDS: Final = 600
"""Time for one account; renewed before each."""

_COUNTS_KEPT_SECONDS: Final = limits.KNOWN_ADDRESS_SECONDS + 86_400
"""Longer than anybody counts back: failed logins a day, friends' addresses a month."""


async def look_after(store: Store, clock: Clock, owner: str) -> None:
    """Do a round every hour and look every minute whether room is missing.

    Ends only by being cancelled.
    """
    next_round = next_room = clock.monotonic()
    while True:
        try:
            if clock.monotonic() >= next_round:
                next_round = clock.monotonic() + ROUND_SECONDS
                await do_round(store, clock, owner)
            if clock.monotonic() >= next_room and await make_room(store, clock, owner):
                next_room = clock.monotonic() + REST_SECONDS
        except HatoError as fault:
            log.warning("upkeep-postponed", reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug must not end the worker that has mail to serve
            log.error("fault", fault=fault, doing="upkeep")
        await asyncio.sleep(LOOK_SECONDS)


async def make_room(store: Store, clock: Clock, owner: str) -> bool:
    """Let deleted mail make room where it is missing, before its time; False: none is missing.

    False also where another process is at it.
    """
    room = await store.room()
    if not room.missing_octets:
        return False
    lease = await store.leases.acquire(_LEASE, owner, clock.now(), _LEASE_SECONDS)
    if lease is None:
        return False
    try:
        won = await win_room(store, room.missing_octets)
    finally:
        await store.leases.release(lease)
    if won.ended_early or room.free_octets < room.needed_octets:
        log.warning(
            "room-scarce",
            free_octets=room.free_octets,
            needed_octets=room.needed_octets,
            ended_early=won.ended_early,
            won_octets=won.octets,
        )
    return True


async def do_round(store: Store, clock: Clock, owner: str) -> bool:
    """Forget old counts, purge and compact every account; False: somebody else is at it."""
    lease = await store.leases.acquire(_LEASE, owner, clock.now(), _LEASE_SECONDS)
    if lease is None:
        return False
    try:
        await store.counters.prune(clock.now() - _COUNTS_KEPT_SECONDS)
        for account_id in await store.account_ids():
            lease = await store.leases.renew(lease, clock.now(), _LEASE_SECONDS)
            await _look_after_account(store, clock, account_id)
    finally:
        await store.leases.release(lease)
    return True


async def _look_after_account(store: Store, clock: Clock, account_id: AccountId) -> None:
    """Purge and compact one account; a fault of it is logged and does not stop the round."""
    try:
        account = await store.account(account_id)
        purged = await account.purge(clock.now())
        won_octets = await account.compact()
    except HatoError as fault:
        log.warning("upkeep-failed", account=account_id, reason=str(fault))
    except Exception as fault:  # noqa: BLE001 - one account's fault must not stop the others' upkeep
        log.error("fault", fault=fault, account=account_id, doing="upkeep")
    else:
        if purged or won_octets:
            log.info("upkeep", account=account_id, purged=purged, won_octets=won_octets)
