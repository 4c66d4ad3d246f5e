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
from hato.store.api import Store

ROUND_SECONDS: Final = 3600
"""Time from one round to the next."""

_LEASE: Final = "upkeep"
_LEASE_SECONDS: Final = 600
"""Time for one account; renewed before each."""

_COUNTS_KEPT_SECONDS: Final = limits.KNOWN_ADDRESS_SECONDS + 86_400
"""Longer than anybody counts back: failed logins a day, friends' addresses a month."""


async def look_after(store: Store, clock: Clock, owner: str) -> None:
    """Do a round every hour, unless another process is at one; ends only by being cancelled."""
    while True:
        try:
            await do_round(store, clock, owner)
        except HatoError as fault:
            log.warning("upkeep-postponed", reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug must not end the worker that has mail to serve
            log.error("fault", fault=fault, doing="upkeep")
        await asyncio.sleep(ROUND_SECONDS)


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
