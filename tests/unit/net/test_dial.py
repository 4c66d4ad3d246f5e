"""Opening connections: names, addresses, and limits of patience."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence

import pytest

from hato.net.dial import Endpoint, dial
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.net.dialled import Patience
from hato.net.read_pace import ReadPace
from tests.unit.net.raw_server import drip, raw_server, silence

QUICK = Patience(dial_seconds=5, idle_seconds=0.03, total_seconds=5)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)


async def test_what_is_written_arrives_and_what_is_answered_is_read() -> None:
    async with raw_server(echo) as port:
        dialled = await dial("localhost", port)
        await dialled.write([b"one ", b"two"])
        assert await dialled.read() == b"one two"
        assert dialled.tls is None
        dialled.close()


async def test_the_end_of_the_server_reads_as_nothing() -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with raw_server(leave) as port:
        dialled = await dial("127.0.0.1", port)
        assert [await dialled.read(), await dialled.read()] == [b"bye", b""]
        dialled.close()


async def test_a_port_where_nobody_listens_refuses() -> None:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        with pytest.raises(DialError) as caught:
            await dial("127.0.0.1", plug.getsockname()[1])
    assert caught.value.fault is DialFault.REFUSED


@pytest.mark.parametrize("host", ["", "a\0b", "x" * 64 + ".example", "..", "\u2488com", "no such"])
async def test_what_can_be_no_name_is_no_host(host: str) -> None:
    with pytest.raises(DialError) as caught:
        await dial(host, 995)
    assert caught.value.fault in (DialFault.NO_SUCH_HOST, DialFault.NAME_SERVICE)


class Names:
    """Resolves every name to the same addresses, and counts."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[Endpoint]:
        self.asked.append(host)
        return [Endpoint(socket.AF_INET, (address, port)) for address in self.addresses]


async def test_the_address_that_was_judged_is_connected_to_and_the_name_asked_for_once() -> None:
    names = Names("127.0.0.9", "127.0.0.1")
    judged: list[str] = []

    def may_reach(address: str) -> bool:
        judged.append(address)
        return address == "127.0.0.1"

    async with raw_server(echo) as port:
        dialled = await dial("mail.example", port, resolve=names, may_reach=may_reach)
        dialled.close()
    assert (dialled.address, names.asked) == ("127.0.0.1", ["mail.example"])
    assert judged == ["127.0.0.9", "127.0.0.1"]


async def test_where_no_address_may_be_reached_none_is() -> None:
    connected = asyncio.Event()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()

    async with raw_server(note) as port:
        with pytest.raises(DialError) as caught:
            await dial(
                "mail.example", port, resolve=Names("127.0.0.1"), may_reach=lambda address: False
            )
    assert caught.value.fault is DialFault.FORBIDDEN_ADDRESS
    assert not connected.is_set()


async def test_a_name_without_addresses_is_no_host() -> None:
    with pytest.raises(DialError) as caught:
        await dial("mail.example", 110, resolve=Names())
    assert caught.value.fault is DialFault.NO_SUCH_HOST


async def test_a_name_beyond_ascii_is_asked_for_as_dns_knows_it() -> None:
    names = Names()
    with pytest.raises(DialError):
        await dial("bücher.example", 110, resolve=names)
    assert names.asked == ["xn--bcher-kva.example"]


async def test_the_next_address_is_tried_where_one_refuses() -> None:
    async with raw_server(echo) as port:
        dialled = await dial("mail.example", port, resolve=Names("127.0.0.8", "127.0.0.1"))
        dialled.close()
    assert dialled.address == "127.0.0.1"


async def test_a_name_service_that_never_answers_is_given_up() -> None:
    async def never(host: str, port: int) -> Sequence[Endpoint]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(DialError) as caught:
        await dial("mail.example", 110, resolve=never, patience=Patience(dial_seconds=0.01))
    assert caught.value.fault is DialFault.TIMED_OUT


async def test_who_waits_for_a_name_keeps_no_file_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def wait(*_: object, **__: object) -> object:
        is_over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    waiting = [asyncio.create_task(dial("mail.example", 995)) for _ in range(50)]
    try:
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(is_over.is_set) is False
    finally:
        is_over.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {DialError}


async def test_a_silent_server_is_given_up() -> None:
    async with raw_server(silence) as port:
        dialled = await dial("127.0.0.1", port, patience=QUICK)
        with pytest.raises(ConnectionLostError) as caught:
            await dialled.read()
        dialled.close()
    assert caught.value.loss is Loss.SILENT


async def test_a_connection_ends_when_its_time_is_up_however_busy() -> None:
    patience = Patience(total_seconds=0.05)
    async with raw_server(echo) as port:
        dialled = await dial("127.0.0.1", port, patience=patience)

        async def chat() -> None:
            while True:
                await dialled.write([b"x"])
                await dialled.read()

        with pytest.raises(ConnectionLostError) as caught:
            await chat()
        dialled.close()
    assert caught.value.loss is Loss.TOO_LONG


async def test_a_server_that_reads_nothing_is_given_up() -> None:
    stop = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()

    async with raw_server(deaf) as port:
        dialled = await dial("127.0.0.1", port, patience=QUICK)
        with pytest.raises(ConnectionLostError) as caught:
            await dialled.write([b"x" * 33_554_432])
        stop.set()
        dialled.close()
    assert caught.value.loss is Loss.SILENT


async def test_nothing_is_read_ahead_of_the_caller() -> None:
    """A server that floods us is stopped by its own full buffers."""
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536
            if sent > 268_435_456:
                return

    async with raw_server(flood) as port:
        dialled = await dial("127.0.0.1", port)
        largest = max([len(await dialled.read()) for _ in range(50)])
        dialled.close()
    assert largest <= 65_536
    assert sent < 268_435_456


def test_one_octet_a_second_is_too_slow() -> None:
    pace = ReadPace(64, 60)
    assert pace.received(1, 5)
    steps = 0
    while pace.received(1, 1):
        steps += 1
    assert steps == 59


def test_a_server_may_think_before_each_answer() -> None:
    pace = ReadPace(64, 60)
    for _ in range(100):
        pace.expect_answer()
        assert pace.received(5, 50)


def test_short_answers_that_drip_are_too_slow() -> None:
    pace = ReadPace(64, 60)

    def answers_in_time() -> bool:
        pace.expect_answer()
        return all(pace.received(1, 1) for _ in b"+OK\r\n")

    assert not all(answers_in_time() for _ in range(20))


def test_a_slow_line_that_carries_enough_is_waited_for() -> None:
    pace = ReadPace(64, 60)
    assert all(pace.received(100, 1) for _ in range(1_000))


async def test_a_server_that_drips_is_cut() -> None:
    patience = Patience(least_octets_per_second=1e6, rate_seconds=0.02)
    async with raw_server(drip) as port:
        dialled = await dial("127.0.0.1", port, patience=patience)

        async def listen() -> None:
            while await dialled.read():
                pass

        with pytest.raises(ConnectionLostError) as caught:
            await listen()
        dialled.close()
    assert caught.value.loss is Loss.TOO_SLOW
