"""Places for attempts: as many as may still fail, and none is lost."""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import ThrottledError
from hato.core.shared_counts import Counts, SharedCounts
from hato.services.auth import attempts_under_way
from hato.services.auth.attempts_under_way import AttemptsUnderWay


async def one() -> int:
    return 1


async def refused() -> int:
    raise ThrottledError(60)


class Visit:
    """An attempt that holds its place until it is let go."""

    def __init__(self, under_way: AttemptsUnderWay) -> None:
        self.is_in, self.may_go = asyncio.Event(), asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._stay(under_way))

    async def _stay(self, under_way: AttemptsUnderWay) -> None:
        async with under_way.place("key", one):
            self.is_in.set()
            await self.may_go.wait()


async def test_who_comes_second_waits_for_the_first_also_in_another_process() -> None:
    shared = SharedCounts(2)
    first, second = (Visit(AttemptsUnderWay(5, Counts(shared, row))) for row in range(2))
    await first.is_in.wait()
    await asyncio.sleep(0)
    assert not second.is_in.is_set()
    first.may_go.set()
    second.may_go.set()
    await asyncio.gather(first.task, second.task)


async def test_an_attempt_that_is_given_up_leaves_its_place() -> None:
    under_way = AttemptsUnderWay(1)
    for _ in range(3):
        visit = Visit(under_way)
        await visit.is_in.wait()
        visit.task.cancel()
        await asyncio.wait([visit.task])
    async with under_way.place("key", one):
        pass


async def test_who_is_refused_leaves_no_trace() -> None:
    under_way = AttemptsUnderWay(1)
    for _ in range(3):
        with pytest.raises(ThrottledError):
            async with under_way.place("key", refused):
                pytest.fail("there was no place")
    async with under_way.place("key", one):
        pass


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_under_way, "_MOST_LOOKS", 2)
    shared = SharedCounts(2)
    Counts(shared, 1).count_in("login-attempt/key")  # by a process that was killed
    with pytest.raises(ThrottledError):
        async with AttemptsUnderWay(5, Counts(shared, 0)).place("key", one):
            pytest.fail("there was no place")
