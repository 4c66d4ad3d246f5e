"""Exclusive locks of an account, across processes, by the system's own file locks.

Called by `account`, by `compaction` (one upkeep at a time) and by `store` (removes accounts).
Never stays with a dead process; never blocks the loop.
Standards: flock; RFC 1939 §4 asks POP3 servers for such a lock.
Fails with InUseError, NotFoundError, StorageFullError, UnavailableError.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import struct
import time
from functools import lru_cache
from typing import Final

from hato.core.errors import InUseError, NotFoundError
from hato.store.embedded.system import OpenFile, fault_of, open_or_make, says_full

_FENCE: Final = struct.Struct("<Q")
_FIRST_WAIT_SECONDS: Final = 0.002
_LONGEST_WAIT_SECONDS: Final = 0.1
PREFIX: Final = "lock-"


class EmbeddedLock:
    """A lock that is held."""

    def __init__(self, file: OpenFile, fence: int) -> None:
        """Hold it as number `fence`."""
        self.fence = fence
        self._file: OpenFile | None = file

    def is_valid(self) -> bool:
        """Tell whether it is still held; from any thread, even while it is given back."""
        file = self._file
        return file is not None and _read_fence(file) == self.fence

    async def release(self) -> None:
        """Give it back; harmless twice."""
        self.let_go()

    def let_go(self) -> None:
        """Do the same for who does not await: it never blocks."""
        file, self._file = self._file, None
        if file is not None:
            fcntl.flock(file.fd, fcntl.LOCK_UN)


def lock_path(folder: str, name: str) -> str:
    """Return the file of a lock; any name will do."""
    return f"{folder}/{PREFIX}{_file_name(name)}"


@lru_cache(maxsize=64)
def _file_name(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:32]


def lock_taken_at(folder: str, name: str) -> int | None:
    """Return when a lock was last taken, which wrote its number; None: never."""
    with contextlib.suppress(FileNotFoundError):
        return int(os.stat(lock_path(folder, name)).st_mtime)
    return None


async def take_lock(folder: str, name: str, wait_seconds: float) -> EmbeddedLock:
    """Take a lock, at the latest after `wait_seconds`."""
    path = lock_path(folder, name)
    deadline = time.monotonic() + wait_seconds
    pause = _FIRST_WAIT_SECONDS
    while True:
        lock = try_lock(path)
        if lock is not None:
            return lock
        left = deadline - time.monotonic()
        if left <= 0:
            raise InUseError(f"{name} is held by somebody else")
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_WAIT_SECONDS)


def try_lock(path: str) -> EmbeddedLock | None:
    """Take a lock if it is free. Raises NotFoundError when the account's folder is gone."""
    try:
        file = open_or_make(path)
        fcntl.flock(file.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fence = _next_fence(file)
    except BlockingIOError:
        return None
    except FileNotFoundError:
        raise NotFoundError("the account is not there") from None
    except OSError as fault:
        raise fault_of(fault, "taking a lock") from fault
    return EmbeddedLock(file, fence)


def _next_fence(file: OpenFile) -> int:
    fence = _read_fence(file) + 1
    try:
        os.pwrite(file.fd, _FENCE.pack(fence), 0)
    except OSError as fault:
        if not says_full(fault):
            raise
        # On a full disk people must be able to delete: who held the number before is gone.
        return fence - 1
    return fence


def _read_fence(file: OpenFile) -> int:
    with contextlib.suppress(OSError, struct.error):
        return int(_FENCE.unpack(os.pread(file.fd, _FENCE.size, 0))[0])
    return 0
