"""Servers that give a letter's name to another one: what nobody has fetched is not deleted."""

from __future__ import annotations

import pytest

from tests.fetching.household import DELETE, KEEP, Household, furnish
from tests.fetching.maildrop import Maildrop, Session, letter, rows
from tests.fetching.provider import Provider

CAPABILITIES = pytest.mark.parametrize(
    "capabilities", ["USER UIDL TOP PIPELINING", "USER UIDL PIPELINING"], ids=["TOP", "no TOP"]
)


def numbered(*numbers: int) -> dict[str, bytes]:
    """Make letters of different lengths."""
    return {f"uid-{n}": letter(f"letter-{n}", b"x" * n + b"\r\n") for n in numbers}


def by_place(session: Session, argument: str) -> bytes:
    """Answer UIDL with names that say nothing but the place."""
    return rows([f"{number} p{number}" for number in session.present()])


async def collected(house: Household, there: Maildrop) -> list[bytes]:
    """Poll until nothing is left to do; return what was kept."""
    with Provider(there) as provider:
        for _ in range(3):
            assert (await house.fetch(provider, policy=DELETE)).error is None
            house.clock.advance(60)
    return await house.letters()


@CAPABILITIES
@pytest.mark.parametrize(
    "later",
    [(2, 4, 5, 7), (5, 6, 7, 8), (3, 4), (5,), (1, 3, 5), (2, 3, 4, 5, 6, 7)],
    ids=lambda numbers: " ".join(map(str, numbers)),
)
async def test_names_that_are_places(capabilities: str, later: tuple[int, ...]) -> None:
    house = await furnish(policy=KEEP)
    first = numbered(1, 2, 3, 4)
    drop = Maildrop(first, {"UIDL": by_place}, capabilities=capabilities)
    with Provider(drop) as provider:
        await house.fetch(provider)
    house.clock.advance(60)
    drop.letters = numbered(*later)
    kept = await collected(house, drop)
    assert sorted(kept) == sorted((first | numbered(*later)).values())
    assert drop.letters == {}


@CAPABILITIES
async def test_a_cut_after_which_others_have_the_names(capabilities: str) -> None:
    """The server deleted, and its yes was lost."""
    house = await furnish(policy=DELETE)
    first = numbered(1, 2, 3)
    drop = Maildrop(first, {"UIDL": by_place, "QUIT": None}, capabilities=capabilities)
    with Provider(drop) as provider:
        await house.fetch(provider)
    house.clock.advance(60)
    del drop.answers["QUIT"]
    drop.letters = numbered(10, 11)
    kept = await collected(house, drop)
    assert sorted(kept) == sorted((first | numbered(10, 11)).values())
    assert drop.letters == {}


async def test_a_server_that_notes_in_a_letter_that_it_was_read() -> None:
    """It is the same letter: it does not come twice, and may be deleted."""
    house = await furnish(policy=KEEP)
    drop = Maildrop(numbered(1, 2, 3))
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
    house.clock.advance(60)
    drop.letters = {name: b"Status: RO\r\n" + octets for name, octets in drop.letters.items()}
    assert await collected(house, drop) == there
    assert drop.letters == {}
    assert sum(drop.given().values()) == 3


async def test_letters_that_are_still_themselves_are_looked_at_and_not_fetched_again() -> None:
    house = await furnish(policy=KEEP)
    drop = Maildrop(numbered(1, 2, 3))
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
    house.clock.advance(60)
    assert await collected(house, drop) == there
    assert drop.letters == {}
    assert (sum(drop.given().values()), len(drop.asked("TOP"))) == (3, 3)


async def test_what_was_fetched_in_the_same_session_is_not_looked_at() -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(numbered(1, 2, 3))
    await collected(house, drop)
    assert (drop.letters, drop.asked("TOP")) == ({}, [])
