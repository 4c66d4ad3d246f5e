"""Listening sockets: read from the configuration, bound once, shared out to the workers.

Called by the composition root before it forks; workers start serving on what they inherit.
Never binds a port that somebody else serves, not even another Hato.
Standards: RFC 8314 §3 for which port is which; RFC 3986 §3.2.2 (brackets around IPv6).
Fails with InvalidInputError: one sentence about the address and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path
from typing import Final, NamedTuple

from hato.core.errors import InvalidInputError
from hato.core.language import Text

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

_UNREADABLE = Text(
    en="{text!r} in [listen] is not an address: write address:port, [address]:port or unix:/path.",
    ja="[listen] の {text!r} はアドレスではありません。"
    "address:port、[address]:port、unix:/path のいずれかで書いてください。",
)
_IN_USE = Text(
    en="{text} is in use by another program: stop it, or choose another port in [listen].",
    ja="{text} は既に別のプログラムが使っています。"
    "それを止めるか、[listen] で別のポートを選んでください。",
)
_FORBIDDEN = Text(
    en="The system does not let this user listen on {text}: start as root and set `user`, "
    "or choose a port above 1023.",
    ja="このユーザーは {text} で待ち受けできません。root で起動して user を設定するか、"
    "1024 以上のポートを選んでください。",
)
_UNBINDABLE = Text(
    en="Cannot listen on {text} ({reason}): check [listen].",
    ja="{text} で待ち受けできません({reason})。[listen] を確認してください。",
)


class ListenAddress(NamedTuple):
    """Where to listen: a host and a port, or a UNIX socket's path."""

    host: str
    port: int
    path: str
    text: str
    """As the operator wrote it."""


class AddressInUseError(InvalidInputError):
    """Another program listens there."""

    def __init__(self, address: ListenAddress) -> None:
        """Say where."""
        super().__init__(_IN_USE, text=address.text)
        self.address = address


def read_listen_address(text: str) -> ListenAddress:
    """Read `address:port`, `[address]:port` or `unix:/path`. Raises InvalidInputError."""
    if text.startswith("unix:") and len(text) > len("unix:"):
        return ListenAddress("", 0, text.removeprefix("unix:"), text)
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
        colon = ""
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise InvalidInputError(_UNREADABLE, text=text)
    return ListenAddress(host, int(port), "", text)


def bind(address: ListenAddress, copies: int) -> list[socket.socket]:
    """Bind an address, once for each worker, so that the kernel shares connections out evenly.

    The parent keeps all of them open: connections that wait survive a worker's death. Where the
    system cannot share a port (or for a UNIX socket) all workers get the same socket.
    Raises AddressInUseError, InvalidInputError.
    """
    try:
        if address.path:
            return [_bind_path(address.path)] * copies
        family, where = _resolve(address)
        probe = _bind(family, where, share=False)
        if copies == 1 or not hasattr(socket, "SO_REUSEPORT"):
            return [probe] * copies
        bound = probe.getsockname()
        probe.close()
        return [_bind(family, bound, share=True) for _ in range(copies)]
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise AddressInUseError(address) from fault
        sentence, reason = _sentence_for(fault), fault.strerror or str(fault)
        raise InvalidInputError(sentence, text=address.text, reason=reason) from fault


def _resolve(address: ListenAddress) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Return the family and socket address of a host; names resolve to their first address."""
    found = socket.getaddrinfo(
        address.host or None,
        address.port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )
    family, _, _, _, where = found[0]
    return family, (str(where[0]), int(where[1]))


def _bind(family: socket.AddressFamily, where: tuple[str, int], *, share: bool) -> socket.socket:
    """Bind and listen."""
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(where)
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _bind_path(path: str) -> socket.socket:
    """Bind a UNIX socket; one that nobody answers on any more is replaced."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if Path(path).is_socket():
            _remove_if_dead(path)
        bound.bind(path)
        # As on loopback, whoever reaches it may speak; who may reach it the folder decides.
        Path(path).chmod(0o666)
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _remove_if_dead(path: str) -> None:
    """Remove a UNIX socket that a dead process left behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                Path(path).unlink()


def _sentence_for(fault: OSError) -> Text:
    """Choose what to tell the operator."""
    return _FORBIDDEN if fault.errno in (errno.EACCES, errno.EPERM) else _UNBINDABLE
