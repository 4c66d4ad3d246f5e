"""How many sessions somebody has open from one address.

Called by edges, after a login and when the session ends.
Never keeps names: a key is a person's number and an address.
Standards: none; RFC 2449 §8.1.2 says how POP3 tells it.
Fails with TooManySessionsError when there are too many, in all processes together.
"""

from __future__ import annotations

from hato.core.addresses import subscriber_of
from hato.core.errors import TooManySessionsError
from hato.core.ids import PersonId
from hato.core.shared_counts import Counts


class OpenSessions:
    """Counts sessions by person and address."""

    def __init__(self, limit: int, counts: Counts | None = None) -> None:
        """Begin; `limit` is for one person from one address.

        Without `counts`, for this process alone.
        """
        self._limit = limit
        self._counts = counts or Counts()

    def enter(self, person_id: PersonId, address: str) -> Place:
        """Count a session in. Raises TooManySessionsError."""
        key = f"{person_id} {subscriber_of(address)}"
        if not self._counts.enter(key, self._limit):
            message = f"{self._limit} sessions are open"
            raise TooManySessionsError(message)
        return Place(self._counts, key)


class Place:
    """One open session's place in the count."""

    __slots__ = ("_counts", "_key")

    def __init__(self, counts: Counts, key: str) -> None:
        """Hold a place that is counted already."""
        self._counts = counts
        self._key: str | None = key

    def release(self) -> None:
        """Count the session out; harmless twice."""
        key, self._key = self._key, None
        if key is not None:
            self._counts.leave(key)
