"""IP addresses: which belong to a network that an operator named, which to one subscriber.

Called by net (limits, PROXY protocol) and services.auth (throttles, logins without TLS).
Never looks a name up; never decides what follows.
Standards: RFC 4291 §2.5.4 (a /64 is one IPv6 subscriber).
Fails with InvalidInputError for a network that cannot be read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from hato.core.errors import InvalidInputError
from hato.core.language import Text

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
