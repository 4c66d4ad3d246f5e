"""A POP3 server over TLS that lets in whoever has a token of an issuer.

Used by the tests of `hato account authorise`; Dovecot does the same in `tests/interop`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import trustme

from tests.unit.net.raw_server import all_have_ended
from tests.unit.oauth.issuer_server import IssuerServer

_TOKEN = re.compile(rb"\x01auth=Bearer ([^\x01]+)\x01\x01$")


class MailServer:
    """Offers one mechanism, in two lines only, as Exchange does."""

    def __init__(self, folder: Path, issuer: IssuerServer, mechanism: str) -> None:
        self.ca_file = str(folder / "mail-authority.pem")
        self.mechanism = mechanism
        self.port = 0
        self.let_in: list[str] = []
        """Who logged in, in order."""
        self._issuer = issuer

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[MailServer]:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        server = await asyncio.start_server(self._session, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await all_have_ended(server)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(b"+OK ready\r\n")
            while line := await reader.readline():
                match line.strip().upper().split():
                    case [b"CAPA"]:
                        capabilities = f"SASL {self.mechanism}\r\nUIDL\r\n"
                        writer.write(f"+OK\r\n{capabilities}.\r\n".encode())
                    case [b"AUTH", mechanism] if mechanism == self.mechanism.encode():
                        writer.write(b"+ \r\n")
                        writer.write(await self._judge(await reader.readline(), reader, writer))
                    case [b"STAT"]:
                        writer.write(b"+OK 0 0\r\n")
                    case [b"QUIT"]:
                        writer.write(b"+OK\r\n")
                        break
                    case _:
                        writer.write(b"-ERR\r\n")
                await writer.drain()
            writer.close()

    async def _judge(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Answer what a client sent in an exchange."""
        found = _TOKEN.search(base64.b64decode(line))
        person = self._issuer.access_tokens.get(found[1].decode()) if found else None
        if person is None:
            writer.write(b"+ " + base64.b64encode(b'{"status":"invalid_token"}') + b"\r\n")
            await reader.readline()
            return b"-ERR [AUTH] no\r\n"
        self.let_in.append(person)
        return b"+OK\r\n"
