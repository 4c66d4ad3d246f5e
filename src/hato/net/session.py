"""What the pump and an edge know of each other.

Called by `net.connection` (drives a Session) and by servers (are one, ask their Peer).
Never moves a byte itself.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from hato.protocols.machine import Machine

Handler: TypeAlias = Callable[[Any], Awaitable[None] | None]
"""Answers one command; returns None when it is done, or what must be awaited."""


class TlsFacts(NamedTuple):
    """What is known of the TLS that protects a connection."""

    version: str
    cipher: str
    server_name: str | None
    """The name that the client asked for (SNI)."""
    channel_binding: bytes | None
    """`tls-exporter` of RFC 9266, where the library can give it."""


class Peer(Protocol):
    """The other side of a connection, as an edge may know it."""

    session_id: str
    """Short and unique enough to find a session's lines in the log."""
    address: str
    """The client's IP address; empty for a UNIX socket."""
    port: int
    local_address: str
    local_port: int
    tls: TlsFacts | None

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects the connection now."""
        ...

    async def drain(self) -> None:
        """Write what the machine has pending and wait until the peer can take more.

        Raises ConnectionError when the peer is gone.
        """
        ...


class Session(Protocol):
    """An edge's side of one connection."""

    @property
    def machine(self) -> Machine[Any, Any]:
        """The conversation."""
        ...

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Who answers which command; every command that the machine can yield is there."""
        ...

    @property
    def is_logged_in(self) -> bool:
        """Before: one deadline for everything; afterwards: only inactivity counts."""
        ...

    @property
    def is_revoked(self) -> bool:
        """Whether whoever logged in has lost the right to be here."""
        ...

    async def close(self) -> None:
        """Let go of what the session holds; called once, however the connection ended."""
        ...


SessionFactory: TypeAlias = Callable[[Peer], Session]
