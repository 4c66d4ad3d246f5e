"""A provider that renames every letter: nothing is downloaded twice, and nothing is lost."""

from __future__ import annotations

import hashlib

import pytest

from hato.services.sources.source import Policy
from tests.fetching.household import DELETE, KEEP, Household, furnish
from tests.fetching.maildrop import Maildrop, letter, letters
from tests.fetching.provider import Provider

COUNT = 1_000


def renamed(drop: Maildrop, salt: str) -> None:
    """Give every letter another unique-id, in the same order."""
    drop.letters = {
        hashlib.sha256(f"{salt}{unique_id}".encode()).hexdigest()[:40]: octets
        for unique_id, octets in drop.letters.items()
    }


async def fetched(house: Household, drop: Maildrop) -> None:
    with Provider(drop) as provider:
        assert (await house.fetch(provider)).error is None


async def test_a_renamed_mailbox_is_recognised() -> None:
    house = await furnish()
    drop = Maildrop(letters(COUNT))
    await fetched(house, drop)
    drop.commands.clear()
    renamed(drop, "moved")
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
        assert outcome.error is None
        assert (outcome.new, outcome.renumbered) == (0, COUNT)
        assert len(drop.asked("RETR")) <= 32  # a sample may be read
        drop.commands.clear()
        again = await house.fetch(provider)
    assert (again.new, again.renumbered) == (0, 0)
    assert drop.asked("RETR") == drop.asked("TOP") == []
    assert len(await house.letters()) == COUNT


async def test_it_is_recognised_again_and_again() -> None:
    house = await furnish()
    drop = Maildrop(letters(50))
    await fetched(house, drop)
    for salt in ("one", "two", "three"):
        renamed(drop, salt)
        await fetched(house, drop)
    assert sorted(await house.letters()) == sorted(drop.letters.values())
    assert sum(drop.given().values()) <= 50 + 3 * 32


async def test_what_is_new_among_the_renamed_is_fetched() -> None:
    house = await furnish()
    drop = Maildrop(letters(100))
    await fetched(house, drop)
    renamed(drop, "moved")
    drop.letters.update(letters(7, first=1_000))
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert (outcome.new, outcome.renumbered) == (7, 100)
    assert sorted(await house.letters()) == sorted(drop.letters.values())


async def test_letters_of_equal_size_are_not_confused() -> None:
    """A size alone says nothing: newsletters of one size are different letters."""
    house = await furnish()
    old = {f"old-{n}": letter(f"old-{n:04}", b"x" * 500 + b"\r\n") for n in range(60)}
    drop = Maildrop(old)
    await fetched(house, drop)
    drop.letters = {f"new-{n}": letter(f"new-{n:04}", b"x" * 500 + b"\r\n") for n in range(60)}
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert outcome.new == 60
    assert sorted(await house.letters()) == sorted([*old.values(), *drop.letters.values()])


async def test_a_body_that_differs_makes_another_letter() -> None:
    """Headers alone are not the letter: in delete mode nothing may be lost by their likeness."""
    house = await furnish(policy=DELETE)
    drop = Maildrop({f"old-{n}": letter(f"same-{n}", b"first body\r\n") for n in range(30)})
    old = list(drop.letters.values())
    await fetched(house, drop)
    drop.letters = {f"new-{n}": letter(f"same-{n}", b"other body\r\n") for n in range(30)}
    new = list(drop.letters.values())
    for _ in range(3):
        await fetched(house, drop)
    here = set(await house.letters())
    assert set(old) <= here
    lost = [one for one in new if one not in here and one not in drop.letters.values()]
    assert lost == []


async def test_half_of_a_renamed_mailbox_is_recognised() -> None:
    house = await furnish()
    drop = Maildrop(letters(200))
    await fetched(house, drop)
    items = list(drop.letters.items())
    drop.letters = {f"x{uid}" if n % 2 else uid: octets for n, (uid, octets) in enumerate(items)}
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert outcome.new + outcome.again + outcome.renumbered in (0, 100, 200)
    assert outcome.new == 0
    assert sorted(await house.letters()) == sorted(drop.letters.values())


@pytest.mark.parametrize("policy", [KEEP, DELETE], ids=["keep", "delete"])
async def test_a_server_without_top_costs_no_letter(policy: Policy) -> None:
    house = await furnish(policy=policy)
    drop = Maildrop(letters(30), {"TOP": b"-ERR unknown\r\n"}, capabilities="USER UIDL")
    there = sorted(drop.letters.values())
    await fetched(house, drop)
    renamed(drop, "moved")
    await fetched(house, drop)
    assert sorted(await house.letters()) == there


async def test_a_cut_in_the_middle_of_recognising_costs_nothing() -> None:
    house = await furnish()
    drop = Maildrop(letters(80))
    await fetched(house, drop)
    renamed(drop, "moved")
    drop.answers.update({"TOP 40": None, "RETR 40": None})
    with Provider(drop) as provider:
        await house.fetch(provider)
        drop.answers.clear()
        assert (await house.fetch(provider)).error is None
        assert (await house.fetch(provider)).new == 0
    assert sorted(await house.letters()) == sorted(drop.letters.values())


async def test_a_letter_that_was_kept_is_deleted_under_its_new_name() -> None:
    """The rule is changed to deletion after a renumbering: the old letters may go."""
    house = await furnish()
    drop = Maildrop(letters(20))
    there = sorted(drop.letters.values())
    await fetched(house, drop)
    renamed(drop, "moved")
    await fetched(house, drop)
    with Provider(drop) as provider:
        for _ in range(2):
            outcome = await house.fetch(provider, policy=DELETE)
            assert outcome.error is None
    assert drop.letters == {}
    assert sorted(await house.letters()) == there
