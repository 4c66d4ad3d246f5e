"""One question over HTTPS, one bounded answer; every way in which none comes has its name."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from hato.core.errors import InvalidInputError
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.net.https import Answer, ask
from tests.unit.net.raw_server import all_have_ended


class WebServer:
    """Says the same octets to everybody, and keeps what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = str(folder / "authority.pem")
        self.port = 0
        self.says = b""
        self.is_silent = False
        self.asked: list[bytes] = []
        self._over = asyncio.Event()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[WebServer]:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._over.set()
            server.close()
            await all_have_ended(server)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.says)
            await writer.drain()
            if self.is_silent:
                await self._over.wait()
        writer.close()

    async def ask(self, path: str = "/", *, seconds: float = 10.0) -> Answer:
        url = f"https://localhost:{self.port}{path}"
        return await ask("GET", url, authorities_file=self.ca_file, octets=1_000, seconds=seconds)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[WebServer]:
    async with WebServer(tmp_path).serving() as serving:
        yield serving


def reply(content: bytes, status: str = "200 OK", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *more]
    return "\r\n".join([*head, "", ""]).encode() + content


async def test_an_answer_is_its_status_and_its_content(server: WebServer) -> None:
    server.says = reply(b"hello", "418 Teapot")
    assert await server.ask() == (418, b"hello")
    assert b"\r\naccept-encoding: identity\r\n" in server.asked[0].lower()
    assert b"cookie" not in server.asked[0].lower()


async def test_a_redirect_is_an_answer_and_is_not_followed(server: WebServer) -> None:
    server.says = reply(b"", "302 Found", "Location: /elsewhere")
    assert (await server.ask()).status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "says",
    [
        reply(b"x" * 1_001),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1_024,
    ],
    ids=["stated", "unstated", "in chunks"],
)
async def test_an_answer_that_is_too_long_is_cut(server: WebServer, says: bytes) -> None:
    server.says = says
    with pytest.raises(ConnectionLostError) as caught:
        await server.ask()
    assert caught.value.loss is Loss.TOO_LONG


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"+OK POP3 ready\r\n"]
)
async def test_half_an_answer_is_none(server: WebServer, says: bytes) -> None:
    server.says = says
    with pytest.raises(ConnectionLostError) as caught:
        await server.ask()
    assert caught.value.loss is Loss.CLOSED


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"])
async def test_an_answer_that_does_not_come_in_time_is_not_waited_for(
    server: WebServer, says: bytes
) -> None:
    server.says, server.is_silent = says, True
    with pytest.raises(ConnectionLostError):
        await server.ask(seconds=0.2)


async def test_nothing_is_said_in_clear_text(server: WebServer) -> None:
    with pytest.raises(DialError) as caught:
        await ask("GET", f"http://localhost:{server.port}/")
    assert caught.value.fault is DialFault.NO_TLS
    assert server.asked == []


@pytest.mark.parametrize("place", ["localhost:99999", "localhost:abc", "[::1"])
async def test_an_address_that_is_none_is_told(place: str) -> None:
    with pytest.raises(DialError) as caught:
        await ask("GET", f"https://{place}/")
    assert caught.value.fault is DialFault.NO_SUCH_HOST


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
async def test_a_file_without_authorities_is_told(
    server: WebServer, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "other.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"other\.pem"):
        await ask("GET", f"https://localhost:{server.port}/", authorities_file=str(path))


async def test_what_speaks_no_tls_is_told(tmp_path: Path) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK POP3 ready\r\n")
        writer.close()

    plain = await asyncio.start_server(say, "127.0.0.1", 0)
    async with plain:
        port = plain.sockets[0].getsockname()[1]
        with pytest.raises(DialError) as caught:
            await ask("GET", f"https://127.0.0.1:{port}/")
    assert caught.value.fault is DialFault.TLS_FAILED
