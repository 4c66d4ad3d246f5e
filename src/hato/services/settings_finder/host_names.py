"""Names of servers as people and strangers write them: in one form, or not at all.

Called by whatever in services.settings_finder and services.doctor reads a host name.
Never looks a name up; whether its addresses may be reached is for `public_addresses`.
Standards: RFC 1035 §2.3.1 (names), RFC 5321 §2.3.5 (no single labels).
Fails with InvalidInputError for what a person names and is no host; else what is none yields None.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.names import normalized_domain

_NO_HOST: Final = Text(
    en="{text!r} is neither a host name nor an address.",
    ja="{text!r} はホスト名でもアドレスでもありません。",
)


def host_name(text: str) -> str | None:
    """Return a full DNS name in lower case; None for addresses, single labels and anything else.

    A last label that begins with a digit belongs to an IPv4 address, in whichever of its forms.
    """
    name = normalized_domain(text)
    if name is None or "." not in name or not name.rpartition(".")[2][0].isalpha():
        return None
    return name


def host_or_address(text: str) -> str | None:
    """Return a name or an IP address that a person names; None for what is neither."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return normalized_domain(text)


def named_host(text: str) -> str:
    """Return a name or an IP address that a person names. Raises InvalidInputError."""
    host = host_or_address(text)
    if host is None:
        raise InvalidInputError(_NO_HOST, text=text)
    return host


def is_within(host: str, domain: str) -> bool:
    """Tell whether a name is a domain or lies in it."""
    return host == domain or host.endswith(f".{domain}")
