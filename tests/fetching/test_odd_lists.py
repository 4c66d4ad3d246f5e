"""What LIST and UIDL say that cannot be: every letter comes once all the same."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from hato.services.sources.source import Policy
from tests.fetching.household import DELETE, KEEP, Household, furnish
from tests.fetching.maildrop import Maildrop, Session, letters, rows
from tests.fetching.provider import Provider

ODD_UNIQUE_IDS = {
    "too long": "x" * 71,
    "much too long": "x" * 500,
    "far too long": "x" * 20_000,
    "of a file": "../../../../etc/passwd",
    "of a root": "/etc/cron.d/hato",
    "of a folder": "..",
    "of a home": "~root/.ssh/authorized_keys",
    "with a slash": "2026/11/24",
    "of a device": "CON",
    "of a shell": "$(reboot);`reboot`",
    "of a database": "';DROP--",
    "of a format": "%s%n%x{0}",
    "with spaces": "a b c",
    "of a terminal": "\x1b]0;owned\x07",
    "with octets beyond ASCII": "é鳩",
    "with a NUL": "a\x00b",
    "empty": "",
}


def three_with(unique_id: str) -> dict[str, bytes]:
    """The second of three letters is called so."""
    first, second, third = letters(3).items()
    return dict([first, (unique_id, second[1]), third])


async def fetched_twice(house: Household, drop: Maildrop) -> list[bytes]:
    """Poll twice; return what is here."""
    with Provider(drop) as provider:
        for _ in range(2):
            outcome = await house.fetch(provider)
            assert outcome.error is None
    return await house.letters()


@pytest.mark.parametrize("policy", [KEEP, DELETE], ids=["keep", "delete"])
@pytest.mark.parametrize("unique_id", ODD_UNIQUE_IDS.values(), ids=ODD_UNIQUE_IDS.keys())
async def test_an_odd_unique_id_costs_no_letter(unique_id: str, policy: Policy) -> None:
    house = await furnish(policy=policy)
    drop = Maildrop(three_with(unique_id))
    there = sorted(drop.letters.values())
    assert sorted(await fetched_twice(house, drop)) == there
    assert set(drop.deleted) in (set(), {"uid-1", "uid-3"}, {"uid-1", unique_id, "uid-3"})
    assert (policy is DELETE) == bool(drop.deleted)


async def test_two_letters_of_one_unique_id_both_come() -> None:
    house = await furnish()
    drop = Maildrop(letters(4), {"UIDL": rows(["1 same", "2 same", "3 same", "4 other"])})
    assert sorted(await fetched_twice(house, drop)) == sorted(drop.letters.values())


async def test_two_letters_of_one_unique_id_are_not_deleted_unread() -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(3))
    there = sorted(drop.letters.values())
    drop.answers["UIDL"] = lambda session, _: rows([f"{n} same" for n in session.present()])
    assert sorted(await fetched_twice(house, drop)) == there


async def test_unique_ids_differ_by_case() -> None:
    house = await furnish()
    drop = Maildrop(dict(zip(["abc", "ABC", "Abc"], letters(3).values(), strict=True)))
    assert await fetched_twice(house, drop) == list(drop.letters.values())


LIES: Mapping[str, dict[str, bytes]] = {
    "fewer in UIDL": {"UIDL": rows(["1 uid-1"])},
    "fewer in LIST": {"LIST": rows(["1 100"])},
    "none in LIST": {"LIST": rows([])},
    "more in UIDL": {"UIDL": rows([f"{n} uid-{n}" for n in range(1, 9)])},
    "more in LIST": {"LIST": rows([f"{n} 100" for n in range(1, 9)])},
    "numbers that are none": {
        "LIST": rows(["0 1", "-1 1", "x 1", "1", "", "1 100", "2 100", "3 100", "9" * 900 + " 1"])
    },
    "sizes that are none": {"LIST": rows(["1 -1", "2 x", "3 " + "9" * 500])},
    "sizes that are too small": {"LIST": rows(["1 0", "2 0", "3 1"])},
    "sizes that are too large": {"LIST": rows(["1 90000000", "2 1000000", "3 5000"])},
    "unique-ids that are none": {
        "UIDL": rows(["0 a", "-1 b", "x c", "", "1 uid-1", "2 uid-2", "3 uid-3", "1 again"])
    },
    "out of order": {"UIDL": rows(["3 uid-3", "1 uid-1", "2 uid-2"])},
    "each twice": {"UIDL": rows([f"{n} uid-{n}" for n in (1, 1, 2, 2, 3, 3)])},
    "a false count": {"STAT": b"+OK 0 0\r\n"},
    "a false large count": {"STAT": b"+OK 99999999999999999999 -1\r\n"},
    "with notes": {"LIST": rows(["1 100 urgent", "2 100 x y z", "3 100"])},
}


@pytest.mark.parametrize("policy", [KEEP, DELETE], ids=["keep", "delete"])
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_lie_about_the_mailbox_costs_no_letter(
    lie: dict[str, bytes], policy: Policy
) -> None:
    house = await furnish(policy=policy)
    drop = Maildrop(letters(3), lie)
    there = set(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
        drop.answers.clear()
        outcome = await house.fetch(provider)
    found = await house.letters()
    assert outcome.error is None
    assert set(found) == there
    assert len(found) == len(there)
    assert set(drop.deleted) <= {"uid-1", "uid-2", "uid-3"}


async def test_a_size_that_no_letter_has_brings_a_note_and_nothing_is_deleted() -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(2), {"LIST": rows(["1 99999999999999999999", "2 100"])})
    with Provider(drop) as provider:
        for _ in range(2):
            assert (await house.fetch(provider)).error is None
    assert drop.deleted == ["uid-2"]
    assert len(await house.letters()) == 2


async def test_a_shuffled_mailbox_is_not_fetched_again() -> None:
    """Message numbers belong to one session: the order says nothing."""
    house = await furnish()
    drop = Maildrop(letters(40))
    chance = random.Random(7)
    with Provider(drop) as provider:
        await house.fetch(provider)
        for _ in range(3):
            shuffled = list(drop.letters.items())
            chance.shuffle(shuffled)
            drop.letters = dict(shuffled)
            outcome = await house.fetch(provider)
            assert outcome.new == 0
    assert sum(drop.given().values()) == 40


class Clustered(Maildrop):
    """Several servers behind one name that do not agree: each session sees a part."""

    def __init__(self, letters: Mapping[str, bytes], parts: list[slice]) -> None:
        super().__init__(letters)
        self.parts = parts

    def shown_in(self, number: int) -> Mapping[str, bytes]:
        part = self.parts[min(number, len(self.parts)) - 1]
        return dict(list(self.letters.items())[part])


async def test_servers_that_do_not_agree_cost_nothing() -> None:
    house = await furnish()
    everything, nothing = slice(None), slice(0)
    parts = [everything, slice(3, None), nothing, everything, slice(0, 5), everything]
    drop = Clustered(letters(10), parts)
    with Provider(drop) as provider:
        for _ in parts:
            outcome = await house.fetch(provider)
            assert outcome.error is None
    assert await house.letters() == list(drop.letters.values())
    assert sum(drop.given().values()) == 10


async def test_what_is_gone_for_good_is_forgotten_and_stays_here() -> None:
    house = await furnish()
    drop = Maildrop(letters(4))
    everything = list(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
        del drop.letters["uid-2"]
        for _ in range(12):
            house.clock.advance(86_400)
            await house.fetch(provider)
    assert await house.letters() == everything
    gone = (await house.ledger()).get(b"uid-2")
    assert gone is None or gone.state.name == "GONE"


async def test_a_server_without_unique_ids_gives_each_letter_once() -> None:
    house = await furnish()
    drop = Maildrop(letters(5), {"UIDL": b"-ERR unknown command\r\n"}, capabilities="USER TOP")
    with Provider(drop) as provider:
        first = await house.fetch(provider)
        drop.letters.update(letters(2, first=6))
        second = await house.fetch(provider)
        third = await house.fetch(provider)
    assert (first.new, second.new, third.new) == (5, 2, 0)
    assert await house.letters() == list(drop.letters.values())


async def test_a_server_without_unique_ids_keeps_nothing_in_delete_mode() -> None:
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(5), {"UIDL": b"-ERR unknown command\r\n"}, capabilities="USER TOP")
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        for _ in range(3):
            await house.fetch(provider)
    assert await house.letters() == there
    assert sorted(drop.deleted) == [f"uid-{n}" for n in range(1, 6)]


async def test_letters_that_are_equal_come_as_often_as_they_are_there() -> None:
    """Two copies of one letter, told apart by their unique-ids, are two letters."""
    house = await furnish()
    same = letters(1)["uid-1"]
    drop = Maildrop({"a": same, "b": same})
    found = await fetched_twice(house, drop)
    assert found in ([same, same], [same])  # the second may be shown once: it is no other letter
    assert set(await house.ledger()) == {b"a", b"b"}


def answer_with_random_unique_ids(seed: int) -> Maildrop:
    """A server that invents new unique-ids in every session."""
    chance = random.Random(seed)

    def invent(session: Session, argument: str) -> bytes:
        return rows([f"{n} {chance.getrandbits(64):x}" for n in session.present()])

    return Maildrop(letters(30), {"UIDL": invent})


async def test_unique_ids_that_change_every_time_cost_nothing() -> None:
    house = await furnish()
    drop = answer_with_random_unique_ids(5)
    with Provider(drop) as provider:
        news = [(await house.fetch(provider)).new for _ in range(4)]
    assert news == [30, 0, 0, 0]
    assert sum(drop.given().values()) <= 40  # a sample may be read to be sure
    assert len(await house.letters()) == 30


async def test_an_empty_list_of_unique_ids_does_not_hide_the_letters() -> None:
    """UIDL says nothing, LIST has five: they are fetched, each once."""
    house = await furnish()
    drop = Maildrop(letters(5), {"UIDL": rows([])})
    with Provider(drop) as provider:
        news = [(await house.fetch(provider)).new for _ in range(2)]
    assert news == [5, 0]
    assert await house.letters() == list(drop.letters.values())
