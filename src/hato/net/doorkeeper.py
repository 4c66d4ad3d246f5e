"""Who may come in: how many connections there are, from where, and who speaks for others.

Called by `net.service` for every connection of every protocol.
Never knows people or passwords: `services.auth` does.
Standards: none; `core.addresses` says who is one subscriber.
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core.addresses import Networks, subscriber_of
from hato.core.settings import Limits
from hato.core.shared_counts import Counts

_EVERYBODY: Final = ""
"""What all connections count as; no address is empty, and a UNIX socket's counts as nobody's."""


class Doorkeeper:
    """Counts the connections of all processes; lets in those of its own."""

    def __init__(self, limits: Limits, balancers: Networks, counts: Counts | None = None) -> None:
        """Begin with nobody. Without `counts`, for this process alone."""
        self._limits = limits
        self._balancers = balancers
        self._counts = counts or Counts()
        self._inside: dict[object, str] = {}

    def is_balancer(self, address: str) -> bool:
        """Whether whoever connects from here must say for whom (PROXY protocol)."""
        return address in self._balancers

    def enter(self, connection: object, address: str) -> bool:
        """Count a connection in; False when there are too many."""
        counts, allowed = self._counts, self._limits
        if not counts.enter(_EVERYBODY, allowed.connections_total):
            return False
        subscriber = subscriber_of(address)
        if address and not counts.enter(subscriber, allowed.connections_per_address):
            counts.leave(_EVERYBODY)
            return False
        self._inside[connection] = subscriber
        return True

    def leave(self, connection: object) -> None:
        """Count a connection out; harmless for one that was not let in."""
        subscriber = self._inside.pop(connection, None)
        if subscriber is None:
            return
        self._counts.leave(_EVERYBODY)
        if subscriber:
            self._counts.leave(subscriber)
