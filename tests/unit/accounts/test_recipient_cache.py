"""Recipients are remembered until anything changes."""

from __future__ import annotations

from typing import Any

import pytest

from hato.core.errors import NotFoundError
from hato.services.accounts import recipient_cache
from hato.services.accounts.recipient_cache import RecipientCache
from hato.store.directory import Directory, Person
from tests.unit.auth.house import House


class Counting:
    """A directory that counts how often it is asked for people."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.questions = 0

    async def people_at(self, address: str) -> list[Person]:
        self.questions += 1
        return await self._directory.people_at(address)

    def __getattr__(self, name: str) -> object:
        return getattr(self._directory, name)


async def names(cache: RecipientCache, address: str) -> list[str]:
    return [person.name for person in await cache.recipients_of(address)]


async def test_the_directory_is_asked_once_and_again_after_a_change(house: House) -> None:
    directory: Any = Counting(house.store.directory)
    cache = RecipientCache(directory)
    for _ in range(3):
        assert await names(cache, "ada@example.org") == ["ada@example.org"]
    assert directory.questions == 1
    await house.accounts.add_address("ada@example.org", "bob")
    assert sorted(await names(cache, "ada@example.org")) == ["ada@example.org", "bob@example.org"]
    assert directory.questions == 2


async def test_who_reaches_nobody_today_may_tomorrow(house: House) -> None:
    cache = RecipientCache(house.store.directory)
    with pytest.raises(NotFoundError):
        await cache.recipients_of("carla@example.org")
    await house.accounts.add_person("carla@example.org")
    assert await names(cache, "carla@example.org") == ["carla@example.org"]
    await house.accounts.remove_person("carla@example.org")
    with pytest.raises(NotFoundError):
        await cache.recipients_of("carla@example.org")


async def test_so_many_are_remembered_and_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipient_cache, "REMEMBERED_RECIPIENTS", 2)
    directory: Any = Counting(house.store.directory)
    cache = RecipientCache(directory)
    for address in ("ada@example.org", "bob@example.org", "ada@example.org"):
        await cache.recipients_of(address)
    assert directory.questions == 2
    await cache.recipients_of("postmaster@example.org")
    before = directory.questions
    await cache.recipients_of("postmaster@example.org")
    assert directory.questions == before
    await cache.recipients_of("ada@example.org")
    assert directory.questions == before + 1


async def test_what_is_given_out_may_be_changed(house: House) -> None:
    cache = RecipientCache(house.store.directory)
    (await cache.recipients_of("ada@example.org")).clear()
    assert await names(cache, "ada@example.org") == ["ada@example.org"]
