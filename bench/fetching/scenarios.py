"""What is measured of fetching: one table.

Called by the run.
Never measures: `measuring` does.
Standards: RFC 1939, RFC 2449 §6.6 (PIPELINING).
Fails never.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MIB: Final = 1024 * 1024


class Kind(Enum):
    """What a scenario does."""

    FIRST = auto()
    """Fetch everything for the first time."""
    AGAIN = auto()
    """Fetch everything, then measure a second run, which must find nothing."""
    KNOWN = auto()
    """Measure one run that must find nothing among very many known letters."""
    SOURCES = auto()
    """Let `hato serve` poll very many sources."""


@dataclass(frozen=True)
class Scenario:
    """One line of the table."""

    name: str
    about: str
    kind: Kind
    letters: int
    round_trip_ms: float = 0.0
    hides_pipelining: bool = False
    letter_octets: int = 8192
    optional: bool = False
    goals: tuple[tuple[str, float, float], ...] = ()
    """Whom Hato must beat, how many times at least, and how many times it wants to."""

    def letters_of(self, *, pipelines: bool, in_lockstep: int) -> int:
        """Return how many letters a collector gets: fewer where each costs a round trip."""
        waits = self.round_trip_ms > 0 and (self.hides_pipelining or not pipelines)
        is_first = self.kind is Kind.FIRST
        return min(self.letters, in_lockstep) if waits and is_first else self.letters


SCENARIOS: Final = (
    Scenario("fetch-50ms", "first fetch, 8 KiB each, PIPELINING, 50 ms away", Kind.FIRST,
             10_000, 50, goals=(("fetchmail", 20, 20), ("getmail6", 20, 20), ("mpop", 2, 3))),
    Scenario("fetch-50ms-lockstep", "the same, no PIPELINING", Kind.FIRST,
             10_000, 50, hides_pipelining=True,
             goals=(("fetchmail", 1, 1), ("getmail6", 1, 1), ("mpop", 1, 1))),
    Scenario("fetch-0ms", "the same, PIPELINING, no delay", Kind.FIRST,
             10_000, goals=(("fetchmail", 2, 3), ("getmail6", 2, 3), ("mpop", 2, 3))),
    Scenario("fetch-0ms-lockstep", "no PIPELINING, no delay", Kind.FIRST,
             10_000, hides_pipelining=True, optional=True,
             goals=(("fetchmail", 1, 1), ("getmail6", 1, 1), ("mpop", 1, 1))),
    Scenario("fetch-again", "a second run, nothing new, 50 ms away", Kind.AGAIN, 1_000, 50),
    Scenario("fetch-large", "one letter of 500 MiB", Kind.FIRST, 1, letter_octets=500 * MIB),
    Scenario("fetch-many", "a run with nothing new among 200 000 letters", Kind.KNOWN,
             200_000, letter_octets=1024),
    Scenario("sources-200", "200 sources over TLS, polled every minute by `hato serve`",
             Kind.SOURCES, 100),
)  # fmt: skip
