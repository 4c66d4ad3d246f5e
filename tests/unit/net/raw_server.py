"""A server that does whatever a test wants, on loopback.

Used by the tests of dialling and of the clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import trustme

from hato.net.outgoing_tls import Trust

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Authority:
    """Issues certificates, sound and unsound ones."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(file))
        self.trust = Trust(str(file))

    def server(self, *names: str, days: tuple[int, int] = (-1, 1)) -> ssl.SSLContext:
        """Return a server's context, valid between two days from now."""
        now = dt.datetime.now(dt.UTC)
        begin, end = (now + dt.timedelta(days=day) for day in days)
        issued = self._ca.issue_cert(*(names or ("localhost",)), not_before=begin, not_after=end)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        return context


@contextlib.asynccontextmanager
async def raw_server(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on a port of 127.0.0.1; yields the port. Connections end with the test."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await behaviour(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing, until the client leaves."""
    while await reader.read(65_536):
        pass


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say one octet after the other, a moment apart, until the client leaves."""
    leaving = asyncio.ensure_future(reader.read())
    while not leaving.done():
        writer.write(b"+")
        await asyncio.wait({leaving}, timeout=0.002)
