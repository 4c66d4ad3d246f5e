"""A browser brings an answer to loopback; nobody else, nowhere else, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from hato.core import limits
from hato.net.loopback_redirect import LoopbackRedirect, Reply

SEEN: list[str] = []


def judge(query: str) -> Reply:
    SEEN.append(query)
    if query == "state=right":
        return Reply(200, "<p>done: 鳩", is_last=True)
    return Reply(400, "<p>not this")


@pytest.fixture
async def redirect() -> AsyncIterator[LoopbackRedirect]:
    SEEN.clear()
    waiting = LoopbackRedirect("/back", judge, "<p>no")
    async with waiting.listening():
        yield waiting


async def exchange(port: int, request: bytes) -> bytes:
    """Say something, and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(request)
        await writer.drain()
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def get(target: str, host: str, method: str = "GET") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_the_right_answer_ends_the_waiting(redirect: LoopbackRedirect, name: str) -> None:
    answer = await exchange(redirect.port, get("/back?state=right", f"{name}:{redirect.port}"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith("<p>done: 鳩".encode())
    await redirect.wait()


async def test_a_page_keeps_the_code_to_itself(redirect: LoopbackRedirect) -> None:
    host = f"127.0.0.1:{redirect.port}"
    head = (await exchange(redirect.port, get("/back?state=right", host))).lower()
    assert b"cache-control: no-store\r\n" in head
    assert b"referrer-policy: no-referrer\r\n" in head
    assert b"content-security-policy: default-src 'none'" in head
    assert b"state=right" not in head


@pytest.mark.parametrize(
    ("target", "host", "method", "status"),
    [
        ("/back?state=wrong", "127.0.0.1:{port}", "GET", 400),
        ("/favicon.ico", "127.0.0.1:{port}", "GET", 404),
        ("/back/?state=right", "127.0.0.1:{port}", "GET", 404),
        ("/back?state=right", "127.0.0.1:{port}", "POST", 405),
        ("/back?state=right", "evil.example:{port}", "GET", 421),
        ("/back?state=right", "127.0.0.1", "GET", 421),
        ("/back?state=right", "127.0.0.1:1", "GET", 421),
    ],
)
async def test_anything_else_is_refused_and_the_waiting_goes_on(
    redirect: LoopbackRedirect, target: str, host: str, method: str, status: int
) -> None:
    request = get(target, host.format(port=redirect.port), method)
    assert (await exchange(redirect.port, request)).startswith(f"HTTP/1.1 {status} ".encode())
    assert "state=right" not in SEEN
    assert (await exchange(redirect.port, get("/back?state=right", f"localhost:{redirect.port}")))[
        :12
    ] == b"HTTP/1.1 200"
    await redirect.wait()


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /back?state=right HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["nonsense", "tls", "no host", "endless"],
)
async def test_what_is_no_request_is_refused(redirect: LoopbackRedirect, request_: bytes) -> None:
    assert (await exchange(redirect.port, request_))[:12] in (b"HTTP/1.1 400", b"")
    assert SEEN == []


async def test_who_says_nothing_gets_nothing(redirect: LoopbackRedirect) -> None:
    assert await exchange(redirect.port, b"") == b""


async def test_only_loopback_listens(redirect: LoopbackRedirect) -> None:
    families = {socket.AF_INET: "127.0.0.2", socket.AF_INET6: "::1"}
    for family, address in families.items():
        with (
            socket.socket(family) as plug,
            pytest.raises(OSError, match=r"refused|assign|unreachable"),
        ):
            plug.connect((address, redirect.port))


async def test_more_connections_than_a_browser_opens_are_closed() -> None:
    waiting = LoopbackRedirect("/back", judge, "<p>no")
    async with waiting.listening() as port:
        open_ = [
            await asyncio.open_connection("127.0.0.1", port)
            for _ in range(limits.REDIRECT_CONNECTIONS)
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()
    for _, writer in open_:  # those that were opened in advance do not hold the end up
        writer.close()


async def test_nobody_listens_afterwards() -> None:
    waiting = LoopbackRedirect("/back", judge, "<p>no")
    async with waiting.listening() as port:
        pass
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
