"""How many sessions somebody has open from one address.

Called by edges, after a login and when the session ends.
Never counts the sessions of other processes: each keeps its own limit.
Standards: none; RFC 3206 §4 says how to tell a passing refusal.
Fails with ThrottledError when there are too many.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from hato.core.addresses import subscriber_of
from hato.core.errors import ThrottledError
from hato.core.ids import PersonId

_WAIT_SECONDS: Final = 60


class OpenSessions:
    """Counts sessions by person and address."""

    def __init__(self, limit: int) -> None:
        """Begin with none; `limit` is for one person from one address."""
        self._limit = limit
        self._counts: Counter[tuple[PersonId, str]] = Counter()

    def enter(self, person_id: PersonId, address: str) -> Place:
        """Count a session in. Raises ThrottledError."""
        key = (person_id, subscriber_of(address))
        if self._counts[key] >= self._limit:
            raise ThrottledError(_WAIT_SECONDS)
        self._counts[key] += 1
        return Place(self._counts, key)


class Place:
    """One open session's place in the count."""

    __slots__ = ("_counts", "_key")

    def __init__(self, counts: Counter[tuple[PersonId, str]], key: tuple[PersonId, str]) -> None:
        """Hold a place that is counted already."""
        self._counts = counts
        self._key: tuple[PersonId, str] | None = key

    def release(self) -> None:
        """Count the session out; harmless twice."""
        key, self._key = self._key, None
        if key is None:
            return
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]
