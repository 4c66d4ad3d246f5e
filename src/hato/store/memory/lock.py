"""Exclusive locks of one account.

Called by `memory.account`.
Never outlives its holder: a store in memory dies with its one process.
Standards: none.
Fails with InUseError when a lock is not free in time.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from hato.core.errors import InUseError


class MemoryLock:
    """A lock that is held."""

    def __init__(self, locks: MemoryLocks, name: str, fence: int) -> None:
        """Be the holder number `fence` of `name`."""
        self.name = name
        self.fence = fence
        self._locks = locks

    async def release(self) -> None:
        """Give it back; harmless twice."""
        self._locks.release(self)


class MemoryLocks:
    """Who holds what, and who waits for it, first come first served."""

    def __init__(self) -> None:
        """Begin with all free."""
        self._holders: dict[str, MemoryLock] = {}
        self._fences: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[MemoryLock]]] = {}
        self.taken_at: dict[str, int] = {}
        """When each was last taken: seconds since 1970 UTC."""

    async def take(self, name: str, wait_seconds: float) -> MemoryLock:
        """Take a lock, at the latest after `wait_seconds`."""
        if name not in self._holders:
            return self._hold(name)
        turn: asyncio.Future[MemoryLock] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(name, deque())
        queue.append(turn)
        try:
            async with asyncio.timeout(wait_seconds):
                return await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():
                self.release(turn.result())
            if isinstance(error, TimeoutError):
                raise InUseError(f"{name} is held by somebody else") from None
            raise
        finally:
            queue.remove(turn)

    def _hold(self, name: str) -> MemoryLock:
        self._fences[name] = self._fences.get(name, 0) + 1
        self.taken_at[name] = int(time.time())
        lock = self._holders[name] = MemoryLock(self, name, self._fences[name])
        return lock

    def release(self, lock: MemoryLock) -> None:
        """Free a lock if it is still held, and hand it to the next who waits."""
        if not self.is_held(lock):
            return
        del self._holders[lock.name]
        for turn in self._waiting.get(lock.name, ()):
            if not turn.done():
                turn.set_result(self._hold(lock.name))
                break

    def is_held(self, lock: object) -> bool:
        """Tell whether a lock is one of these and still held."""
        return isinstance(lock, MemoryLock) and self._holders.get(lock.name) is lock

    def is_any_held(self) -> bool:
        """Tell whether anybody holds anything."""
        return bool(self._holders)
