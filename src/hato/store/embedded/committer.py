"""The thread that commits: all waiting accounts in small groups, one sync for each account.

Called by `store` (starts, stops) and `account` (asks).
Never blocks on an account that somebody else writes to: a thread of its own waits for that gate.
Standards: none.
Fails with the errors of `core.errors`, each told to the one who asked.

A group's accounts are written one after the other and synced at the same time: the file system
then commits once for several (measured: 450 syncs a second in a row, 7 000 by eight threads).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import apsw

from hato.core.errors import HatoError, NotFoundError, UnavailableError
from hato.core.ids import AccountId
from hato.core.log import log
from hato.store.changes import Committed
from hato.store.embedded.account_writer import AccountWriter, Request
from hato.store.embedded.faults import SPOILED, domain_error, is_full
from hato.store.embedded.space import Space

_GROUP_ACCOUNTS: Final = 16
_SYNCS_AT_ONCE: Final = 8
_GROUPS_AT_ONCE: Final = 2
"""While one group waits for the disk, another is prepared; more only fight for the interpreter."""
_CLOSING_SECONDS: Final = 30.0
_ACCOUNT_REQUESTS: Final = 64
"""Commits of one account that share a sync; more would make others wait."""
_BULK_OCTETS: Final = 1_048_576
"""Above it a commit goes to the second thread, so that small ones need not wait for it."""

Publish = Callable[[AccountId, Committed], None]


@dataclass(slots=True)
class Waiting:
    """A request, and who waits for its outcome."""

    request: Request
    octets: int
    """Of messages and uploads that it brings."""
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Committed]
    outcome: Committed | Exception | None = None


@dataclass(slots=True)
class Queue:
    """What waits for one account. The committer's lock guards `waiting`, the lane owns the rest."""

    account_id: AccountId
    writer: AccountWriter | None = None
    waiting: deque[Waiting] = field(default_factory=deque)
    waiting_octets: int = 0
    is_queued: bool = False
    batch: list[Waiting] = field(default_factory=list)

    def put(self, waiting: Waiting) -> None:
        """Let a request wait."""
        self.waiting.append(waiting)
        self.waiting_octets += waiting.octets

    def take(self, most: int) -> list[Waiting]:
        """Return those that waited longest; they wait no more."""
        taken = [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
        self.waiting_octets -= sum(waiting.octets for waiting in taken)
        return taken


class Committer:
    """Takes requests from the loop, commits them in a thread, tells the loop."""

    def __init__(
        self,
        writer_of: Callable[[AccountId], AccountWriter],
        publish: Publish,
        space: Space,
    ) -> None:
        """Start nothing yet."""
        self._writer_of = writer_of
        self._publish = publish
        self._space = space
        self._idle = threading.Condition()
        self._queues: dict[AccountId, Queue] = {}
        self._is_closed = False
        self._syncing = ThreadPoolExecutor(_GROUPS_AT_ONCE * (_SYNCS_AT_ONCE - 1), "hato-sync")
        self._small = _Lane("hato-commit", self._commit_group, _GROUP_ACCOUNTS, _GROUPS_AT_ONCE)
        self._bulk = _Lane("hato-commit-bulk", self._commit_group, 1, 1)

    def submit(self, account_id: AccountId, request: Request) -> asyncio.Future[Committed]:
        """Ask for a commit; called in the loop. Raises UnavailableError after `close`."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(request, request.adding_octets(), loop, loop.create_future())
        with self._idle:
            if self._is_closed:
                raise UnavailableError("the store was closed")
            queue = self._queues.get(account_id)
            if queue is None:
                queue = self._queues[account_id] = Queue(account_id)
            queue.put(waiting)
            must_queue, queue.is_queued = not queue.is_queued, True
        if must_queue:
            self._lane_of(queue).put(queue)
        return waiting.future

    def _lane_of(self, queue: Queue) -> _Lane:
        return self._bulk if queue.waiting_octets > _BULK_OCTETS else self._small

    def _take(self, queue: Queue, most: int = sys.maxsize) -> None:
        """Move requests from those that wait to the batch."""
        with self._idle:
            queue.batch += queue.take(most)

    def close(self) -> None:
        """Finish what waits, as long as that is possible, and end the threads; blocks."""
        with self._idle:
            self._is_closed = True
            self._idle.wait_for(lambda: not self._queues, _CLOSING_SECONDS)
            left = [
                waiting for queue in self._queues.values() for waiting in queue.take(sys.maxsize)
            ]
        for waiting in left:  # their gates are held by somebody who does not let go
            self._tell_soon(waiting.loop, AccountId(""), [waiting])
        self._small.close()
        self._bulk.close()
        self._syncing.shutdown()

    # In a lane's thread

    def _commit_group(self, queues: list[Queue]) -> None:
        begun = [queue for queue in queues if self._begin(queue)]
        begun = [queue for queue in begun if self._advance(queue, AccountWriter.write)]
        # The file system makes one of syncs that come at the same time.
        shares = [begun[first::_SYNCS_AT_ONCE] for first in range(_SYNCS_AT_ONCE)]
        elsewhere = [self._syncing.submit(self._sync, share) for share in shares[1:] if share]
        synced = self._sync(shares[0])
        for done in elsewhere:
            synced += done.result()
        for queue in synced:
            if self._advance(queue, AccountWriter.finish):
                self._end(queue)

    def _sync(self, queues: list[Queue]) -> list[Queue]:
        """Sync some accounts; return those that are durable."""
        return [queue for queue in queues if self._advance(queue, AccountWriter.sync)]

    def _begin(self, queue: Queue) -> bool:
        """Take the gate and resolve what waits; False: it is dealt with, or somebody waits."""
        if queue.writer is None:
            try:
                writer = self._writer_of(queue.account_id)
                has_gate = writer.gate.try_take()
            except Exception as fault:  # noqa: BLE001 - told to those who asked
                self._refuse(queue, _no_account(fault, queue.account_id))
                return False
            if not has_gate:
                self._wait_for_gate(queue, writer)
                return False
            queue.writer = writer
        self._take(queue, _ACCOUNT_REQUESTS)
        return self._advance(queue, lambda writer: _resolve(queue.batch, writer))

    def _wait_for_gate(self, queue: Queue, writer: AccountWriter) -> None:
        """Wait in a thread of its own; then it is the lane's turn again, with the gate held."""

        def wait() -> None:
            try:
                writer.gate.take()
            except OSError as fault:
                self._refuse(queue, _no_account(fault, queue.account_id))
                return
            if not queue.waiting:  # the store was closed meanwhile, and has told them
                writer.gate.release()
                return
            queue.writer = writer
            self._lane_of(queue).put(queue)

        threading.Thread(target=wait, name="hato-gate", daemon=True).start()

    def _advance(self, queue: Queue, step: Callable[[AccountWriter], None]) -> bool:
        """Let a writer go one step further; False: that failed, and all were told."""
        writer = queue.writer
        if writer is None:
            return False
        try:
            step(writer)
        except Exception as fault:  # noqa: BLE001 - one account's fault must not stop the others
            is_durable = step is AccountWriter.finish
            writer.abandon()
            left = queue.batch if is_durable else self._try_again(queue, writer, fault)
            if left:
                _fail(left, _error_of(fault, queue.account_id))
            self._end(queue)
            return False
        return True

    def _try_again(
        self, queue: Queue, writer: AccountWriter, fault: Exception
    ) -> Sequence[Waiting]:
        """Commit once more where the index can be mended, or where the reserve makes room.

        The reserve is for those who add nothing: people must be able to delete.
        Return those who must be told of the fault.
        """
        is_spoiled = isinstance(fault, SPOILED)
        again = queue.batch if is_spoiled else [one for one in queue.batch if not one.octets]
        if not is_spoiled and not (again and is_full(fault) and self._space.release_reserve()):
            return queue.batch
        try:
            if is_spoiled:
                writer.rebuild()
            _resolve(again, writer)
            for step in (AccountWriter.write, AccountWriter.sync, AccountWriter.finish):
                step(writer)
        except Exception as once_more:  # noqa: BLE001 - told to those who asked
            writer.abandon()
            _fail(again, _error_of(once_more, queue.account_id))
        return [] if is_spoiled else [one for one in queue.batch if one.octets]

    def _refuse(self, queue: Queue, error: HatoError) -> None:
        """Tell all who wait that there is no writing here."""
        self._take(queue)
        _fail(queue.batch, error)
        self._end(queue)

    def _end(self, queue: Queue) -> None:
        """Let go of the gate, tell the outcomes, and queue again what came meanwhile."""
        batch, queue.batch = queue.batch, []
        writer, queue.writer = queue.writer, None
        by_loop: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
        for waiting in batch:
            by_loop.setdefault(waiting.loop, []).append(waiting)
        for loop, told in by_loop.items():
            self._tell_soon(loop, queue.account_id, told)
        if writer is not None:
            writer.gate.release()
        with self._idle:
            queue.is_queued = bool(queue.waiting)
            if not queue.is_queued:
                self._queues.pop(queue.account_id, None)
                self._idle.notify_all()
        if queue.is_queued:
            self._lane_of(queue).put(queue)

    def _tell_soon(
        self, loop: asyncio.AbstractEventLoop, account_id: AccountId, told: list[Waiting]
    ) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(self._tell, account_id, told)

    # In the loop

    def _tell(self, account_id: AccountId, told: list[Waiting]) -> None:
        for waiting in told:
            outcome = waiting.outcome
            if isinstance(outcome, Committed) and outcome.facts:
                self._publish(account_id, outcome)
            if waiting.future.done():
                continue
            if isinstance(outcome, Committed):
                waiting.future.set_result(outcome)
            else:
                waiting.future.set_exception(outcome or UnavailableError("the store was closed"))


class _Lane:
    """A queue, and threads which take it by groups; they start when something is there."""

    def __init__(
        self, name: str, commit: Callable[[list[Queue]], None], group: int, threads: int
    ) -> None:
        self._name = name
        self._commit = commit
        self._group = group
        self._queue: deque[Queue] = deque()
        self._news = threading.Condition()
        self._idle = 0
        self._is_closing = False
        self._unstarted = threads
        self._threads: list[threading.Thread] = []

    def put(self, queue: Queue) -> None:
        """Add an account to those that wait."""
        with self._news:
            self._queue.append(queue)
            if self._idle:
                self._news.notify()
            elif self._unstarted:
                self._unstarted -= 1
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Do what waits, then end."""
        with self._news:
            self._is_closing = True
            self._unstarted = 0
            self._news.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while group := self._take():
            self._commit(group)

    def _take(self) -> list[Queue]:
        """Wait for some that wait; none: it is over."""
        with self._news:
            self._idle += 1
            while not self._queue and not self._is_closing:
                self._news.wait()
            self._idle -= 1
            return [self._queue.popleft() for _ in range(min(self._group, len(self._queue)))]


def _resolve(batch: Sequence[Waiting], writer: AccountWriter) -> None:
    """Decide what each request of a batch comes to; a refusal concerns one of them only."""
    writer.begin()
    for waiting in batch:
        try:
            waiting.outcome = writer.add(waiting.request)
        except HatoError as refusal:
            waiting.outcome = refusal


def _fail(batch: Sequence[Waiting], error: HatoError) -> None:
    for waiting in batch:
        waiting.outcome = error


def _no_account(fault: Exception, account_id: AccountId) -> HatoError:
    if isinstance(fault, FileNotFoundError):
        return NotFoundError("the account is not there")
    return _error_of(fault, account_id)


def _error_of(fault: Exception, account_id: AccountId) -> HatoError:
    if isinstance(fault, HatoError):
        return fault
    if not isinstance(fault, OSError | apsw.Error):
        log.error("fault", fault=fault, account=account_id)
        return UnavailableError("an internal fault while writing")
    error = domain_error(fault, "writing to an account")
    log.error("write-failed", account=account_id, reason=str(error))
    return error
