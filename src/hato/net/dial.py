"""Opening a connection to a server of others.

Called by clients and by the settings finder.
Never resolves a name twice: the very address that was judged is the one that is connected to;
never tries an address that the caller's judge turned down.
Standards: RFC 8314 §3 (implicit TLS). The order of addresses is the system's.
Fails with DialError, whose fault says which of a closed list of things is the matter.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import idna

from hato.core import limits
from hato.net.dial_errors import DialError, DialFault
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust

_DEFAULT_PATIENCE: Final = Patience()

_UNKNOWN_NAMES: Final = frozenset(
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
)

_name_threads: Final = ThreadPoolExecutor(limits.NAME_LOOKUPS_AT_ONCE, "hato-names")
"""Of their own, begun at the first name: a name service that is silent holds a thread long after
nobody waits for it any more, and files are read in the loop's."""


class Endpoint(NamedTuple):
    """Where a server may be: what `socket` wants to know."""

    family: int
    location: tuple[str, int] | tuple[str, int, int, int]

    @property
    def address(self) -> str:
        """The IP address."""
        return self.location[0]

    @classmethod
    def at(cls, address: str, port: int) -> Endpoint:
        """Make one of an IP address as it is written. Raises ValueError for what is none."""
        if ipaddress.ip_address(address).version == 4:
            return cls(socket.AF_INET, (address, port))
        return cls(socket.AF_INET6, (address, port, 0, 0))


Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Endpoint]]]
"""Returns where a host's port may be, in the order in which to try. Raises DialError."""

MayReach: TypeAlias = Callable[[str], bool]
"""Tells whether an IP address may be connected to."""


async def ask_system(host: str, port: int) -> Sequence[Endpoint]:
    """Ask the system where a host is, off the loop. Raises DialError."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_name_threads, ask)
    except socket.gaierror as fault:
        is_unknown = fault.errno in _UNKNOWN_NAMES
        kind = DialFault.NO_SUCH_HOST if is_unknown else DialFault.NAME_SERVICE
        raise DialError(kind, host, fault.strerror or "") from fault
    except (OSError, ValueError) as fault:
        raise DialError(DialFault.NO_SUCH_HOST, host, str(fault)) from fault
    return [
        Endpoint(family, location)
        for family, _, _, _, location in found
        if isinstance(location[0], str)
    ]


async def dial(
    host: str,
    port: int,
    *,
    trust: Trust | None = None,
    pinned_sha256: bytes | None = None,
    patience: Patience = _DEFAULT_PATIENCE,
    may_reach: MayReach | None = None,
    resolve: Resolve = ask_system,
) -> Dialled:
    """Connect to a host's port.

    `trust`: speak TLS from the first octet, with a server that it believes; None: clear text,
    which `start_tls` may upgrade. `pinned_sha256`: of the one certificate that is believed
    instead. `may_reach` judges each address; None: all may be reached. Raises DialError.
    """
    name = _in_ascii(host)
    try:
        async with asyncio.timeout(patience.dial_seconds):
            endpoints = await resolve(name, port)
            plug = await _connect_to_first(name, _allowed(name, endpoints, may_reach), patience)
    except TimeoutError:
        raise DialError(DialFault.TIMED_OUT, name) from None
    try:
        dialled = Dialled(plug, name, port, patience)
    except OSError as fault:
        plug.close()
        raise DialError(_fault_of(fault), name, str(fault)) from fault
    if trust is not None:
        await dialled.start_tls(trust, pinned_sha256=pinned_sha256)
    return dialled


def _in_ascii(host: str) -> str:
    """Return a host as it is asked for. Raises DialError for what can be no name."""
    if host.isascii():
        if host and "\0" not in host:
            return host
        raise DialError(DialFault.NO_SUCH_HOST, host)
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as fault:
        raise DialError(DialFault.NO_SUCH_HOST, host, str(fault)) from fault


def _allowed(
    host: str, endpoints: Sequence[Endpoint], may_reach: MayReach | None
) -> Sequence[Endpoint]:
    """Return those that may be reached. Raises DialError where there are none."""
    if not endpoints:
        raise DialError(DialFault.NO_SUCH_HOST, host)
    allowed = [one for one in endpoints if may_reach is None or may_reach(one.address)]
    if not allowed:
        addresses = ", ".join(one.address for one in endpoints)
        raise DialError(DialFault.FORBIDDEN_ADDRESS, host, addresses)
    return allowed


async def _connect_to_first(
    host: str, endpoints: Sequence[Endpoint], patience: Patience
) -> socket.socket:
    """Connect to the first that answers; each gets its share of the time. Raises DialError."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + patience.dial_seconds
    failure = DialError(DialFault.UNREACHABLE, host)
    for place, endpoint in enumerate(endpoints):
        share = (ends_at - loop.time()) / (len(endpoints) - place)
        try:
            async with asyncio.timeout(share):
                return await _connect(endpoint)
        except TimeoutError:
            failure = DialError(DialFault.TIMED_OUT, host, endpoint.address)
        except OSError as fault:
            failure = DialError(_fault_of(fault), host, endpoint.address)
    raise failure


async def _connect(endpoint: Endpoint) -> socket.socket:
    """Connect to one. Raises OSError."""
    plug = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        plug.setblocking(False)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(plug, endpoint.location)
    except BaseException:
        plug.close()
        raise
    return plug


def _fault_of(fault: OSError) -> DialFault:
    """Tell a closed port from a host that is not there."""
    if fault.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
        return DialFault.REFUSED
    return DialFault.TIMED_OUT if fault.errno == errno.ETIMEDOUT else DialFault.UNREACHABLE
