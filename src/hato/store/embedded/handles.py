"""Open files and databases, so many and no more: two thousand people must not mean as many handles.

Called by `body_reader` (segments), `account` (indexes, writers), `committer` (writers), `shared`.
Never closes what somebody still uses: the last one who refers to it closes it.
Standards: none.
Fails with OSError and apsw.Error when something cannot be opened.
"""

from __future__ import annotations

import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import apsw

from hato.core.ids import AccountId
from hato.store.embedded.account_writer import AccountWriter
from hato.store.embedded.replay import INDEX
from hato.store.embedded.schema import open_index
from hato.store.embedded.segments import open_to_read
from hato.store.embedded.system import OpenFile, is_removed

_LEAST: Final = 16
_MOST_SEGMENTS: Final = 512
_MOST_INDEXES: Final = 256
_MOST_WRITERS: Final = 256

_Key = TypeVar("_Key")
_Handle = TypeVar("_Handle")


def share_of_descriptors(divisor: int, most: int) -> int:
    """Return how many handles fit into a part of the descriptors that this process may have."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return max(_LEAST, min(most, soft // divisor))


class _Recent(Generic[_Key, _Handle]):
    """The handles used last. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._handles: OrderedDict[_Key, _Handle] = OrderedDict()

    def get(self, key: _Key) -> _Handle | None:
        """Return a handle that is open."""
        with self._lock:
            handle = self._handles.get(key)
            if handle is not None:
                self._handles.move_to_end(key)
            return handle

    def put(self, key: _Key, handle: _Handle) -> list[_Handle]:
        """Keep a handle; return those that are dropped for it."""
        with self._lock:
            self._handles[key] = handle
            dropped = []
            while len(self._handles) > self._most:
                dropped.append(self._handles.popitem(last=False)[1])
            return dropped

    def drop(self, chosen: Callable[[_Key], bool]) -> list[_Handle]:
        """Drop the handles whose key is chosen and return them."""
        with self._lock:
            keys = [key for key in self._handles if chosen(key)]
            return [self._handles.pop(key) for key in keys]


class SegmentFiles:
    """Segments open for reading. The one opened longest ago is closed for a new one.

    Looking one up is part of reading each message: a plain dictionary needs no lock.
    """

    def __init__(self) -> None:
        """Open nothing yet."""
        self._most = share_of_descriptors(8, _MOST_SEGMENTS)
        self._lock = threading.Lock()
        self._files: dict[tuple[str, int], OpenFile] = {}

    def get(self, folder: str, number: int) -> OpenFile:
        """Return a segment, opened if need be. Raises FileNotFoundError."""
        file = self._files.get((folder, number))
        if file is None:
            file = open_to_read(folder, number)
            with self._lock:
                self._files[folder, number] = file
                while len(self._files) > self._most:
                    del self._files[next(iter(self._files))]
        return file

    def forget_removed(self) -> int:
        """Close what has no name any more: only then the system gives the space back. May block.

        Return how many were closed.
        """
        with self._lock:
            removed = [key for key, file in self._files.items() if is_removed(file)]
            files = [self._files.pop(key) for key in removed]
        files.clear()  # closing may take as long as giving back does: not under the lock
        return len(removed)

    def forget(self, folder: str) -> None:
        """Close all segments of an account."""
        with self._lock:
            for key in [key for key in self._files if key[0] == folder]:
                del self._files[key]


class Indexes:
    """Indexes open for reading, used in the loop only: none waits for another process."""

    def __init__(self) -> None:
        """Open nothing yet."""
        most = share_of_descriptors(16, _MOST_INDEXES)
        self._recent: _Recent[str, tuple[int, apsw.Connection]] = _Recent(most)

    def get(self, folder: str) -> apsw.Connection:
        """Return a connection to the index that is there now.

        Raises FileNotFoundError when there is none.
        """
        path = f"{folder}/{INDEX}"
        inode = os.stat(path).st_ino
        found = self._recent.get(folder)
        if found is not None and found[0] == inode:
            return found[1]
        connection = open_index(path, may_wait=False)
        self._recent.put(folder, (inode, connection))
        return connection

    def forget(self, folder: str | None = None) -> None:
        """Close one account's index, or all."""
        for _inode, connection in self._recent.drop(lambda key: folder in {None, key}):
            connection.close()


class Writers:
    """Writers whose index and journal stay open."""

    def __init__(self, make: Callable[[AccountId], AccountWriter]) -> None:
        """Make writers by `make`."""
        self._make = make
        self._lock = threading.Lock()
        self._most = share_of_descriptors(16, _MOST_WRITERS)
        self._writers: OrderedDict[AccountId, AccountWriter] = OrderedDict()

    def get(self, account_id: AccountId) -> AccountWriter:
        """Return the one writer of an account in this process."""
        with self._lock:
            writer = self._writers.get(account_id)
            if writer is None:
                writer = self._writers[account_id] = self._make(account_id)
                self._trim()
            self._writers.move_to_end(account_id)
            return writer

    def is_behind(self, account_id: AccountId) -> bool:
        """Tell whether the index of an account lacks what this process acknowledged."""
        writer = self._writers.get(account_id)
        return writer is not None and writer.is_behind

    def forget_removed(self) -> int:
        """Close segments that others removed, of writers that nobody uses now; return how many."""
        with self._lock:
            writers = list(self._writers.values())
        closed = 0
        for writer in writers:
            if writer.gate.try_turn():
                try:
                    closed += writer.journal.close_if_removed()
                finally:
                    writer.gate.end_turn()
        return closed

    def _trim(self) -> None:
        """Close some that nobody uses."""
        excess = max(len(self._writers) - self._most, 0)
        for account_id, writer in list(self._writers.items())[:excess]:
            if writer.is_pinned or not writer.gate.try_turn():
                continue
            del self._writers[account_id]
            writer.close()
            writer.gate.end_turn()

    def forget(self, account_id: AccountId) -> None:
        """Close one writer as soon as nobody uses it; blocks so long."""
        with self._lock:
            writer = self._writers.pop(account_id, None)
        if writer is not None:
            writer.gate.take_turn()
            try:
                writer.close()
            finally:
                writer.gate.end_turn()

    def close(self) -> None:
        """Close all; nobody may be using them."""
        with self._lock:
            while self._writers:
                self._writers.popitem()[1].close()
