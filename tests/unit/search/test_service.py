"""Indexing in the background keeps up with mail, and keeps out of its way."""

from __future__ import annotations

import asyncio

import pytest

from hato.core import limits
from hato.core.errors import StorageFullError
from hato.services.search.indexing import index_some, is_up_to_date
from hato.services.search.service import BackgroundIndexer, index_for_everybody
from hato.store.contract.scene import Scene
from hato.store.embedded.space import Space
from hato.store.search import SEARCH_LOCK
from tests.unit.search.test_search import add, find


async def test_whatever_came_is_indexed(scene: Scene) -> None:
    indexer = BackgroundIndexer(scene.store, scene.clock)
    await indexer.look()
    await add(scene, "tea")
    assert not await is_up_to_date(scene.account)
    await indexer.look()
    assert await is_up_to_date(scene.account)
    await scene.account.search.begin("somebody else")
    await add(scene, "milk")
    await indexer.look()
    assert await is_up_to_date(scene.account)


async def test_some_letters_are_indexed_and_the_rest_is_left(scene: Scene) -> None:
    for when in range(5):
        await add(scene, "tea", received=when)
    assert not await index_some(scene.account, 2)
    state = await scene.account.search.state()
    assert state is not None
    assert (state.letters, state.modseq) == (2, 0)
    assert not await index_some(scene.account, 2)
    assert await index_some(scene.account, 2)
    assert await index_some(scene.account, 2)
    assert await is_up_to_date(scene.account)


async def test_who_finds_another_at_it_leaves_it_to_that_one(scene: Scene) -> None:
    await add(scene, "tea")
    lock = await scene.account.lock(SEARCH_LOCK)
    assert not await index_some(scene.account, 9)
    await lock.release()
    assert await index_some(scene.account, 9)


async def test_while_mail_arrives_it_works_for_a_share_of_the_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = BackgroundIndexer(scene.store, scene.clock)
    await add(scene, "tea")
    await indexer.look()
    for when in range(3):
        await add(scene, "tea", received=when)
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("hato.services.search.service.asyncio.sleep", rest)
        meanwhile.setattr(limits, "SEARCH_BUSY_LETTERS", 1)
        await indexer.look()
    assert await is_up_to_date(scene.account)
    assert len(rests) >= 3


async def test_a_full_disk_does_not_end_it(
    embedded_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = embedded_scene
    indexer = BackgroundIndexer(scene.store, scene.clock)
    await add(scene, "tea")

    def refuse(_self: Space, _octets: int) -> None:
        raise StorageFullError("the disk has reached its free-space mark")

    with monkeypatch.context() as full:
        full.setattr(Space, "check", refuse)
        await indexer.look()
    assert not await is_up_to_date(scene.account)
    await indexer.look()
    assert await is_up_to_date(scene.account)


async def test_it_ends_when_it_is_told(scene: Scene) -> None:
    await add(scene, "tea")
    task = asyncio.create_task(index_for_everybody(scene.store, scene.clock))
    while not await is_up_to_date(scene.account):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await find(scene, "tea")) == 1
