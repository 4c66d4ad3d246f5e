"""Deleted mail makes room before its time: the longest deleted first, no more than is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hato.core.clock import FixedClock
from hato.core.errors import StorageFullError
from hato.core.ids import Uid
from hato.core.settings import StoreSettings
from hato.services.upkeep import look_after, make_room
from hato.services.winning_room import compact_all
from hato.store.changes import AddEmail, Expunge
from hato.store.embedded import EmbeddedStore
from hato.store.embedded.account import EmbeddedAccount

MARK_OCTETS = 8_000_000
ENOUGH_OCTETS = 12_000_000
LETTER_OCTETS = 100_000


class House:
    """Two accounts of ten letters on a disk of which a test says how much is free."""

    def __init__(self, store: EmbeddedStore, clock: FixedClock) -> None:
        self.store = store
        self.clock = clock
        self.free_octets = 50_000_000
        self.accounts: list[EmbeddedAccount] = []

    async def fill(self) -> None:
        """Deliver the letters, each in a segment of its own."""
        for _ in range(2):
            account = await self.store.account(await self.store.create_account())
            self.accounts.append(account)
            for _ in range(10):
                staged = self.store.stage()
                await staged.write(bytes(LETTER_OCTETS))
                await staged.seal()
                letter = AddEmail(staged=staged, received=1, mailboxes=(account.inbox,))
                await account.commit([letter])

    async def delete(self, number: int, *uids: int) -> None:
        """Delete letters of an account, a second after what was deleted before."""
        self.clock.advance(1)
        account = self.accounts[number]
        await account.commit([Expunge(account.inbox, tuple(map(Uid, uids)))])

    async def held(self) -> list[int]:
        """Return how many can be brought back, by account."""
        return [len(await account.held()) for account in self.accounts]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    clock = FixedClock()
    settings = StoreSettings(segment_octets=1_000, free_space_octets=MARK_OCTETS)
    store = await EmbeddedStore(tmp_path, settings, clock).open()
    house = House(store, clock)
    monkeypatch.setattr(store._shared.space, "free_octets", lambda: house.free_octets)
    await house.fill()
    yield house
    await store.close()


async def test_with_room_deleted_mail_stays(house: House) -> None:
    await house.delete(0, 1, 2, 3)
    assert not await make_room(house.store, house.clock, "me")
    won = await compact_all(house.store, house.clock.now())
    assert (won.octets, won.ended_early) == (0, 0)
    assert await house.held() == [3, 0]


async def test_the_longest_deleted_goes_first_and_no_more_than_is_missing(house: House) -> None:
    await house.delete(1, 1, 2, 3)
    await house.delete(0, 1, 2, 3)
    house.free_octets = ENOUGH_OCTETS - 150_000
    assert await make_room(house.store, house.clock, "me")
    assert await house.held() == [3, 1]


async def test_all_goes_where_all_is_not_enough(house: House) -> None:
    await house.delete(0, *range(1, 10))
    await house.delete(1, *range(1, 8))
    house.free_octets = 0
    assert await make_room(house.store, house.clock, "me")
    assert await house.held() == [0, 0]
    for account, left in zip(house.accounts, (1, 3), strict=True):
        assert len(await account.snapshot(account.inbox)) == left
        assert (await account.verify()).damaged == ()


async def test_an_account_that_does_not_fit_comes_after_one_that_gave_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.delete(0, 1, 2, 3)
    await house.delete(1, 1, 2, 3)
    compact, tried = EmbeddedAccount.compact, list[str]()

    async def first_is_refused(account: EmbeddedAccount) -> int:
        tried.append(account.account_id)
        if len(tried) == 1:
            raise StorageFullError("no room")
        return await compact(account)

    house.free_octets = 7_000_000
    monkeypatch.setattr(EmbeddedAccount, "compact", first_is_refused)
    won = await compact_all(house.store, house.clock.now(), purge_deleted=True)
    assert tried.count(tried[0]) > 1
    assert (won.ended_early, won.too_full) == (6, set())
    assert won.octets > 5 * LETTER_OCTETS


async def test_all_that_was_deleted_goes_when_asked_to(house: House) -> None:
    await house.delete(0, 1, 2, 3)
    won = await compact_all(house.store, house.clock.now(), purge_deleted=True)
    assert won.ended_early == 3
    assert won.octets > 2 * LETTER_OCTETS


async def test_it_looks_each_minute_and_rests_after_it_made_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []

    async def sleep(seconds: float) -> None:
        house.clock.advance(seconds)
        seen.append(await house.held())
        if len(seen) == 1:
            await house.delete(0, 1)
            house.free_octets = 0
        if len(seen) == 2:
            await house.delete(0, 2)
        if len(seen) == 13:
            raise asyncio.CancelledError

    monkeypatch.setattr("hato.services.upkeep.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await look_after(house.store, house.clock, "me")
    assert seen == [[0, 0], [0, 0], *[[1, 0]] * 9, [0, 0], [0, 0]]
