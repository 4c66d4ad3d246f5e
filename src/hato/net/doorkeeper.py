"""Who may come in: how many connections there are, from where, and who speaks for others.

Called by `net.service` for every connection of every protocol of this process.
Never knows people or passwords: `services.auth` does.
Standards: none; `core.addresses` says who is one subscriber.
Fails never.
"""

from __future__ import annotations

from collections import Counter

from hato.core.addresses import Networks, subscriber_of
from hato.core.settings import Limits


class Doorkeeper:
    """Counts the connections of one process."""

    def __init__(self, limits: Limits, balancers: Networks) -> None:
        """Begin with nobody."""
        self._limits = limits
        self._balancers = balancers
        self._counts: Counter[str] = Counter()
        self._inside: dict[object, str] = {}

    def is_balancer(self, address: str) -> bool:
        """Whether whoever connects from here must say for whom (PROXY protocol)."""
        return address in self._balancers

    def enter(self, connection: object, address: str) -> bool:
        """Count a connection in; False when there are too many."""
        subscriber = subscriber_of(address)
        if len(self._inside) >= self._limits.connections_total:
            return False
        if address and self._counts[subscriber] >= self._limits.connections_per_address:
            return False
        self._counts[subscriber] += 1
        self._inside[connection] = subscriber
        return True

    def leave(self, connection: object) -> None:
        """Count a connection out; harmless for one that was not let in."""
        subscriber = self._inside.pop(connection, None)
        if subscriber is None:
            return
        self._counts[subscriber] -= 1
        if not self._counts[subscriber]:
            del self._counts[subscriber]
