"""A few threads in which passwords are hashed, with a short queue before them.

Called by services.auth.
Never blocks the event loop; never lets the queue grow without bound.
Standards: none.
Fails with UnavailableError when too many wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hato.core.errors import UnavailableError
from hato.core.limits import PASSWORD_HASH_THREADS, PASSWORD_HASHES_WAITING

ResultT = TypeVar("ResultT")


class HashingThreads:
    """Begins its threads at the first use, after any fork."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._pool = ThreadPoolExecutor(PASSWORD_HASH_THREADS, thread_name_prefix="hashing")
        self._waiting = 0

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """Do some work in a thread. Raises UnavailableError."""
        if self._waiting >= PASSWORD_HASHES_WAITING:
            message = "too many password checks are waiting"
            raise UnavailableError(message)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the threads end when they have nothing to do."""
        self._pool.shutdown(wait=False, cancel_futures=True)
