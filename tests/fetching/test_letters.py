"""Letters that break: cut off, refused, endless, odd. Whole ones are kept as they are, once."""

from __future__ import annotations

import pytest

from hato.core.limits import LOST_POLLS_UNTIL_QUARANTINE
from hato.net.dial_errors import ConnectionLostError
from hato.services.delivery import DeliveryService
from hato.services.sources.source import Policy
from hato.store.model import LedgerState
from tests.fetching.hostile import ESCAPES, endless, slow
from tests.fetching.household import DELETE, IMPATIENT, KEEP, furnish
from tests.fetching.maildrop import Answer, Maildrop, Session, letter, letters, stuffed
from tests.fetching.provider import Provider
from tests.unit.delivery.office import AddressBook

POLICIES = pytest.mark.parametrize("policy", [KEEP, DELETE], ids=["keep", "delete"])

ODD_LETTERS = {
    "no body": b"Subject: x\r\n\r\n",
    "no header": b"\r\nOnly a body.\r\n",
    "no empty line": b"Subject: x\r\n",
    "no field": b"What is this?\r\n",
    "one dot": b".\r\n",
    "only dots": b".\r\n..\r\n...\r\n.\r\n",
    "a dot last": letter("dot", b"The end\r\n.\r\n"),
    "zeros": letter("zeros", b"a\0b\0\r\n\0\r\n"),
    "every octet": letter("octets", bytes(o for o in range(256) if o not in b"\r\n") + b"\r\n"),
    "one long line": letter("long", b"x" * 1_000_000 + b"\r\n"),
    "dots at the edges": letter("edges", b"".join(b"x" * n + b"\r\n.\r\n" for n in range(4094))),
    "a long header": b"X: " + b"y" * 300_000 + b"\r\n\r\nbody\r\n",
    "a terminal's orders": letter("escapes", ESCAPES + b"\r\n"),
    "many empty lines": letter("empty", b"\r\n" * 5000),
}


@POLICIES
@pytest.mark.parametrize("octets", ODD_LETTERS.values(), ids=ODD_LETTERS.keys())
async def test_an_odd_letter_is_kept_octet_for_octet(octets: bytes, policy: Policy) -> None:
    house = await furnish(policy=policy)
    drop = Maildrop({"a": letter("first"), "odd": octets, "z": letter("last")})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        for _ in range(2):
            assert (await house.fetch(provider)).error is None
    assert await house.letters() == there


@pytest.mark.parametrize(
    "false_end",
    [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n\0.\r\n", b"\r\r\n..\r\r\n"],
    ids=["LF dot LF", "LF dot CRLF", "CR dot CR", "NUL dot", "CR CR LF"],
)
async def test_a_false_end_does_not_end_a_letter(false_end: bytes) -> None:
    """What stands behind it belongs to the letter, and is no answer of the server."""
    house = await furnish()
    wire = letter("smuggler", b"before" + false_end + b"+OK 1 1\r\nafter\r\n") + b".\r\n"
    drop = Maildrop(letters(3), {"RETR 2": b"+OK\r\n" + wire})
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    found = await house.letters()
    assert outcome.error is None
    assert len(found) == 3
    assert b"before" in found[1]
    assert found[1].endswith(b"+OK 1 1\r\nafter\r\n")
    assert found[2] == drop.letters["uid-3"]


def cut_in(octets: bytes) -> Answer:
    """Give a part of an answer, and hang up."""

    def answer(session: Session, argument: str) -> bytes | None:
        session.peer.say(octets)
        return None

    return answer


WHOLE = b"+OK\r\n" + stuffed(letters(2)["uid-2"])
CUTS = {
    "in the first line": 2,
    "behind the first line": 5,
    "in the header": 40,
    "in the body": len(WHOLE) - 8,
    "before the dot": len(WHOLE) - 3,
    "in the end": len(WHOLE) - 2,
    "before the last octet": len(WHOLE) - 1,
}


@POLICIES
@pytest.mark.parametrize("at", CUTS.values(), ids=CUTS.keys())
async def test_what_is_cut_off_is_never_kept_as_whole(at: int, policy: Policy) -> None:
    house = await furnish(policy=policy)
    drop = Maildrop(letters(3), {"RETR 2": cut_in(WHOLE[:at])})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
        assert isinstance(outcome.error, ConnectionLostError)
        assert await house.letters() == there[:1]
        assert drop.deleted == []
        drop.answers.clear()
        assert (await house.fetch(provider)).error is None
    assert sorted(await house.letters()) == sorted(there)
    assert drop.given()["RETR 1"] + drop.given()["RETR 2"] >= 3


@POLICIES
async def test_a_letter_that_is_refused_does_not_hold_up_the_others(policy: Policy) -> None:
    house = await furnish(policy=policy)
    drop = Maildrop(letters(4), {"RETR 2": b"-ERR cannot open it\r\n"})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert outcome.failed == 1
    assert await house.letters() == [there[0], *there[2:]]
    assert "uid-2" not in drop.deleted


POLLS = LOST_POLLS_UNTIL_QUARANTINE + 2
POISONS: dict[str, Answer] = {
    "hangs up": None,
    "cuts it off": cut_in(WHOLE[:60]),
    "answers nonsense": b"HELLO\r\n",
    "never ends it": endless(b"+OK\r\nSubject: x\r\n\r\n", b"x" * 65_535 + b"\n"),
    "gives it one octet at a time": slow(b"+OK\r\n"),
}


@POLICIES
@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())
async def test_a_letter_that_ends_every_connection_does_not_stall_the_rest(
    poison: Answer, policy: Policy
) -> None:
    """After a few polls it is set aside, and what lies behind it comes."""
    house = await furnish(policy=policy)
    drop = Maildrop(letters(5))
    there = list(drop.letters.values())

    def answer(session: Session, argument: str) -> bytes | None:
        if session.letters[int(argument)][0] != "uid-2":
            return drop.properly(session, f"RETR {argument}")
        return poison(session, argument) if callable(poison) else poison

    drop.answers["RETR"] = answer
    house.delivery = DeliveryService(
        house.store, AddressBook(), house.clock, hostname="mail.example.org", message_octets=1 << 20
    )
    quarantined = 0
    with Provider(drop) as provider:
        for _ in range(POLLS):
            quarantined += (await house.fetch(provider, IMPATIENT)).quarantined
            house.clock.advance(86_400)
        asked = drop.sessions
    whole = [one for one in await house.letters() if one in there]
    assert sorted(whole) == sorted([there[0], *there[2:]])
    assert quarantined >= 1
    assert "uid-2" not in drop.deleted
    assert asked == POLLS


@POLICIES
async def test_a_letter_over_the_limit_comes_as_its_header_and_a_note(policy: Policy) -> None:
    house = await furnish(policy=policy, largest_octets=10_000)
    large = letter("large", b"x" * 76 + b"\r\n" + b"y" * 20_000 + b"\r\n")
    drop = Maildrop({"a": letter("first"), "large": large, "z": letter("last")})
    with Provider(drop) as provider:
        for _ in range(2):
            assert (await house.fetch(provider)).error is None
    found = await house.letters()
    assert len(found) == 3
    (note,) = [one for one in found if b"Subject: large" in one]
    assert b"y" * 100 not in note
    assert drop.asked("RETR 2") == []
    assert "large" not in drop.deleted


@POLICIES
async def test_a_size_that_lies_does_not_bring_more_than_the_limit(policy: Policy) -> None:
    """LIST says little, RETR gives much: it is not read for ever, and not lost there."""
    house = await furnish(policy=policy, largest_octets=10_000)
    large = letter("large", (b"y" * 998 + b"\r\n") * 500)
    drop = Maildrop({"a": letter("first"), "large": large, "z": letter("last")})
    drop.answers["LIST"] = b"+OK\r\n1 10\r\n2 10\r\n3 10\r\n.\r\n"
    with Provider(drop) as provider:
        for _ in range(3):
            await house.fetch(provider)
    found = await house.letters()
    assert letter("first") in found
    assert letter("last") in found
    assert large in found or "large" not in drop.deleted
    assert len(found) == len(set(found))


async def test_a_letter_that_comes_as_short_again_when_it_is_asked_for_is_believed() -> None:
    """Its server says 100 000 octets, and gives a hundred: twice the same ones, so that is all."""
    house = await furnish(policy=DELETE)
    drop = Maildrop(letters(1), {"LIST": b"+OK\r\n1 100000\r\n.\r\n"})
    there = list(drop.letters.values())
    with Provider(drop) as provider:
        await house.fetch(provider)
        (doubtful,) = (await house.ledger()).values()
        assert doubtful.state is LedgerState.SEEN
        assert list(drop.letters.values()) == there
        await house.fetch(wanted_whole=frozenset({doubtful.uidl}))
        assert await house.letters() == there
        (entry,) = (await house.ledger()).values()
    assert entry.state in {LedgerState.STORED, LedgerState.DELETION_CONFIRMED}
