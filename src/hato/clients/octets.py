"""Octets between a client's machine and its connection: out, in, one read at a time.

Called by the conversations of every protocol, and by what opens them.
Never reads before the machine has used up what came.
Standards: RFC 8314 §3 (TLS from the first octet where the server is one of that kind).
Fails with DialError and ConnectionLostError.
"""

from __future__ import annotations

from typing import Protocol

from hato.clients.server import MailServer, Security
from hato.net.dial import MayReach, Resolve, dial
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust
from hato.protocols.machine import Buffer


class ClientMachine(Protocol):
    """What every client's machine does with octets."""

    def data_to_send(self) -> list[Buffer]:
        """Return what is pending, in order, and forget it."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived."""
        ...

    def receive_eof(self) -> None:
        """Learn that the server will send nothing more."""
        ...


async def exchange_octets(dialled: Dialled, machine: ClientMachine) -> None:
    """Write what is pending, and feed what comes next, or the end."""
    await dialled.write(machine.data_to_send())
    data = await dialled.read()
    if data:
        machine.receive_data(data)
    else:
        machine.receive_eof()


async def dial_server(
    server: MailServer,
    trust: Trust,
    patience: Patience,
    may_reach: MayReach | None,
    resolve: Resolve,
) -> Dialled:
    """Connect to a server, under TLS at once where it begins so."""
    return await dial(
        server.host,
        server.port,
        trust=trust if server.security is Security.IMPLICIT_TLS else None,
        pinned_sha256=server.pinned_sha256,
        patience=patience,
        may_reach=may_reach,
        resolve=resolve,
    )
