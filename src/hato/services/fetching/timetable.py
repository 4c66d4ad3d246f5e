"""When each source is looked at next: its own pace, jitter, back-off, and what servers ask for.

Called by the fetching service, which tells what became of each poll.
Never lets a source be due while it is being polled; never tries a refused secret again by itself.
Standards: RFC 2449 §6.5 (LOGIN-DELAY), RFC 3206 §4 (what a busy server means).
Fails never.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

import msgspec

from hato.core import limits
from hato.services.fetching.advice import Cure

JITTER: Final = 0.1
"""A wait is up to so much shorter or longer, so that sources do not march in step."""


_BACK_OFF: Final = {
    Cure.TIME: (0, limits.FETCH_FAULT_MOST_SECONDS),
    Cure.PATIENCE: (limits.FETCH_BUSY_SECONDS, limits.FETCH_BUSY_MOST_SECONDS),
    Cure.HERE: (limits.FETCH_BUSY_SECONDS, limits.FETCH_HERE_MOST_SECONDS),
    Cure.PROVIDER: (limits.FETCH_PERSON_SECONDS, limits.FETCH_PERSON_MOST_SECONDS),
    Cure.SETTINGS: (limits.FETCH_PERSON_SECONDS, limits.FETCH_PERSON_MOST_SECONDS),
    Cure.SECRET: (limits.FETCH_PERSON_SECONDS, limits.FETCH_PERSON_MOST_SECONDS),
}
"""The first wait in seconds (0: twice the source's own) and the longest."""


class Result(msgspec.Struct, frozen=True):
    """What became of a poll, as far as the next one goes by it."""

    cure: Cure | None = None
    """What helps; None: all went well."""
    told_seconds: int = 0
    """How long the server asked us to wait this once; 0: it did not."""
    login_delay_seconds: int = 0
    """The least time between two logins that the server announces; 0: none."""


class _Row(msgspec.Struct):
    poll_seconds: int
    least_seconds: int
    """What the provider wants at least between two logins, as its row or its server says."""
    due_at: float | None
    """Monotonic; None: not by itself, or it is being polled."""
    failures: int = 0
    is_held: bool = False


class Timetable:
    """The next poll of each source. Times are monotonic seconds."""

    def __init__(self, chance: Callable[[], float]) -> None:
        """`chance` draws numbers from 0 up to 1: what jitter is made of."""
        self._chance = chance
        self._rows: dict[str, _Row] = {}
        self._heap: list[tuple[float, str]] = []

    def put(
        self, key: str, poll_seconds: int, now: float, *, within: float, least_seconds: int = 0
    ) -> None:
        """Add a source, or change it: what failed before is forgotten.

        It is due at a moment `within` so many seconds; 0: at once.
        """
        old = self._rows.get(key)
        least = max(least_seconds, old.least_seconds if old else 0)
        self._rows[key] = _Row(_bounded(poll_seconds), least, None)
        self._set(key, now + within * self._chance())

    def hold(self, key: str, poll_seconds: int, *, least_seconds: int = 0) -> None:
        """Know a source that is not looked at by itself: paused, or waiting for its person."""
        old = self._rows.get(key)
        least = max(least_seconds, old.least_seconds if old else 0)
        self._rows[key] = _Row(_bounded(poll_seconds), least, None, is_held=True)

    def remove(self, key: str) -> None:
        """Forget a source; harmless twice."""
        self._rows.pop(key, None)

    def take_due(self, now: float) -> list[str]:
        """Return those whose time has come, the longest overdue first; they are being polled now.

        Each stays out until `done`.
        """
        due = []
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            row = self._rows.get(key)
            if row is not None and row.due_at == at:
                row.due_at = None
                due.append(key)
        return due

    def next_at(self) -> float | None:
        """Return when the next one is due; None: none is."""
        while self._heap:
            at, key = self._heap[0]
            row = self._rows.get(key)
            if row is not None and row.due_at == at:
                return at
            heapq.heappop(self._heap)
        return None

    def due_at(self, key: str) -> float | None:
        """Return when a source is due; None: not by itself."""
        row = self._rows.get(key)
        return row.due_at if row is not None else None

    def done(self, key: str, now: float, result: Result) -> float | None:
        """Note what became of a poll; return in how many seconds the next one is due.

        None: not by itself, or the source is gone.
        """
        row = self._rows.get(key)
        if row is None:
            return None
        if row.due_at is not None:  # changed while it was polled: the new settings count
            return row.due_at - now
        row.failures = 0 if result.cure is None else row.failures + 1
        announced = min(result.login_delay_seconds, limits.FETCH_MOST_WAIT_SECONDS)
        row.least_seconds = max(row.least_seconds, announced)
        if row.is_held or result.cure is Cure.SECRET:
            return None
        seconds = self._with_jitter(wait_seconds(row.poll_seconds, row.failures, result))
        seconds = max(seconds, row.least_seconds)
        self._set(key, now + seconds)
        return seconds

    def _with_jitter(self, seconds: float) -> float:
        return seconds * (1 + JITTER * (2 * self._chance() - 1))

    def _set(self, key: str, at: float) -> None:
        self._rows[key].due_at = at
        heapq.heappush(self._heap, (at, key))


def wait_seconds(poll_seconds: int, failures: int, result: Result) -> float:
    """Return how long to wait after a poll that failed `failures` times in a row, without jitter.

    It doubles with each failure up to a cap of its kind, and is never shorter than what the
    server asked for this once.
    """
    told = min(result.told_seconds, limits.FETCH_MOST_WAIT_SECONDS)
    if result.cure is None:
        return max(poll_seconds, told)
    first, cap = _BACK_OFF[result.cure]
    doublings = min(max(failures - 1, 0), limits.FETCH_DOUBLINGS)
    grown = min((first or 2 * poll_seconds) << doublings, cap)
    return max(grown, told, 0 if result.cure is Cure.PATIENCE else min(poll_seconds, cap))


def _bounded(poll_seconds: int) -> int:
    return max(limits.FETCH_LEAST_POLL_SECONDS, min(poll_seconds, limits.FETCH_MOST_WAIT_SECONDS))
