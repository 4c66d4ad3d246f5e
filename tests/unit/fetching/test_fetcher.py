"""The service: each source when it is due, changes noticed, so many at once, nobody twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from hato.clients.errors import Busy, BusyError, WrongCredentialsError
from hato.core import limits
from hato.core.secret import Secret
from hato.services.fetching.advice import advise
from hato.services.fetching.crew import Crew
from hato.services.fetching.fetcher import Fetcher, Told
from hato.services.fetching.health import Health, State, write_health
from hato.services.fetching.poll_outcome import Outcome
from hato.services.fetching.roster import Roster
from hato.services.fetching.source_polls import Report, mark_of
from hato.services.sources.source import Source
from tests.unit.fetching.house import House, RecordedPolls

TURNS = 20
"""Of the loop: enough for a poll that waits for nothing to end."""


class Service:
    """A fetcher in a time of its own, which passes only where the test wants it."""

    def __init__(self, house: House, polls: RecordedPolls) -> None:
        self.house = house
        self.polls = polls
        self._until = house.clock.monotonic()
        self._is_there = asyncio.Event()
        self._goes_on = asyncio.Event()
        roster = Roster(house.store, house.sources)
        self.fetcher = Fetcher(
            roster, polls, house.clock, chance=lambda: 0.5, pause=self._let_time_pass
        )
        self.task = asyncio.ensure_future(self._work())

    async def run(self, seconds: float) -> list[str]:
        """Let time pass; return who was polled meanwhile."""
        before = len(self.polls.polled)
        self._until = self.house.clock.monotonic() + seconds
        self._is_there.clear()
        self._goes_on.set()
        await self._is_there.wait()
        return self.polls.polled[before:]

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _work(self) -> None:
        async for _ in self.fetcher.reports():
            pass

    async def _let_time_pass(self, crew: Crew, seconds: float) -> list[Told]:
        """Let what runs come to its end, and only then the clock go on."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if told := await crew.finished(0):
            return told
        left = self._until - self.house.clock.monotonic()
        if left <= 0:
            self._is_there.set()
            self._goes_on.clear()
            await self._goes_on.wait()
        self.house.clock.advance(max(0.0, min(seconds, left)))
        return []


Start = Callable[..., Service]


@pytest.fixture
async def house() -> House:
    return House()


@pytest.fixture
async def start(house: House) -> AsyncIterator[Start]:
    started: list[Service] = []

    def begin(answer: Callable[[Source], Report] | None = None) -> Service:
        started.append(Service(house, RecordedPolls(house, answer)))
        return started[-1]

    yield begin
    for service in started:
        await service.close()


async def test_sources_are_polled_again_and_again_each_at_its_pace(
    house: House, start: Start
) -> None:
    account = await house.add_person()
    await house.add_source(account, "often", poll_seconds=60)
    await house.add_source(account, "seldom", poll_seconds=600)
    polled = await start().run(1200)
    assert polled.count("often") == pytest.approx(20, abs=1)
    assert polled.count("seldom") == 2


async def test_everybodys_sources_are_polled(house: House, start: Start) -> None:
    for name in ("ada", "bob", "eve"):
        await house.add_source(await house.add_person(name), name)
    assert sorted(await start().run(60)) == ["ada", "bob", "eve"]


async def test_a_source_that_is_added_is_polled_at_once(house: House, start: Start) -> None:
    account = await house.add_person()
    service = start()
    assert await service.run(100) == []
    await house.add_source(account, "new")
    assert await service.run(limits.FETCH_LOOK_SECONDS + 1) == ["new"]


async def test_somebody_new_is_noticed(house: House, start: Start) -> None:
    service = start()
    await service.run(100)
    await house.add_source(await house.add_person("new"), "new")
    assert await service.run(limits.FETCH_LOOK_SECONDS + 1) == ["new"]


async def test_a_source_that_is_removed_is_polled_no_more(house: House, start: Start) -> None:
    account = await house.add_person()
    source = await house.add_source(account)
    service = start()
    assert await service.run(100) == ["ada"]
    await house.sources(account).remove(source.source_id, keep_mail=True)
    assert await service.run(3_000) == []


async def test_a_removed_source_is_not_polled_to_the_end(house: House, start: Start) -> None:
    account = await house.add_person()
    source = await house.add_source(account)
    service = start()
    service.polls.gate.clear()
    await service.run(100)
    assert service.polls.at_once == 1
    await house.sources(account).remove(source.source_id, keep_mail=True)
    await service.run(10)
    assert service.polls.at_once == 0


async def test_a_source_that_is_back_before_its_poll_was_broken_off_is_polled_again(
    house: House, start: Start
) -> None:
    account = await house.add_person()
    await house.add_source(account)
    service = start()
    service.polls.gate.clear()
    assert await service.run(100) == ["ada"]
    (person,) = await house.store.directory.people()
    service.polls.ending.clear()
    await house.store.directory.remove_person(person.person_id)
    await service.run(10)
    await house.store.directory.add_person(person)
    assert await service.run(10) == []
    service.polls.ending.set()
    service.polls.gate.set()
    assert await service.run(10) == ["ada"]


async def test_a_paused_source_rests_until_it_is_not_paused(house: House, start: Start) -> None:
    account = await house.add_person()
    source = await house.add_source(account, is_paused=True)
    service = start()
    assert await service.run(3_000) == []
    await house.sources(account).change(source.source_id, is_paused=False)
    assert await service.run(10) == ["ada"]


async def test_how_a_source_is_shown_changes_nothing(house: House, start: Start) -> None:
    account = await house.add_person()
    source = await house.add_source(account)
    service = start()
    await service.run(200)
    await house.sources(account).change(source.source_id, colour="#000000")
    assert await service.run(10) == []


async def test_a_refused_password_is_tried_once_until_it_is_changed(
    house: House, start: Start
) -> None:
    account = await house.add_person()
    source = await house.add_source(account)
    error = WrongCredentialsError("PLAIN", "no")
    wrong = Report(outcome=Outcome(error=error), advice=advise(error, source))
    service = start(lambda _: wrong)
    assert await service.run(5_000) == ["ada"]
    await house.sources(account).set_secret(source.source_id, Secret("another one"))
    assert await service.run(5_000) == ["ada"]


async def test_a_refused_password_is_remembered_over_a_restart(house: House, start: Start) -> None:
    account = await house.add_person()
    source = await house.add_source(account)
    mark = await mark_of(account, source)
    await write_health(account, source.source_id, Health(State.NEEDS_YOU, 1, refused=mark))
    service = start()
    assert await service.run(3_000) == []
    await house.sources(account).set_secret(source.source_id, Secret("another one"))
    assert await service.run(10) == ["ada"]


async def test_a_busy_server_is_tried_again_soon_and_then_later(house: House, start: Start) -> None:
    source = await house.add_source(await house.add_person(), poll_seconds=60)
    error = BusyError(Busy.IN_USE, "")
    busy = Report(outcome=Outcome(error=error), advice=advise(error, source))
    polled = await start(lambda _: busy).run(60 + 60 + 120 + 240 + 480)
    assert len(polled) == 5


async def test_a_login_delay_is_waited_for(house: House, start: Start) -> None:
    await house.add_source(await house.add_person(), poll_seconds=60)
    report = Report(outcome=Outcome(login_delay_seconds=900))
    assert len(await start(lambda _: report).run(3600)) == 4


async def test_so_many_of_one_host_are_polled_at_once(house: House, start: Start) -> None:
    account = await house.add_person()
    for number in range(10):
        await house.add_source(account, f"ada{number}")
    service = start()
    service.polls.gate.clear()
    await service.run(100)
    assert service.polls.at_once == limits.FETCHES_PER_HOST
    service.polls.gate.set()
    await service.run(1)
    assert sorted(service.polls.polled) == sorted(f"ada{number}" for number in range(10))
    assert service.polls.most_at_once == limits.FETCHES_PER_HOST


async def test_all_hosts_together_have_their_bound(house: House, start: Start) -> None:
    account = await house.add_person()
    for number in range(limits.FETCHES_AT_ONCE + 10):
        await house.add_source(account, f"ada{number}", host=f"pop{number}.example")
    service = start()
    service.polls.gate.clear()
    await service.run(100)
    assert service.polls.at_once == limits.FETCHES_AT_ONCE


async def test_a_slow_source_is_not_polled_twice_at_once(house: House, start: Start) -> None:
    account = await house.add_person()
    source = await house.add_source(account, poll_seconds=60)
    service = start()
    service.polls.gate.clear()
    await service.run(1000)
    await house.sources(account).change(source.source_id, port=1995)
    await service.run(1000)
    assert service.polls.polled == ["ada"]
    service.polls.gate.set()
    assert await service.run(10) == ["ada"]


async def test_whoever_stops_breaks_every_poll_off(house: House, start: Start) -> None:
    await house.add_source(await house.add_person())
    service = start()
    service.polls.gate.clear()
    await service.run(100)
    assert service.polls.at_once == 1
    await service.close()
    await asyncio.sleep(0)
    assert service.polls.at_once == 0
