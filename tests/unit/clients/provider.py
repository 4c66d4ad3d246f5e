"""Providers for the POP3 client: our own server with real logins, and servers made of a script.

Used by the tests of `hato.clients`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import trustme

from hato.clients.login import Identity
from hato.clients.pop3 import Pop3Client, connect
from hato.clients.server import MailServer, Security
from hato.core.addresses import Networks
from hato.core.errors import HatoError
from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from hato.core.settings import Limits, Tls
from hato.net.connection import Connection
from hato.net.dialled import Patience
from hato.net.doorkeeper import Doorkeeper
from hato.net.outgoing_tls import Trust
from hato.net.service import Service
from hato.net.tls_contexts import TlsContexts
from hato.servers.pop3 import Pop3Edge, Pop3Session
from hato.store.api import Account
from hato.store.changes import AddEmail
from tests.unit.auth.house import ADA, PASSWORD, House
from tests.unit.net.raw_server import raw_server

QUICK = Patience(dial_seconds=5, login_seconds=5, idle_seconds=0.05, total_seconds=5)
"""For servers that fall silent."""
STEADY = Patience(dial_seconds=60, login_seconds=60, idle_seconds=5, total_seconds=120)
"""For all others, on a machine that may have much to do."""
IDENTITY = Identity(ADA, Secret(PASSWORD))
SCRIPTED = Identity("ada", Secret("secret"))
"""Who logs in to scripted servers."""


class Provider:
    """Our own POP3 server, with Ada's mailbox."""

    def __init__(self, house: House, trust: Trust) -> None:
        self.house = house
        self.trust = trust
        self.ports: dict[Security, int] = {}

    async def deliver(self, *letters: bytes) -> None:
        account = await self._account()
        for letter in letters:
            staged = self.house.store.stage()
            await staged.write(letter)
            await staged.seal()
            await account.commit([AddEmail(staged, (account.inbox,), self.house.clock.now())])

    async def count(self) -> int:
        """Return how many letters there are."""
        account = await self._account()
        return len((await account.snapshot(account.inbox)).uids)

    async def _account(self) -> Account:
        person = await self.house.accounts.person(ADA)
        return await self.house.store.account(person.account_id)

    async def connect(self, security: Security = Security.IMPLICIT_TLS) -> Pop3Client:
        server = MailServer("localhost", self.ports[security], security)
        return await connect(server, self.trust)

    async def log_in(self) -> Pop3Client:
        client = await self.connect()
        await client.log_in(IDENTITY)
        return client


@contextlib.asynccontextmanager
async def open_provider(folder: Path, *names: str, **options: bool) -> AsyncIterator[Provider]:
    """Serve on loopback, with and without implicit TLS, as `localhost` and `names`."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", *names)
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    tls = TlsContexts(Tls(certificate=str(folder / "certificate.pem"), key=str(folder / "key.pem")))
    house = House(folder, **options)
    await house.furnish()
    provider = Provider(house, Trust(str(folder / "authority.pem")))
    edge = Pop3Edge(house.authenticator, house.store.directory, house.settings, house.clock)
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        for security in (Security.IMPLICIT_TLS, Security.STARTTLS):
            is_implicit = security is Security.IMPLICIT_TLS
            service = Service(
                "pop3",
                lambda peer, is_implicit=is_implicit: Pop3Session(  # type: ignore[misc]  # mypy cannot type a default of a lambda
                    peer, edge, offers_tls=not is_implicit
                ),
                doorkeeper=Doorkeeper(Limits(), Networks(())),
                limits_=Limits(),
                idle_seconds=600,
                implicit_tls=tls if is_implicit else None,
                upgrade_tls=tls,
            )
            server = await loop.create_server(
                lambda service=service: Connection(service),  # type: ignore[misc]  # the same
                "127.0.0.1",
                0,
            )
            provider.ports[security] = server.sockets[0].getsockname()[1]
            stack.push_async_callback(service.stop, 0.2)
            stack.callback(server.close)
        yield provider
    await house.authenticator.settle()


class Script:
    """A server that answers each command by its first word, and remembers what it heard."""

    def __init__(
        self,
        answers: Mapping[str, bytes | None] | None = None,
        *,
        greeting: bytes = b"+OK ready\r\n",
        capabilities: str = "USER UIDL TOP",
    ) -> None:
        """`answers`: None closes the connection there."""
        lines = "".join(f"{line}\r\n" for line in capabilities.split(" ") if line)
        self.answers: dict[str, bytes | None] = {
            "CAPA": f"+OK\r\n{lines.replace('_', ' ')}.\r\n".encode(),
            "USER": b"+OK\r\n",
            "PASS": b"+OK\r\n",
            "QUIT": b"+OK\r\n",
            **(answers or {}),
        }
        self.greeting = greeting
        self.heard: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        while line := await reader.readline():
            self.heard.append(line.decode().rstrip())
            word = self.heard[-1].partition(" ")[0]
            answer = self.answers.get(self.heard[-1], self.answers.get(word, b"-ERR what?\r\n"))
            if answer is None:
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return
            writer.write(answer)

    def has_heard(self, text: str) -> bool:
        return any(text in line for line in self.heard)


async def visit(
    port: int, trust: Trust, security: Security = Security.NONE, patience: Patience = STEADY
) -> Pop3Client:
    """Connect to a scripted server."""
    return await connect(MailServer("localhost", port, security), trust, patience=patience)


async def log_in(script: Script, trust: Trust, identity: Identity = SCRIPTED) -> str:
    """Log in to a scripted server; return by which method."""
    async with raw_server(script) as port:
        client = await visit(port, trust)
        try:
            return await client.log_in(identity)
        finally:
            client.close()


async def failure_of(script: Script, trust: Trust, identity: Identity = SCRIPTED) -> HatoError:
    """Log in to a scripted server that refuses; return the error."""
    with pytest.raises(HatoError) as caught:
        await log_in(script, trust, identity)
    return caught.value


async def top_of(client: Pop3Client, number: MessageNumber, lines: int = 0) -> bytes:
    """Return a message's header and its first lines."""
    async with contextlib.aclosing(client.tops((number,), lines)) as tops:
        async for top in tops:
            return b"".join([chunk async for chunk in top.chunks()])
    return b""
