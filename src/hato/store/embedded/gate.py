"""The account's gate: who holds it is the only one, of all processes, who writes.

Called by `account_writer`, which owns it, `committer`, `account`, `verify`; by `store` to remove.
Never stays with a dead process: the system lets go of it.
Standards: flock, by descriptor, so that threads and stores of one process exclude each other too.
Fails with OSError; FileNotFoundError says that the account's folder is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Iterator

from hato.store.embedded.system import OpenFile, open_or_make


class Gate:
    """One process's handle of an account's gate."""

    def __init__(self, folder: str) -> None:
        """Know where it is."""
        self._path = f"{folder}/gate"
        self._turn = threading.Lock()
        self._file: OpenFile | None = None

    def try_take(self) -> bool:
        """Take it if it is free now."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            fcntl.flock(self._open().fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._turn.release()
            return False
        except BaseException:
            self._turn.release()
            raise
        return True

    def take(self) -> None:
        """Wait until it is free, and take it."""
        self._turn.acquire()
        try:
            fcntl.flock(self._open().fd, fcntl.LOCK_EX)
        except BaseException:
            self._turn.release()
            raise

    def release(self) -> None:
        """Give it back."""
        try:
            if self._file is not None:
                fcntl.flock(self._file.fd, fcntl.LOCK_UN)
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Wait until it is free; hold it for a block."""
        self.take()
        try:
            yield
        finally:
            self.release()

    @contextlib.contextmanager
    def held_if_free(self) -> Iterator[bool]:
        """Hold it for a block if it is free now; give the block whether it is held."""
        is_held = self.try_take()
        try:
            yield is_held
        finally:
            if is_held:
                self.release()

    def try_turn(self) -> bool:
        """Keep the threads of this process out, if none is in; other processes do not notice."""
        return self._turn.acquire(blocking=False)

    def take_turn(self) -> None:
        """Wait until no thread of this process is in, then keep them out."""
        self._turn.acquire()

    def end_turn(self) -> None:
        """Let the threads of this process in again."""
        self._turn.release()

    def _open(self) -> OpenFile:
        if self._file is None:
            self._file = open_or_make(self._path)
        return self._file
