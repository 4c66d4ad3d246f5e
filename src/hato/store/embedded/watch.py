"""Subscriptions to an account's steps: those of this process at once, of others within a second.

Called by `account`; iterated by whoever watches.
Never tells a step twice or out of order. A step of another process that a compaction took away
before it was read is passed over: the numbers of what follows show the gap.
Standards: none.
Fails with UnavailableError when the journal cannot be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from hato.core.ids import ModSeq
from hato.store.changes import Committed

POLL_SECONDS = 1.0

Look = Callable[[], Awaitable[list[Committed]]]
"""Reads from the journal the steps since the last look."""


class EmbeddedWatch:
    """One subscription; iterating ends when it is closed."""

    def __init__(self, since: ModSeq, look: Look, forget: Callable[[EmbeddedWatch], None]) -> None:
        """Begin after step `since`."""
        self._told = since
        self._look = look
        self._forget = forget
        self._ready: dict[int, Committed] = {}
        self._news = asyncio.Event()
        self._is_closed = False

    def publish(self, committed: Committed) -> None:
        """Hand over a step of this process."""
        if committed.modseq > self._told:
            self._ready[committed.modseq] = committed
            self._news.set()

    def __aiter__(self) -> AsyncIterator[Committed]:
        """Yield each step."""
        return self

    async def __anext__(self) -> Committed:
        """Wait for the next step."""
        while not self._is_closed:
            following = self._ready.pop(self._told + 1, None)
            if following is not None:
                self._told = following.modseq
                return following
            # Steps of others are read when ours leave a gap, and once a second.
            if not self._ready:
                await self._wait()
            if self._told + 1 not in self._ready:
                await self._look_around()
        raise StopAsyncIteration

    async def _look_around(self) -> None:
        if self._is_closed:
            return
        for committed in await self._look():
            if committed.modseq > self._told:
                self._ready[committed.modseq] = committed
        if self._ready:
            self._told = ModSeq(max(self._told, min(self._ready) - 1))

    async def _wait(self) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """End the subscription; wake whoever waits."""
        if not self._is_closed:
            self._is_closed = True
            self._forget(self)
            self._news.set()
