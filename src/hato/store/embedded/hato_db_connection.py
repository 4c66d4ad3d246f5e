"""How a database file is opened, and what its faults mean.

Called by `store.embedded.hato_db` and its parts.
Never lets an error of the library out: each becomes one of ours.
Standards: none; SQLite's write-ahead log, `synchronous=FULL`.
Fails with UnavailableError, StorageFullError.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

import apsw

from hato.core.errors import HatoError, StorageFullError, UnavailableError
from hato.store.embedded.system import give_to_owner, says_full

WAIT_MILLISECONDS: Final = 5_000
"""How long a thread waits for another process to finish its write."""

_WAL_OCTETS: Final = 1_048_576
"""The log is cut back to this after a checkpoint."""

_PASSING: Final = (apsw.BusyError, apsw.LockedError)


def connect(path: Path) -> apsw.Connection:
    """Open the file for reading and writing, making it for its owner alone if there is none.

    Several processes may do so at the same moment: the time-out is set before the first statement,
    and what is busy nevertheless (SQLite does not always wait to switch to the log) is tried again.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        give_to_owner(str(path))
    deadline = time.monotonic() + WAIT_MILLISECONDS / 1000
    while True:
        connection = apsw.Connection(str(path))
        try:
            connection.set_busy_timeout(WAIT_MILLISECONDS)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("foreign_keys", 1)
            connection.pragma("journal_size_limit", _WAL_OCTETS)
            connection.pragma("trusted_schema", 0)
        except _PASSING:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        else:
            return connection


def connect_reader(path: Path) -> apsw.Connection:
    """Open the file once more, for reading on the event loop: it never waits."""
    connection = connect(path)
    connection.set_busy_timeout(0)
    connection.pragma("query_only", 1)
    return connection


def is_passing(fault: apsw.Error) -> bool:
    """Tell whether waiting in a thread may help."""
    return isinstance(fault, _PASSING)


def translated(fault: apsw.Error | OSError) -> HatoError:
    """Return our word for an error of the library or the system."""
    if isinstance(fault, OSError):
        is_full = says_full(fault)
        return StorageFullError("the disk is full") if is_full else UnavailableError(str(fault))
    if isinstance(fault, apsw.FullError):
        return StorageFullError("the disk is full")
    if isinstance(fault, _PASSING):
        return UnavailableError("the database is busy")
    if isinstance(fault, apsw.CorruptError | apsw.NotADBError):
        return UnavailableError("the database hato.db is damaged: restore it from a backup")
    return UnavailableError(f"the database hato.db cannot be used: {fault}")
