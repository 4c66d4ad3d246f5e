"""What time it is, passed in rather than asked for.

Called by services, store and net, which get a Clock from the composition root.
Never sleeps.
Standards: none. Wall-clock times are seconds since 1970 UTC; durations are monotonic.
Fails never.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two hands: one that people read, one that only runs forward."""

    def now(self) -> int:
        """Return the wall-clock time, in seconds since 1970 UTC. It can jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment of this machine's run; it never jumps back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> int:
        """Return the wall-clock time, in seconds since 1970 UTC."""
        return int(time.time())

    def monotonic(self) -> float:
        """Return the monotonic time, in seconds."""
        return time.monotonic()


class FixedClock:
    """A clock for tests: stands still until it is moved."""

    def __init__(self, now: int = 1_800_000_000) -> None:
        """Begin at `now`, in seconds since 1970 UTC."""
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> int:
        """Return the wall-clock time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic time that was reached."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass on both hands."""
        self._now += int(seconds)
        self._monotonic += seconds

    def jump(self, seconds: int) -> None:
        """Set the wall clock wrong; the monotonic hand does not notice."""
        self._now += seconds
