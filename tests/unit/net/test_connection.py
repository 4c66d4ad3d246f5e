"""The pump, with a toy protocol on real sockets."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from hato.core import limits
from hato.core.settings import Limits
from hato.net import service
from hato.net.connection import Connection
from hato.protocols.machine import Farewell
from tests.unit.net.toy import BIG_CHUNK, BIG_CHUNKS, ToySession, toy_stage


async def test_commands_in_one_segment_are_answered_in_order_around_one_that_waits(
    tmp_path: Path,
) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"one\r\nwait\r\ntwo\r\n")
        assert await client.line() == b"hello\r\n"
        client.send(b"three\r\n")
        stage.gate.set()
        answers = [await client.line() for _ in range(4)]
        assert answers == [b"one\r\n", b"waited\r\n", b"two\r\n", b"three\r\n"]


async def test_a_command_may_arrive_octet_by_octet(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        await client.line()
        for octet in b"slowly\r\n":
            client.send(bytes([octet]))
            await client.writer.drain()
            await asyncio.sleep(0)
        assert await client.line() == b"slowly\r\n"


@pytest.mark.parametrize("tls", [False, True])
async def test_a_large_answer_arrives_whole_while_others_are_served(
    tmp_path: Path, *, tls: bool
) -> None:
    async with toy_stage(tmp_path, implicit_tls=tls) as stage:
        greedy, other = await stage.connect(tls=tls), await stage.connect(tls=tls)
        await greedy.line()
        await other.line()
        greedy.send(b"big\r\n")
        await asyncio.wait_for(greedy.reader.readexactly(1), 10)
        other.send(b"hi\r\n")
        assert await other.line() == b"hi\r\n"
        body = await greedy.reader.readexactly(BIG_CHUNKS * len(BIG_CHUNK) + 1)
        assert body == (BIG_CHUNK * BIG_CHUNKS)[1:] + b"\r\n"


async def test_a_peer_that_asks_and_never_reads_costs_no_memory(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        await client.line()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that does not read
        flood = b"y" * 100 + b"\r\n"
        sent = 0
        while sent < 64 * 1024 * 1024:
            client.send(flood * 1000)
            sent += len(flood) * 1000
            try:
                await asyncio.wait_for(client.writer.drain(), 0.3)
            except TimeoutError:
                break
        assert sent < 64 * 1024 * 1024
        machine = stage.sessions[0].machine
        assert machine.pending_octets < 300_000
        assert len(machine._lines) < 300_000
        client.writer.transport.abort()


async def test_what_came_before_tls_is_forgotten(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"tls\r\ninjected\r\n")
        assert [await client.line() for _ in range(2)] == [b"hello\r\n", b"go\r\n"]
        await client.start_tls()
        client.send(b"inside\r\n")
        assert await client.line() == b"inside\r\n"
        facts = stage.sessions[0].peer.tls
        assert facts is not None
        assert facts.version == "TLSv1.3"
        assert facts.server_name == "localhost"
        assert facts.channel_binding is not None
        assert len(facts.channel_binding) == 32


async def test_clear_text_where_a_handshake_is_due_ends_the_connection(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"tls\r\n")
        assert [await client.line() for _ in range(2)] == [b"hello\r\n", b"go\r\n"]
        client.send(b"still in the clear\r\n")
        assert b"still" not in await client.rest()
        assert stage.closed.is_set()


@pytest.mark.parametrize("word", [b"crash", b"crash later"])
async def test_a_bug_ends_one_session_and_says_little(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], word: bytes
) -> None:
    async with toy_stage(tmp_path) as stage:
        client, other = await stage.connect(), await stage.connect()
        await other.line()
        client.send(word + b"\r\n")
        assert await client.rest() == b"hello\r\nINTERNAL_FAULT\r\n"
        other.send(b"still there\r\n")
        assert await other.line() == b"still there\r\n"
    assert "RuntimeError: a bug" in capfd.readouterr().err


async def test_a_peer_that_still_sends_can_do_so_and_read_the_last_word(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"crash\r\n")
        assert [await client.line() for _ in range(2)] == [b"hello\r\n", b"INTERNAL_FAULT\r\n"]
        for _ in range(10):
            client.send(b"unread" * 10_000)
            await client.writer.drain()
        await asyncio.wait_for(stage.closed.wait(), 10)  # its session does not wait for it
        assert len(stage.service.connections) == 1
        client.writer.write_eof()
        assert await client.rest() == b""


async def test_a_peer_that_said_goodbye_is_not_waited_for(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        await client.line()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # its end is not seen
        client.send(b"bye\r\n")
        await asyncio.wait_for(stage.service.wait_until_empty(), 10)


async def test_a_peer_that_never_stops_sending_is_cut_off_after_the_last_word(
    tmp_path: Path,
) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"crash\r\n")
        with pytest.raises(ConnectionError):
            await client.send_without_end(b"unread" * 10_000)


async def test_stopping_does_not_wait_for_a_peer_that_had_the_last_word(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"crash\r\n")
        assert [await client.line() for _ in range(2)] == [b"hello\r\n", b"INTERNAL_FAULT\r\n"]
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # its end is not seen
        await asyncio.wait_for(stage.service.stop(1_000), 10)
        assert not stage.service.connections


async def test_a_half_closed_peer_gets_its_answers(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"one\r\nwait\r\ntwo\r\n")
        client.writer.write_eof()
        stage.gate.set()
        assert await client.rest() == b"hello\r\none\r\nwaited\r\ntwo\r\n"


async def test_a_session_is_closed_however_its_connection_ended(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        client.send(b"wait\r\n")
        await client.line()
        client.reset()
        await asyncio.wait_for(stage.closed.wait(), 10)


async def test_stopping_lets_a_running_command_finish(tmp_path: Path) -> None:
    async with toy_stage(tmp_path) as stage:
        busy, idle = await stage.connect(), await stage.connect()
        busy.send(b"wait\r\n")
        await busy.line()
        await idle.line()
        stopping = asyncio.create_task(stage.service.stop(10))
        assert await idle.rest() == b"SHUTTING_DOWN\r\n"
        stage.gate.set()
        assert await busy.rest() == b"SHUTTING_DOWN\r\nwaited\r\n"
        await stopping


async def test_the_proxied_client_counts_not_the_balancer(tmp_path: Path) -> None:
    async with toy_stage(
        tmp_path, trusted=("127.0.0.1",), limits=Limits(connections_per_address=1)
    ) as stage:
        client = await stage.connect()
        client.send(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 995\r\nhi\r\n")
        assert [await client.line() for _ in range(2)] == [b"hello\r\n", b"hi\r\n"]
        assert (stage.sessions[0].peer.address, stage.sessions[0].peer.port) == ("192.0.2.7", 4711)
        second = await stage.connect()
        second.send(b"PROXY TCP4 192.0.2.7 192.0.2.1 4712 995\r\n")
        assert await second.rest() == b"hello\r\nTOO_MANY_CONNECTIONS\r\n"
        third = await stage.connect()
        third.send(b"hi\r\n")
        assert await third.rest() == b""


async def test_a_silent_connection_is_told_when_its_time_to_log_in_is_over(tmp_path: Path) -> None:
    async with toy_stage(tmp_path, logged_in=False, limits=Limits(login_seconds=0.0)) as stage:
        client = await stage.connect()
        await client.line()
        stage.service.look_after()
        assert await client.rest() == Farewell.LOGIN_TIMED_OUT.name.encode() + b"\r\n"


async def test_an_idle_session_is_ended_and_a_busy_one_is_not(tmp_path: Path) -> None:
    async with toy_stage(tmp_path, idle_seconds=0.0) as stage:
        busy, idle = await stage.connect(), await stage.connect()
        busy.send(b"wait\r\n")
        await busy.line()
        await idle.line()
        stage.service.look_after()
        assert await idle.rest() == b"IDLE_TIMED_OUT\r\n"
        stage.gate.set()
        assert await busy.line() == b"waited\r\n"


async def test_who_sends_too_slowly_is_told_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_WINDOW_SECONDS", 0.0)
    monkeypatch.setattr(limits, "LEAST_OCTETS_PER_SECOND", 1 << 40)
    async with toy_stage(tmp_path) as stage:
        client = await stage.connect()
        await client.line()
        client.send(b"half a li")
        async with asyncio.timeout(10):
            while not any(one.progress.received_octets for one in stage.service.connections):
                await asyncio.sleep(0)
        stage.service.look_after()
        client.send(b"ne, and mo")
        assert await client.rest() == b"TOO_SLOW\r\n"


async def test_who_is_revoked_and_does_not_read_is_cut(tmp_path: Path) -> None:
    async with toy_stage(tmp_path, limits=Limits(stalled_write_seconds=0.0)) as stage:
        client = await stage.connect()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that does not read
        client.send(b"big\r\n")
        async with asyncio.timeout(10):
            while not any(one.is_busy for one in stage.service.connections):
                await asyncio.sleep(0)
            stage.sessions[0].is_revoked = True
            while not stage.closed.is_set():
                stage.service.look_after()
                await asyncio.sleep(0)


async def test_a_handshake_that_never_comes_is_cut(tmp_path: Path) -> None:
    async with toy_stage(
        tmp_path, implicit_tls=True, limits=Limits(tls_handshake_seconds=0.0)
    ) as stage:
        client = await stage.connect()
        client.send(b"\x16\x03\x01")
        while not stage.service.connections:
            await asyncio.sleep(0)
        stage.service.look_after()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(client.reader.readexactly(1), 10)


async def test_garbage_instead_of_a_handshake_is_cut_without_a_session(tmp_path: Path) -> None:
    async with toy_stage(tmp_path, implicit_tls=True) as stage:
        client = await stage.connect()
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert b"hello" not in await client.rest()
        assert stage.sessions == []


async def test_a_connection_that_ended_needs_no_collector(tmp_path: Path) -> None:
    def alive() -> int:
        return sum(type(one) in {Connection, ToySession} for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        async with toy_stage(tmp_path) as stage:
            client = await stage.connect()
            await client.line()
            assert alive() == before + 2
            stage.sessions.clear()
            client.reset()
            await asyncio.wait_for(stage.closed.wait(), 10)
        assert alive() == before
    finally:
        gc.enable()
