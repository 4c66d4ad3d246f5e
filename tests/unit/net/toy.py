"""A protocol of three words, to try the pump without any real protocol.

Used by the tests of `hato.net`.
Each line is a command and is answered with the same line; some words do more.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from hato.core.addresses import Networks
from hato.core.settings import Limits, Tls
from hato.net.connection import Connection
from hato.net.doorkeeper import Doorkeeper
from hato.net.service import Service
from hato.net.session import Handler, Peer
from hato.net.tls_contexts import TlsContexts
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.machine import Buffer, Farewell, Outbox, Signal

BIG_CHUNKS = 200
BIG_CHUNK = b"x" * 65_536


@dataclass(frozen=True)
class Word:
    text: bytes


class ToyMachine:
    """Lines in, lines out."""

    def __init__(self) -> None:
        self._outbox = Outbox()
        self._lines = LineBuffer()
        self._ending = self._starts_tls = self._eof = False
        self._outbox.put(b"hello\r\n")

    def receive_data(self, data: bytes) -> None:
        self._lines.feed(data)

    def receive_eof(self) -> None:
        self._eof = True

    def next_command(self) -> Word | Signal:
        if self._ending:
            return Signal.CLOSED
        if self._starts_tls:
            return Signal.START_TLS
        if self._outbox.is_full:
            return Signal.PAUSED
        line = self._lines.next_line(255)
        if isinstance(line, Incomplete):
            return Signal.CLOSED if self._eof else Signal.NEED_DATA
        if line == b"bye":
            return Signal.PARTED
        if line == b"tls":
            self._starts_tls = True
            self._outbox.put(b"go\r\n")
            return Signal.START_TLS
        return Word(line)

    def send(self, reply: bytes) -> None:
        self._outbox.put(reply)

    def data_to_send(self) -> list[Buffer]:
        return self._outbox.take()

    @property
    def pending_octets(self) -> int:
        return self._outbox.pending_octets

    def tls_established(self) -> None:
        self._starts_tls = False
        self._lines.discard()

    def say_farewell(self, reason: Farewell) -> None:
        self._ending = True
        self._outbox.put(reason.name.encode() + b"\r\n")


class ToySession:
    """Answers words."""

    def __init__(self, peer: Peer, stage: Stage) -> None:
        self.peer = peer
        self.stage = stage
        self.machine = ToyMachine()
        self.handlers: dict[type, Handler] = {Word: self.word}
        self.is_logged_in = stage.logged_in
        self.is_revoked = False
        stage.sessions.append(self)

    def word(self, word: Word) -> Awaitable[None] | None:
        match word.text:
            case b"wait":
                return self.wait()
            case b"big":
                return self.big()
            case b"crash":
                raise RuntimeError("a bug")
            case b"crash later":
                return self.crash_later()
        self.machine.send(word.text + b"\r\n")
        return None

    async def wait(self) -> None:
        await self.stage.gate.wait()
        self.machine.send(b"waited\r\n")

    async def big(self) -> None:
        for _ in range(BIG_CHUNKS):
            self.machine.send(BIG_CHUNK)
            await self.peer.drain()
        self.machine.send(b"\r\n")

    async def crash_later(self) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a bug")

    async def close(self) -> None:
        self.handlers.clear()
        self.stage.closed.set()


@dataclass
class Stage:
    """A service with the toy protocol on a port of its own."""

    logged_in: bool = True
    sessions: list[ToySession] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    service: Service = field(init=False)
    port: int = field(init=False)
    client_tls: ssl.SSLContext = field(init=False)

    async def connect(self, *, tls: bool = False) -> Client:
        """Connect a client."""
        options: dict[str, Any] = {"ssl": self.client_tls, "server_hostname": "localhost"}
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, **(options if tls else {})
        )
        client = Client(self, reader, writer)
        self.clients.append(client)
        return client


@dataclass
class Client:
    """The other side."""

    stage: Stage
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def send_without_end(self, data: bytes) -> None:
        while True:
            self.writer.write(data)
            await self.writer.drain()

    async def line(self) -> bytes:
        return await asyncio.wait_for(self.reader.readline(), 10)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 10)

    def reset(self) -> None:
        """End the connection as a crash does: without a word."""
        plug = self.writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def start_tls(self) -> None:
        await self.writer.start_tls(self.stage.client_tls, server_hostname="localhost")


@contextlib.asynccontextmanager
async def toy_stage(
    folder: Path,
    *,
    limits: Limits | None = None,
    trusted: tuple[str, ...] = (),
    implicit_tls: bool = False,
    logged_in: bool = True,
    idle_seconds: float = 600.0,
) -> AsyncIterator[Stage]:
    """Serve the toy protocol on loopback."""
    limits = limits or Limits()
    stage = Stage(logged_in)
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    contexts = TlsContexts(
        Tls(certificate=str(folder / "certificate.pem"), key=str(folder / "key.pem"))
    )
    stage.client_tls = ssl.create_default_context()
    authority.configure_trust(stage.client_tls)
    stage.service = Service(
        "toy",
        lambda peer: ToySession(peer, stage),
        doorkeeper=Doorkeeper(limits, Networks(trusted)),
        limits_=limits,
        idle_seconds=idle_seconds,
        implicit_tls=contexts if implicit_tls else None,
        upgrade_tls=contexts,
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stage.service), "127.0.0.1", 0)
    stage.port = server.sockets[0].getsockname()[1]
    try:
        yield stage
    finally:
        server.close()
        stage.gate.set()
        for client in stage.clients:
            client.writer.transport.abort()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await client.writer.wait_closed()
        await stage.service.stop(0.2)
