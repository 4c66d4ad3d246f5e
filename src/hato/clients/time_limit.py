"""How long a step of a conversation may take as a whole, whatever trickles in.

Called by the clients of every protocol.
Never looks at what arrives; limits for each read are the connection's own.
Standards: none; RFC 5321 §4.5.3.2 and RFC 1939 §3 have the seconds.
Fails with ConnectionLostError when time is up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hato.net.dial_errors import ConnectionLostError, Loss


@contextlib.asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Let something take so long at most."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ConnectionLostError(Loss.TOO_SLOW) from None
