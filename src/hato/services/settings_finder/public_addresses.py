"""Which addresses discovery may reach: those of the public Internet, and no others.

Called by the settings finder with every address that a discovered name resolves to; a host that
the person names herself is not its business.
Never resolves a name. An address is checked and then connected to, never its name a second time.
Standards: IANA's registries of special-purpose IPv4 and IPv6 addresses; RFC 4291 §2.5.4 (global
unicast). Written out, because the standard library's idea of `is_global` changed between releases.
Fails never: what is no address is not public.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from hato.core.language import Text

_THIS_MACHINE: Final = Text(
    en="{address} is this machine itself", ja="{address} はこのコンピューター自身です"
)
_PRIVATE: Final = Text(
    en="{address} belongs to a private network",
    ja="{address} はプライベートネットワークのアドレスです",
)
_LINK: Final = Text(
    en="{address} is valid on one network link only",
    ja="{address} は同じリンク上でだけ有効なアドレスです",
)
_CARRIER: Final = Text(
    en="{address} lies inside an access provider's network",
    ja="{address} は接続事業者の内部ネットワークのアドレスです",
)
_MULTICAST: Final = Text(
    en="{address} stands for a group of machines", ja="{address} はマルチキャストのアドレスです"
)
_RESERVED: Final = Text(
    en="{address} is reserved and no server's address",
    ja="{address} は予約されたアドレスで、サーバーのものではありません",
)
_NO_ADDRESS: Final = Text(
    en="{address} is not an IP address", ja="{address} は IP アドレスではありません"
)

_IPV4: Final = tuple(
    (ipaddress.IPv4Network(network), words)
    for network, words in (
        ("0.0.0.0/8", _THIS_MACHINE),
        ("127.0.0.0/8", _THIS_MACHINE),
        ("10.0.0.0/8", _PRIVATE),
        ("172.16.0.0/12", _PRIVATE),
        ("192.168.0.0/16", _PRIVATE),
        ("169.254.0.0/16", _LINK),  # cloud machines' metadata lives here
        ("100.64.0.0/10", _CARRIER),
        ("192.0.0.0/24", _RESERVED),
        ("192.0.2.0/24", _RESERVED),
        ("192.88.99.0/24", _RESERVED),
        ("198.18.0.0/15", _RESERVED),
        ("198.51.100.0/24", _RESERVED),
        ("203.0.113.0/24", _RESERVED),
        ("224.0.0.0/4", _MULTICAST),
        ("240.0.0.0/4", _RESERVED),
    )
)
_IPV6: Final = tuple(
    (ipaddress.IPv6Network(network), words)
    for network, words in (
        ("::/127", _THIS_MACHINE),
        ("fc00::/7", _PRIVATE),
        ("fec0::/10", _PRIVATE),
        ("64:ff9b:1::/48", _PRIVATE),
        ("fe80::/10", _LINK),
        ("ff00::/8", _MULTICAST),
        ("2001::/23", _RESERVED),  # Teredo among others, which hides an IPv4 address
        ("2001:db8::/32", _RESERVED),
        ("3fff::/20", _RESERVED),
    )
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# Networks that carry an IPv4 address, and how far its last bit is from the end.
_CARRIES_IPV4: Final = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64: how a network without IPv4 reaches it
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)


def is_public(address: str) -> bool:
    """Tell whether discovery may connect to an address."""
    return why_not_public(address) is None


def why_not_public(address: str) -> Text | None:
    """Return why discovery must not connect there, with the field `address`; None: it may."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _NO_ADDRESS
    if isinstance(parsed, ipaddress.IPv4Address):
        return _why_not_ipv4(parsed)
    if parsed.scope_id is not None:
        return _LINK
    for network, shift in _CARRIES_IPV4:
        if parsed in network:
            return _why_not_ipv4(ipaddress.IPv4Address(int(parsed) >> shift & 0xFFFF_FFFF))
    for network, words in _IPV6:
        if parsed in network:
            return words
    return None if parsed in _GLOBAL_UNICAST else _RESERVED


def _why_not_ipv4(address: ipaddress.IPv4Address) -> Text | None:
    return next((words for network, words in _IPV4 if address in network), None)
