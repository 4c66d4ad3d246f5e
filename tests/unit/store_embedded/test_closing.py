"""The end of a store while requests wait, and how requests wait."""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import UnavailableError
from hato.core.ids import AccountId
from hato.store.embedded import committer
from hato.store.embedded.account_writer import Request
from hato.store.embedded.committer import Queue, Waiting
from hato.store.embedded.gate import Gate
from tests.unit.store_embedded.conftest import Office


async def test_who_waits_for_a_gate_that_nobody_lets_go_is_told_when_the_store_closes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "_CLOSING_SECONDS", 0.0)
    gate = Gate(str(office.folder))
    gate.take()
    writer, letters = office.writer, [await office.letter() for _ in range(3)]
    waiting = [asyncio.ensure_future(office.commit(letter)) for letter in letters]
    while writer.gate.try_turn():  # until a thread waits for the gate
        writer.gate.end_turn()
        await asyncio.sleep(0)
    closing = asyncio.ensure_future(office.store.close())
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 3
    gate.release()
    await closing
    await office.open_again()
    assert await office.uids() == []
    await office.add()
    assert await office.uids() == [1]


async def test_a_queue_knows_how_many_octets_wait_in_it() -> None:
    loop = asyncio.get_running_loop()
    queue = Queue(AccountId("abcdefghijklmnop"))
    for octets in (10, 200, 3_000):
        queue.put(Waiting(Request(()), octets, loop, loop.create_future()))
    assert queue.waiting_octets == 3_210
    assert [one.octets for one in queue.take(2)] == [10, 200]
    assert queue.waiting_octets == 3_000
    assert [one.octets for one in queue.take(2)] == [3_000]
    assert (queue.waiting_octets, queue.take(2)) == (0, [])
