"""The one thread that writes to `hato.db`; what waits is committed together.

Called by the parts of `store.embedded.hato_db`.
Never blocks the event loop; never acknowledges what is not on disk.
Standards: none.
Fails with what a piece of work raises, UnavailableError, StorageFullError.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeAlias, TypeVar

import apsw

from hato.core.errors import HatoError, UnavailableError
from hato.core.log import log
from hato.store.embedded.hato_db_connection import translated

ResultT = TypeVar("ResultT")

Work: TypeAlias = Callable[[apsw.Connection], ResultT]
"""Reads and writes within the transaction; a HatoError undoes only this piece of work."""

_GROUP: Final = 64
"""Pieces of work in one transaction at most, so that none waits long behind others."""

_Job: TypeAlias = tuple[Work[Any], "Future[Any]"]


class Writer:
    """Takes pieces of work from any thread; its own thread begins with the first."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Own a connection."""
        self._connection = connection
        self._jobs: deque[_Job] = deque()
        self._wanted = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    async def run(self, work: Work[ResultT]) -> ResultT:
        """Do some work durably and return its result."""
        future: Future[ResultT] = Future()
        with self._wanted:
            if self._is_closed:
                message = "the database is closed"
                raise UnavailableError(message)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="hato.db", daemon=True)
                self._thread.start()
            self._jobs.append((work, future))
            self._wanted.notify()
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what was begun, end the thread, close the connection; harmless twice."""
        with self._wanted:
            self._is_closed = True
            self._wanted.notify()
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        """Commit groups until closed."""
        while True:
            with self._wanted:
                while not self._jobs and not self._is_closed:
                    self._wanted.wait()
                jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), _GROUP))]
            if not jobs:
                return
            self._commit([job for job in jobs if job[1].set_running_or_notify_cancel()])

    def _commit(self, jobs: list[_Job]) -> None:
        """Do a group in one transaction, and tell each caller how it ended."""
        outcomes: list[object] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes += [self._do(work) for work, _ in jobs]
            self._connection.execute("COMMIT")
        except apsw.Error as fault:
            outcomes = [translated(fault)] * len(jobs)
            self._roll_back()
        except Exception as fault:  # noqa: BLE001 - the callers get it; the thread must live on
            outcomes = [fault] * len(jobs)
            self._roll_back()
        for (_, future), outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _do(self, work: Work[object]) -> object:
        """Do one piece; what it refuses by itself is undone alone and returned."""
        self._connection.execute("SAVEPOINT piece")
        try:
            result = work(self._connection)
        except (HatoError, apsw.ConstraintError) as fault:
            self._connection.execute("ROLLBACK TO piece")
            result = fault if isinstance(fault, HatoError) else translated(fault)
        self._connection.execute("RELEASE piece")
        return result

    def _roll_back(self) -> None:
        """Undo the transaction, unless SQLite has done so already."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error as fault:
            log.error("rollback-failed", fault=fault)
