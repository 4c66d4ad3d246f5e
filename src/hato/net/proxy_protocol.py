"""The PROXY header of load balancers, versions 1 and 2: who the client really is.

Called by `net.connection` for connections from addresses that the operator trusts.
Never reads a socket; never believes an untrusted peer (the caller decides who is trusted).
Standards: HAProxy's PROXY protocol specification, sections 2.1 and 2.2.
Fails never: a malformed header is answered with INVALID.
"""

from __future__ import annotations

import ipaddress
from enum import Enum, auto
from typing import Final, NamedTuple

_V1_LONGEST: Final = 107
_V2_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_LONGEST: Final = 16 + 4096
_V2_LOCAL: Final = 0x20
_V2_PROXY: Final = 0x21
_TCP4: Final = 0x11
_TCP6: Final = 0x21


class Header(Enum):
    """What there is instead of a client's address."""

    NEED_DATA = auto()
    INVALID = auto()


class ProxiedClient(NamedTuple):
    """A header that was read."""

    address: str | None
    """The client's IP address; None: the balancer speaks for itself (health check)."""
    port: int
    length_octets: int
    """How long the header was; the conversation begins behind it."""


def read_header(data: bytes) -> ProxiedClient | Header:
    """Read the PROXY header that `data` must begin with."""
    if data.startswith(_V2_SIGNATURE[: len(data)]) and data[:1] == b"\r":
        return _read_version_2(data)
    if data.startswith(b"PROXY "[: len(data)]):
        return _read_version_1(data)
    return Header.INVALID


def _read_version_1(data: bytes) -> ProxiedClient | Header:
    """Read `PROXY TCP4 client server port port` and CRLF."""
    end = data.find(b"\r\n", 0, _V1_LONGEST)
    if end < 0:
        return Header.NEED_DATA if len(data) < _V1_LONGEST else Header.INVALID
    words = data[:end].split(b" ")
    if len(words) >= 2 and words[1] == b"UNKNOWN":
        return ProxiedClient(None, 0, end + 2)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        return Header.INVALID
    try:
        address = ipaddress.ip_address(words[2].decode("ascii").partition("%")[0])
        port = int(words[4]) if words[4].isdigit() else -1
    except ValueError:
        return Header.INVALID
    if address.version != (4 if words[1] == b"TCP4" else 6) or not 0 <= port < 65_536:
        return Header.INVALID
    return ProxiedClient(_as_of_a_socket(address), port, end + 2)


def _read_version_2(data: bytes) -> ProxiedClient | Header:
    """Read the binary header; what it carries besides addresses is passed over."""
    if len(data) < 16:
        return Header.NEED_DATA
    command, family = data[12], data[13]
    total = 16 + int.from_bytes(data[14:16], "big")
    if total > _V2_LONGEST or command not in (_V2_LOCAL, _V2_PROXY):
        return Header.INVALID
    if len(data) < total:
        return Header.NEED_DATA
    if command == _V2_LOCAL:
        return ProxiedClient(None, 0, total)
    width = {_TCP4: 4, _TCP6: 16}.get(family)
    if width is None or total < 16 + 2 * width + 4:
        return Header.INVALID
    address = ipaddress.ip_address(data[16 : 16 + width])
    port_at = 16 + 2 * width
    port = int.from_bytes(data[port_at : port_at + 2], "big")
    return ProxiedClient(_as_of_a_socket(address), port, total)


def _as_of_a_socket(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Write an address as those of sockets are: IPv4 inside IPv6 is the same client's IPv4."""
    inside = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(inside or address)
