"""What must be done now and then for everybody: purge, give space back, forget old counts.

Called by one of the worker processes, whichever holds the lease.
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
from hato.core.log import log
from hato.store.api import Store

ROUND_SECONDS: Final = 3600
"""Time from one round to the next."""

_LEASE: Final = "upkeep"
_COUNTS_KEPT_SECONDS: Final = limits.KNOWN_ADDRESS_SECONDS + 86_400
"""Longer than anybody counts back: failed logins a day, friends' addresses a month."""


async def look_after(store: Store, clock: Clock, owner: str) -> None:
    """Do a round whenever it is this process's turn; ends only by being cancelled."""
    while True:
        try:
            lease = await store.leases.acquire(_LEASE, owner, clock.now(), ROUND_SECONDS)
            if lease is not None:
                await do_round(store, clock)
        except HatoError as fault:
            log.warning("upkeep-postponed", reason=str(fault))
        await asyncio.sleep(ROUND_SECONDS)


async def do_round(store: Store, clock: Clock) -> None:
    """Purge and compact every account, forget old counts and delivery ids."""
    now = clock.now()
    await store.counters.prune(now - _COUNTS_KEPT_SECONDS)
    for account_id in await store.account_ids():
        try:
            account = await store.account(account_id)
            purged = await account.purge(now)
            won_octets = await account.compact()
        except HatoError as fault:
            log.warning("upkeep-failed", account=account_id, reason=str(fault))
        else:
            if purged or won_octets:
                log.info("upkeep", account=account_id, purged=purged, won_octets=won_octets)
