"""A provider for verbs that run a loop of their own: our POP3 server, in a thread of its own.

Used by the tests of `hato account`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hato.clients.server import Security
from tests.unit.clients.provider import open_provider
from tests.unit.settings_finder.name_server import name_server

POP3_HOST = "pop.example.org"
STRANGE_DOMAIN = "elsewhere.example"
"""Its DNS says that POP3_HOST, which is not its own, has its mail."""


class Elsewhere(NamedTuple):
    """Where Ada has mail elsewhere."""

    pop3s: str
    pop3: str
    ca_file: str
    name_server: str
    """Knows POP3_HOST, and that it serves the mail of example.org; as `address:port`."""

    def options(self, *more: str) -> tuple[str, ...]:
        """Name it on the command line, with TLS from the start."""
        return ("--host", "localhost", "--port", self.pop3s, "--ca-file", self.ca_file, *more)


@contextlib.contextmanager
def provider_elsewhere(folder: Path) -> Iterator[Elsewhere]:
    """Serve until the test has ended."""
    folder.mkdir()
    loop = asyncio.new_event_loop()
    is_open, is_over = threading.Event(), asyncio.Event()
    ports: dict[Security, int] = {}
    names: list[str] = []

    async def serve() -> None:
        rows = {f"{POP3_HOST} A": ["127.0.0.1"]}
        async with (
            open_provider(folder, POP3_HOST) as provider,
            name_server(rows) as (_, place),
        ):
            await provider.deliver(b"Subject: one\r\n\r\n1\r\n")
            ports.update(provider.ports)
            port = ports[Security.IMPLICIT_TLS]
            for domain in ("example.org", STRANGE_DOMAIN):
                rows[f"_pop3s._tcp.{domain} SRV"] = [f"0 0 {port} {POP3_HOST}."]
            names.append(place)
            is_open.set()
            await is_over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert is_open.wait(30)
        pop3s, pop3 = ports[Security.IMPLICIT_TLS], ports[Security.STARTTLS]
        yield Elsewhere(str(pop3s), str(pop3), str(folder / "authority.pem"), names[0])
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(30)
        loop.close()
