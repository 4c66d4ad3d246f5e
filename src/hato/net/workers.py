"""The parent process: forks workers, keeps them alive, replaces them, stops them.

Called by the composition root, which says what a worker does.
Never runs an event loop or a thread of its own, so that it can fork at any time.
Standards: sd_notify(3) for the readiness that systemd waits for.
Fails by exiting with 1 when workers cannot even start; a worker that dies later is replaced.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, NamedTuple, TypeAlias

from hato.core.errors import HatoError
from hato.core.log import log
from hato.core.shared_counts import SharedCounts

RunWorker: TypeAlias = Callable[["Place", int, int], None]
"""What a worker does: its place, a descriptor that ends when the parent does, and one to write
a byte to when it serves. It returns when it was told to stop."""

RETIRE: Final = signal.SIGUSR1
"""Tells a worker that others serve in its place: it takes no new connections, and leaves when its
sessions have ended."""

_STARTING_SECONDS: Final = 60.0
_RESTART_SECONDS: Final = 1.0
"""A worker that dies is replaced at once, but not more often than this."""


class Place(NamedTuple):
    """What a worker has for itself while it runs."""

    number: int
    """From 0; another worker has it after this one, and for a moment beside it."""
    row: int
    """Where it counts (`core.shared_counts`); nobody else has it while the worker lives."""
    generation: int
    """How many reloads were begun before; within one, nobody else has the number meanwhile."""

    @property
    def holder(self) -> str:
        """As whom it holds leases: one that died leaves them to the worker in its place at once."""
        return f"worker-{self.number}-{self.generation}"


class Worker(NamedTuple):
    """A running worker process."""

    place: Place
    process_id: int
    ready: int
    """Readable when it serves; its end of file means that it died before."""


class Parent:
    """The process that looks after the workers."""

    def __init__(
        self, count: int, run: RunWorker, stop_seconds: float, counts: SharedCounts
    ) -> None:
        """Prepare `count` workers; `stop_seconds` is how long they may take to stop."""
        self._count = count
        self._run = run
        self._counts = counts
        self._used_rows: set[int] = set()
        self._stop_seconds = stop_seconds
        self._workers: dict[int, Worker] = {}
        self._leaving: set[int] = set()
        self._reloads = 0
        self._started: dict[int, float] = {}
        self._life = os.pipe()
        self._bell = os.pipe()
        self._wanted: set[int] = set()

    def serve(self, on_ready: Callable[[], None], reload: Callable[[], RunWorker | None]) -> int:
        """Run until told to stop; return the exit status.

        `on_ready` is called once all workers serve; `reload` on SIGHUP: it returns what new
        workers do, or None to leave everything as it is.
        """
        self._listen_to_signals()
        if not self._all_ready([self._fork(number, 0) for number in range(self._count)]):
            self._stop()
            return 1
        on_ready()
        notify_service_manager("READY=1")
        while not self._wanted & {signal.SIGTERM, signal.SIGINT}:
            self._sleep(None)
            self._bury()
            if signal.SIGHUP in self._wanted:
                self._wanted.discard(signal.SIGHUP)
                self._reload(reload)
        notify_service_manager("STOPPING=1")
        self._stop()
        return 0

    def _listen_to_signals(self) -> None:
        """Wake up for signals without doing anything inside a handler."""
        for end in self._bell:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._bell[1], warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._wanted.add(number)

    def _sleep(self, seconds: float | None) -> None:
        """Wait for a signal."""
        select.select([self._bell[0]], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell[0], 4096)

    def _fork(self, number: int, generation: int) -> Worker:
        """Start a worker."""
        place = Place(number, self._free_row(), generation)
        ready_read, ready_write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        process_id = os.fork()
        if process_id == 0:
            os.close(ready_read)
            self._become_worker(place, ready_write)
        os.close(ready_write)
        worker = self._workers[process_id] = Worker(place, process_id, ready_read)
        self._started[number] = time.monotonic()
        return worker

    def _free_row(self) -> int:
        """Return a row for one more worker: an empty one, or the last, which several then share.

        Only many reloads within the life of one session use so many; then the counts of those who
        share a row may be lost to one another, and a limit is reached later.
        """
        taken = {worker.place.row for worker in self._workers.values()}
        for row in range(self._counts.rows):
            if row not in taken:
                if row in self._used_rows:
                    self._counts.clear(row)
                self._used_rows.add(row)
                return row
        return self._counts.rows - 1

    def _become_worker(self, place: Place, ready: int) -> None:
        """Be a worker; never return into the parent's code."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for signal_number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(signal_number, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(self._life[1])
            if signal.SIGTERM not in self._wanted:  # it may have come before the line above
                self._run(place, self._life[0], ready)
            status = 0
        except HatoError as fault:  # such as a store that cannot be opened: no bug
            log.error("worker-failed", reason=str(fault), worker=place.number)
        except BaseException as fault:  # noqa: BLE001 - the last line of a process
            log.error("worker-failed", fault=fault, worker=place.number)
        finally:
            os._exit(status)

    def _all_ready(self, workers: list[Worker]) -> bool:
        """Wait until each of `workers` serves; False when one died first or it takes too long."""
        waiting = {worker.ready for worker in workers}
        until = time.monotonic() + _STARTING_SECONDS
        while waiting and not self._wanted & {signal.SIGTERM, signal.SIGINT}:
            left = max(until - time.monotonic(), 0.0)
            readable, _, _ = select.select([*waiting, self._bell[0]], [], [], left)
            if not readable:
                return False
            for descriptor in waiting.intersection(readable):
                if not os.read(descriptor, 1):
                    return False
                waiting.discard(descriptor)
            with contextlib.suppress(BlockingIOError):
                os.read(self._bell[0], 4096)
        return True

    def _bury(self) -> None:
        """Notice workers that ended and replace those that should not have."""
        while True:
            try:
                process_id, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process_id == 0:
                return
            worker = self._workers.pop(process_id, None)
            if worker is None:
                continue
            os.close(worker.ready)
            if process_id in self._leaving:
                self._leaving.discard(process_id)
                continue
            log.error(
                "worker-died", worker=worker.place.number, status=os.waitstatus_to_exitcode(status)
            )
            lived = time.monotonic() - self._started[worker.place.number]
            if lived < _RESTART_SECONDS:
                self._sleep(_RESTART_SECONDS - lived)
            if not self._wanted & {signal.SIGTERM, signal.SIGINT}:
                self._fork(worker.place.number, worker.place.generation)

    def _reload(self, reload: Callable[[], RunWorker | None]) -> None:
        """Start new workers with new settings; the old ones finish what they do and leave.

        New workers that do not start are given up, and everything stays as it was.
        """
        run = reload()
        if run is None:
            return
        notify_service_manager("RELOADING=1")
        old, old_run = list(self._workers), self._run
        self._run = run
        self._reloads += 1
        new = [self._fork(number, self._reloads) for number in range(self._count)]
        if self._all_ready(new):
            leaving, how, event = old, RETIRE, "reloaded"
        else:
            leaving, how, event = [w.process_id for w in new], signal.SIGTERM, "not-reloaded"
            self._run = old_run
        self._leaving.update(leaving)
        for process_id in leaving:
            _signal(process_id, how)
        log.info(event, workers=self._count)
        notify_service_manager("READY=1")

    def _stop(self) -> None:
        """Ask everybody to stop, then insist."""
        self._leaving.update(self._workers)
        for process_id in self._workers:
            _signal(process_id, signal.SIGTERM)
        until = time.monotonic() + self._stop_seconds + 5
        while self._workers and time.monotonic() < until:
            self._sleep(0.2)
            self._bury()
        for process_id in list(self._workers):
            log.warning("worker-killed", process=process_id)
            _signal(process_id, signal.SIGKILL)
            os.waitpid(process_id, 0)


def _signal(process_id: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, number)


def notify_service_manager(state: str) -> None:
    """Tell systemd, if it started us, how we are."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messenger,
    ):
        messenger.connect("\0" + path[1:] if path.startswith("@") else path)
        messenger.sendall(state.encode())
