"""Sending as a service of `hato serve`: everybody's letters, when they are due, for ever.

Called by the composition root in one worker.
Never needs a lease: each letter is held by itself, so that two processes, or `hato send` beside
one, never have the same.
Standards: none.
Fails never as a whole: what went wrong is logged and tried again.
"""

from __future__ import annotations

import asyncio

from hato.core import limits
from hato.core.errors import HatoError
from hato.core.log import log
from hato.services.sending.courier import Courier, Held


async def send_for_everybody(courier: Courier) -> None:
    """Send whatever is due; ends only by being cancelled, and lets what is under way end first."""
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            for held in await _take(courier, limits.OUTBOX_AT_ONCE - len(running)):
                running.add(asyncio.create_task(_send(courier, held)))
            if running:
                wait = asyncio.wait(
                    running,
                    timeout=limits.OUTBOX_LOOK_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                _, running = await wait
            else:
                await asyncio.sleep(limits.OUTBOX_LOOK_SECONDS)
    finally:
        if running:
            await asyncio.wait(running, timeout=limits.OUTBOX_FINISH_SECONDS)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _take(courier: Courier, most: int) -> list[Held]:
    """Take letters that are due; none where the store cannot say."""
    try:
        return await courier.take_due(most) if most else []
    except HatoError as fault:
        log.warning("sending-postponed", reason=str(fault))
        return []


async def _send(courier: Courier, held: Held) -> None:
    """Send one letter; where that cannot even be written down, its claim runs out."""
    try:
        await courier.send(held)
    except HatoError as fault:
        log.warning("letter-postponed", queue=held.item.queue_id, reason=str(fault))
    except Exception as fault:  # noqa: BLE001 - a bug must not end the worker that has mail to serve
        log.error("fault", fault=fault, doing="sending")
