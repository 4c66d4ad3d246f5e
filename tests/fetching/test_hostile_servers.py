"""Providers from which nothing comes: each ends soon, costs little, and hears little."""

from __future__ import annotations

import tracemalloc

import pytest

from hato.core.limits import LOST_POLLS_UNTIL_QUARANTINE
from tests.fetching.hostile import AFTER_LOGIN, ALL, AT_LOGIN, BEFORE_LOGIN, ESCAPES, Hostile
from tests.fetching.household import DELETE, IMPATIENT, QUICK, furnish
from tests.fetching.maildrop import PASSWORD, Maildrop, Session, letters
from tests.fetching.provider import Provider

MEMORY_OCTETS = 32_000_000
"""For everything that one poll of such a provider may hold at once: a listing cut by its deadline
is the largest of it."""


def named(hostile: tuple[Hostile, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("hostile", hostile, ids=[one.name for one in hostile])


@named(ALL)
async def test_it_ends_with_the_right_error_and_nothing_is_kept(hostile: Hostile) -> None:
    house = await furnish()
    before = await house.account.modseq()
    with Provider(hostile.make()) as provider:
        outcome = await house.fetch(provider, IMPATIENT if hostile.is_endless else QUICK)
    assert isinstance(outcome.error, hostile.errors), outcome.error
    assert (outcome.new, outcome.octets, outcome.deleted) == (0, 0, 0)
    assert await house.letters() == []
    assert await house.account.modseq() == before


@named(BEFORE_LOGIN)
async def test_it_does_not_hear_the_password(hostile: Hostile) -> None:
    house = await furnish()
    with Provider(hostile.make()) as provider:
        await house.fetch(provider, IMPATIENT if hostile.is_endless else QUICK)
        assert PASSWORD.encode() not in provider.heard


@named(ALL)
async def test_it_is_asked_once_and_not_again_at_once(hostile: Hostile) -> None:
    """A poll is one connection: the schedule decides about the next one."""
    house = await furnish()
    with Provider(hostile.make()) as provider:
        await house.fetch(provider, IMPATIENT if hostile.is_endless else QUICK)
        assert provider.connections == 1
        assert provider.heard.count(PASSWORD.encode()) <= 1


@named(tuple(one for one in ALL if "endless" in one.name))
async def test_it_costs_little_memory(hostile: Hostile) -> None:
    house = await furnish()
    with Provider(hostile.make()) as provider:
        tracemalloc.start()
        try:
            await house.fetch(provider, IMPATIENT if hostile.is_endless else QUICK)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < MEMORY_OCTETS


@named(BEFORE_LOGIN + AT_LOGIN + AFTER_LOGIN)
async def test_the_next_poll_of_a_mended_provider_is_whole(hostile: Hostile) -> None:
    house = await furnish()
    with Provider(hostile.make()) as provider:
        await house.fetch(provider, IMPATIENT if hostile.is_endless else QUICK)
    drop = Maildrop(letters(3))
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert await house.letters() == list(drop.letters.values())


@pytest.mark.parametrize(
    "answers",
    [
        {"PASS": b"-ERR " + ESCAPES + b"\r\n"},
        {"USER": b"-ERR " + ESCAPES + b"\r\n", "AUTH": b"-ERR " + ESCAPES + b"\r\n"},
        {"UIDL": b"-ERR [SYS/PERM] " + ESCAPES + b"\r\n", "LIST": b"-ERR " + ESCAPES + b"\r\n"},
        {"CAPA": b"+OK\r\nUSER\r\nUIDL\r\n" + ESCAPES + b"\r\n.\r\n", "PASS": b"-ERR no\r\n"},
    ],
    ids=["PASS", "USER", "UIDL", "CAPA"],
)
async def test_what_steers_a_terminal_is_not_passed_on(answers: dict[str, bytes]) -> None:
    house = await furnish()
    with Provider(Maildrop(letters(1), answers)) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    assert str(outcome.error).isprintable(), ascii(str(outcome.error))


async def test_a_letter_that_nobody_may_touch_does_not_stall_deleting() -> None:
    """Not even its header can be had: it is set aside all the same, and the others may go."""
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(5))

    def answer(session: Session, argument: str) -> bytes | None:
        number = int(argument.split(maxsplit=1)[0])
        is_poison = session.letters[number][0] == "uid-2"
        verb = drop.commands[-1].partition(" ")[0]
        return None if is_poison else drop.properly(session, f"{verb} {argument}")

    drop.answers.update({"RETR": answer, "TOP": answer})
    with Provider(drop) as provider:
        for _ in range(LOST_POLLS_UNTIL_QUARANTINE + 6):
            await house.fetch(provider, IMPATIENT)
            house.clock.advance(7_200)
        assert list(drop.letters) == ["uid-2"]
