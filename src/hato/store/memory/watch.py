"""Subscriptions to the committed steps of one account.

Called by `memory.account`, which publishes; iterated by whoever watches.
Never drops a step: a watcher that does not read holds its own queue only.
Standards: none.
Fails never.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from hato.store.changes import Committed


class MemoryWatch:
    """One subscription; iterating ends when it is closed."""

    def __init__(self, forget: Callable[[MemoryWatch], None]) -> None:
        """Begin; `forget` is told when it is closed."""
        self._queue: asyncio.Queue[Committed | None] = asyncio.Queue()
        self._forget = forget
        self._is_closed = False

    def publish(self, committed: Committed) -> None:
        """Hand over a step."""
        self._queue.put_nowait(committed)

    def __aiter__(self) -> AsyncIterator[Committed]:
        """Yield each step."""
        return self

    async def __anext__(self) -> Committed:
        """Wait for the next step."""
        committed = None if self._is_closed else await self._queue.get()
        if committed is None:
            raise StopAsyncIteration
        return committed

    def close(self) -> None:
        """End the subscription; wake whoever waits."""
        if not self._is_closed:
            self._is_closed = True
            self._forget(self)
            self._queue.put_nowait(None)
