"""Fetching over HTTPS from real servers on loopback, and from hostile ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hato.services.settings_finder.https_fetch import FetchError, FetchFault, HttpsFetch
from tests.unit.net.raw_server import Authority, raw_server
from tests.unit.settings_finder.name_server import name_server, outside_at

ROWS = {
    "web.example.org A": ["127.0.0.1"],
    "two.example.org A": ["127.0.0.9", "127.0.0.1"],
    "inside.example.org A": ["10.0.0.1"],
    "metadata.example.org A": ["169.254.169.254"],
}
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(text: str, heard: list[str] | None = None) -> Answer:
    """Return a web server that answers everything with the same octets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request.decode())
        writer.write(text.encode())
        await writer.drain()

    return answer


def page(body: str, status: str = "200 OK", more: str = "") -> str:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}"


@asynccontextmanager
async def web(
    folder: Path, answer: Answer, *names: str, may_reach_loopback: bool = True
) -> AsyncIterator[HttpsFetch]:
    authority = Authority(folder)
    async with (
        name_server(ROWS) as (_, server),
        raw_server(answer, authority.server(*(names or ("web.example.org",)))) as port,
    ):
        yield outside_at(
            server,
            authorities=folder / "authority.pem",
            https_port=port,
            may_reach_loopback=may_reach_loopback,
        ).https


async def fault_of(https: HttpsFetch, url: str = "https://web.example.org/") -> FetchFault:
    with pytest.raises(FetchError) as caught:
        await https.get(url, most_octets=1_000)
    return caught.value.fault


async def test_a_page_is_fetched_and_asked_for_by_its_hosts_name(tmp_path: Path) -> None:
    heard: list[str] = []
    async with web(tmp_path, saying(page("<clientConfig/>"), heard)) as https:
        assert await https.get("https://web.example.org/mail?x=1") == b"<clientConfig/>"
    lines = heard[0].split("\r\n")
    assert lines[0] == "GET /mail?x=1 HTTP/1.1"
    assert "Host: web.example.org" in lines
    assert not any(line.lower().startswith("cookie") for line in lines)


async def test_the_next_address_is_tried_where_one_refuses(tmp_path: Path) -> None:
    async with web(tmp_path, saying(page("here")), "two.example.org") as https:
        assert await https.get("https://two.example.org/") == b"here"


@pytest.mark.parametrize("host", ["inside", "metadata", "web"])
async def test_private_addresses_are_never_connected_to(tmp_path: Path, host: str) -> None:
    heard: list[str] = []
    async with web(tmp_path, saying(page(""), heard), may_reach_loopback=False) as https:
        fault = await fault_of(https, f"https://{host}.example.org/")
    assert fault is FetchFault.FORBIDDEN_ADDRESS
    assert heard == []


async def test_a_redirect_into_a_private_network_is_not_followed(tmp_path: Path) -> None:
    where = "Location: https://metadata.example.org/latest\r\n"
    async with web(tmp_path, saying(page("", "302 Found", where))) as https:
        assert await fault_of(https) is FetchFault.FORBIDDEN_ADDRESS


@pytest.mark.parametrize(
    "where",
    [
        "http://web.example.org/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://web.example.org:22/",
        "https://me:secret@web.example.org/",
        "file:///etc/passwd",
        "/round/and/round",
    ],
)
async def test_a_redirect_may_not_lead_anywhere(tmp_path: Path, where: str) -> None:
    answer = saying(page("", "301 Moved", f"Location: {where}\r\n"))
    async with web(tmp_path, answer) as https:
        assert await fault_of(https) is FetchFault.OTHER_WAY


async def test_a_certificate_for_another_name_is_no_answer(tmp_path: Path) -> None:
    heard: list[str] = []
    async with web(tmp_path, saying(page("x"), heard), "other.example.org") as https:
        assert await fault_of(https) is FetchFault.UNREACHABLE
    assert heard == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (page("gone", "404 Not Found"), FetchFault.NOTHING_THERE),
        (page("x" * 2_000), FetchFault.TOO_LARGE),
        (page("x", more="Content-Encoding: gzip\r\n"), FetchFault.NONSENSE),
        ("SSH-2.0-OpenSSH_9.2\r\n", FetchFault.NONSENSE),
        ("", FetchFault.NONSENSE),
    ],
)
async def test_what_is_no_fit_answer_has_its_fault(
    tmp_path: Path, answer: str, fault: FetchFault
) -> None:
    async with web(tmp_path, saying(answer)) as https:
        assert await fault_of(https) is fault


async def test_a_server_that_drips_is_given_up(tmp_path: Path) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        leaving = asyncio.ensure_future(reader.read())
        while not leaving.done():
            writer.write(b"X-More: 1\r\n")
            await asyncio.wait({leaving}, timeout=0.002)

    async with web(tmp_path, drip) as https:
        https._seconds = 0.3
        assert await fault_of(https) in (FetchFault.TIMED_OUT, FetchFault.NONSENSE)


async def test_no_such_host_is_told(tmp_path: Path) -> None:
    async with web(tmp_path, saying("")) as https:
        assert await fault_of(https, "https://nowhere.example.org/") is FetchFault.NO_SUCH_HOST
