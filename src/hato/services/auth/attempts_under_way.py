"""Logins that are being checked at this moment, counted over all processes.

Called by services.auth.throttle.
Never lets more be checked at once than may still fail: many at the same moment are as few as one
after another.
Standards: none.
Fails with ThrottledError.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from hato.core.errors import ThrottledError
from hato.core.shared_counts import Counts

Left: TypeAlias = Callable[[], Awaitable[int]]
"""How many may still fail, at least one. Raises ThrottledError."""

_LOOK_AGAIN_SECONDS: Final = 0.01
"""Half of what a hash takes: other processes cannot wake those who wait here."""
_MOST_LOOKS: Final = 2_000
"""Whoever waits for longer is told to come again: a worker may have died with its attempts."""
_WAIT_SECONDS: Final = 60


class AttemptsUnderWay:
    """Holds a place for each attempt; whoever finds none waits for those before."""

    def __init__(self, limit: int, counts: Counts | None = None) -> None:
        """Begin; `limit`: the most that may ever fail. Without `counts`, for this process alone."""
        self._limit = limit
        self._counts = counts or Counts()
        self._gates: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def place(self, key: str, left: Left) -> AsyncIterator[None]:
        """Hold a place among as many as are left to fail. Raises ThrottledError."""
        async with self._gate(key):
            await self._enter(f"login-attempt/{key}", left)
            try:
                yield
            finally:
                self._counts.leave(f"login-attempt/{key}")

    async def _enter(self, key: str, left: Left) -> None:
        """Wait until those who came before and the failures counted leave one more.

        Counted in first, asked for the failures then: an attempt that fails meanwhile is seen once
        or twice, never not at all.
        """
        for _ in range(_MOST_LOOKS):
            present, has_place = self._counts.count_in(key), False
            try:
                has_place = present <= await left()
            finally:
                if not has_place:
                    self._counts.leave(key)
            if has_place:
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        raise ThrottledError(_WAIT_SECONDS)

    @asynccontextmanager
    async def _gate(self, key: str) -> AsyncIterator[None]:
        """Let so many of this process look for a place, in the order in which they came.

        Gates without visitors are taken down.
        """
        gate, visitors = self._gates.get(key) or (asyncio.Semaphore(self._limit), 0)
        self._gates[key] = gate, visitors + 1
        try:
            async with gate:
                yield
        finally:
            gate, visitors = self._gates.pop(key)
            if visitors > 1:
                self._gates[key] = gate, visitors - 1
