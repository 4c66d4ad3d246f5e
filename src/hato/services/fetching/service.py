"""The fetching service of `hato serve`: in exactly one process, for ever.

Called by the composition root in one worker.
Never fetches without the lease; who loses it breaks off, and what was fetched is safe.
Standards: none.
Fails never as a whole: what went wrong is logged and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.log import log
from hato.services.fetching.fetcher import Fetcher, Told
from hato.store.directory import Lease, Leases

_LEASE = "fetching"
_RENEWAL_SECONDS = limits.FETCH_LEASE_SECONDS / 3


async def fetch_for_everybody(
    make: Callable[[], Fetcher], leases: Leases, clock: Clock, owner: str
) -> None:
    """Fetch wherever no other process does; ends only by being cancelled.

    `owner`: a process that comes in the place of a dead one has the same, and need not wait until
    its lease ends. `make` makes a fetcher that knows nothing yet: after a lease was lost, all is
    looked at anew.
    """
    while True:
        try:
            lease = await leases.acquire(_LEASE, owner, clock.now(), limits.FETCH_LEASE_SECONDS)
            if lease is None:  # whoever has it gives it back when a worker comes in its place
                await asyncio.sleep(limits.FETCH_LOOK_SECONDS)
                continue
            await _fetch_with(lease, make(), leases, clock)
        except HatoError as fault:
            log.warning("fetching-postponed", reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug must not end the worker that has mail to serve
            log.error("fault", fault=fault, doing="fetching")
        await asyncio.sleep(_RENEWAL_SECONDS)


async def _fetch_with(lease: Lease, fetcher: Fetcher, leases: Leases, clock: Clock) -> None:
    """Fetch as long as the lease can be held. Raises what ended it."""
    work = asyncio.create_task(_fetch(fetcher))
    hold = asyncio.create_task(_hold(lease, leases, clock))
    try:
        await asyncio.wait((work, hold), return_when=asyncio.FIRST_COMPLETED)
    finally:
        work.cancel()
        hold.cancel()
        outcomes = await asyncio.gather(work, hold, return_exceptions=True)
        with contextlib.suppress(HatoError):  # it runs out by itself; being cancelled goes first
            await leases.release(lease)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _hold(lease: Lease, leases: Leases, clock: Clock) -> None:
    """Renew the lease again and again. Raises ConflictError when it was lost."""
    while True:
        await asyncio.sleep(_RENEWAL_SECONDS)
        lease = await leases.renew(lease, clock.now(), limits.FETCH_LEASE_SECONDS)


async def _fetch(fetcher: Fetcher) -> None:
    """Fetch, and let the log know what an operator may want to know."""
    async with contextlib.aclosing(fetcher.reports()) as reports:
        async for told in reports:
            _note(told)


def _note(told: Told) -> None:
    """Log a poll: one that brought something always, the others for who looks for a fault."""
    entry, report = told
    outcome = report.outcome
    fields = {
        "source": entry.source.source_id,
        "account": entry.account.account_id,
        "new": outcome.new,
        "again": outcome.again,
        "failed": outcome.failed,
        "deleted": outcome.deleted,
        "error": str(outcome.error or ""),
    }
    if outcome.new or outcome.deleted or outcome.failed or outcome.renumbered:
        log.info("fetched", **fields)
    else:
        log.debug("fetched", **fields)
