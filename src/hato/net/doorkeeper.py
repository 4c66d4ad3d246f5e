"""Who may come in: how many connections there are, from where, and who speaks for others.

Called by `net.service` for every connection of every protocol of this process.
Never knows people or passwords: `services.auth` does.
Standards: RFC 4291 §2.5.4 (a /64 is one IPv6 subscriber).
Fails with InvalidInputError for a network that cannot be read.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.settings import Limits

_NOT_A_NETWORK = Text(
    en="{text!r} in the configuration is not an IP address or network such as 192.0.2.0/24.",
    ja="設定の {text!r} は IP アドレスでもネットワーク(例 192.0.2.0/24)でもありません。",
)


class Networks:
    """A list of addresses and networks that an operator named."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Read them. Raises InvalidInputError."""
        self._networks = [_network(text) for text in texts]
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        """Whether an address is in one of them; a UNIX socket's empty address is in none."""
        if not self._networks or not address:
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            parsed = ipaddress.ip_address(address)
            known = self._known[address] = any(parsed in network for network in self._networks)
        return known


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


def subscriber_of(address: str) -> str:
    """Return what counts as one: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read one address or network. Raises InvalidInputError."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as fault:
        raise InvalidInputError(_NOT_A_NETWORK, text=text) from fault
