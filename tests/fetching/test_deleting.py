"""DELE only for what is safe here, and QUIT's answer decides."""

from __future__ import annotations

import asyncio

import pytest

from tests.fetching.household import DELETE, furnish
from tests.fetching.maildrop import Answer, Maildrop, Session, letters
from tests.fetching.provider import Provider


def answer_after_deleting(said: bytes | None) -> Answer:
    """Delete what was marked, and say something else than yes."""

    def answer(session: Session, argument: str) -> bytes | None:
        session.drop.properly(session, "QUIT")
        return said

    return answer


def answer_without_deleting(said: bytes | None) -> Answer:
    """Delete nothing."""
    return said


QUITS: dict[str, Answer] = {
    "no, and nothing is deleted": answer_without_deleting(b"-ERR not removed\r\n"),
    "no, and all is deleted": answer_after_deleting(b"-ERR not removed\r\n"),
    "nothing, and nothing is deleted": answer_without_deleting(None),
    "nothing, and all is deleted": answer_after_deleting(None),
    "yes, and nothing is deleted": answer_without_deleting(b"+OK bye\r\n"),
    "nonsense": answer_without_deleting(b"\x00\xff\r\n"),
    "half a yes": answer_after_deleting(b"+O"),
}


@pytest.mark.parametrize("said", QUITS.values(), ids=QUITS.keys())
async def test_whatever_is_said_to_quit_no_letter_comes_twice(said: Answer) -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(3), {"QUIT": said})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
        assert await house.letters() == there
        for _ in range(2):
            await house.fetch(provider)
        drop.answers.clear()
        house.clock.advance(86_400)  # for servers that take a while to agree with themselves
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert await house.letters() == there
    assert drop.letters == {}
    # What is there although it was said to be deleted may be another letter: it is compared once.
    is_to_be_compared = said == QUITS["yes, and nothing is deleted"]
    assert sum(drop.given().values()) == (6 if is_to_be_compared else 3)


async def test_a_deletion_that_is_refused_leaves_the_others_alone() -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(3), {"DELE 2": b"-ERR locked\r\n"})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        for _ in range(2):
            await house.fetch(provider)
            drop.answers["DELE 1"] = b"-ERR locked\r\n"
        assert list(drop.letters) == ["uid-2"]
        drop.answers.clear()
        await house.fetch(provider)
    assert drop.letters == {}
    assert await house.letters() == there


async def test_a_server_that_never_deletes_is_not_read_again() -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(3), {"DELE": b"+OK\r\n"})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        for _ in range(5):
            await house.fetch(provider)
    assert await house.letters() == there
    assert sum(drop.given().values()) == 3


@pytest.mark.parametrize("verb", ["DELE 1", "DELE 2", "DELE 3", "QUIT"])
async def test_a_cut_while_deleting_loses_nothing(verb: str) -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(3), {verb: None})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
        assert drop.deleted == []
        drop.answers.clear()
        await house.fetch(provider)
    assert await house.letters() == there
    assert sorted(drop.deleted) == ["uid-1", "uid-2", "uid-3"]
    assert sum(drop.given().values()) == 3


async def test_dele_is_not_said_before_its_letter_is_kept() -> None:
    """What the provider is asked to delete is in the store at that moment."""
    house = await furnish(policy=DELETE)
    kept_when_asked: list[int] = []
    drop = Maildrop(letters(9))

    def answer(session: Session, argument: str) -> bytes:
        kept_when_asked.append(asyncio.run(house.account.usage()).used_count)
        return drop.properly(session, f"DELE {argument}")

    drop.answers["DELE"] = answer
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.deleted == 9
    assert len(kept_when_asked) == 9
    assert all(kept >= asked for asked, kept in enumerate(kept_when_asked, 1))


async def test_keeping_never_says_dele() -> None:
    house = await furnish()
    drop = Maildrop(letters(3))
    with Provider(drop) as provider:
        for _ in range(3):
            await house.fetch(provider)
            house.clock.advance(400 * 86_400)
    assert drop.asked("DELE") == []


async def test_a_poll_with_nothing_new_writes_nothing_and_asks_little() -> None:
    house = await furnish()
    drop = Maildrop(letters(20))
    with Provider(drop) as provider:
        await house.fetch(provider)
        before = await house.account.modseq()
        drop.commands.clear()
        outcome = await house.fetch(provider)
    assert (outcome.new, outcome.again) == (0, 0)
    assert await house.account.modseq() == before
    assert drop.asked("RETR") == drop.asked("TOP") == []
    assert len(drop.asked("UIDL")) == 1


async def test_nothing_is_deleted_that_never_was_fetched() -> None:
    """A unique-id that is used again for another letter names that one: it is new."""
    house = await furnish(policy=DELETE)
    drop = Maildrop({"1": letters(1)["uid-1"]})
    first = drop.letters["1"]
    with Provider(drop) as provider:
        await house.fetch(provider)
        assert drop.deleted == ["1"]
        second = first.replace(b"Hello.", b"Another letter, and a longer one.")
        drop.letters["1"] = second
        for _ in range(4):
            house.clock.advance(86_400)
            await house.fetch(provider)
    assert set(await house.letters()) == {first, second}
