"""The same name, or the same header, and another letter: it is not lost, and none comes twice."""

from __future__ import annotations

import pytest

from hato.core.limits import DELETION_SHOWS_SECONDS, LEDGER_REMEMBERED_SECONDS
from hato.services.fetching.identity import is_to_be_looked_at, name_on_server, set_aside
from hato.services.sources.source import Keeping
from hato.store.model import LedgerEntry, LedgerState
from tests.unit.services.fetching.maildrop import Maildrop
from tests.unit.services.fetching.scene import Scene, letter, letters, open_scene

DAY = 86_400
NOW = 1_800_000_000
RULES = [Keeping.DELETE_WHEN_STORED, Keeping.KEEP]
CAPABILITIES = [["USER", "UIDL", "TOP"], ["USER", "UIDL"]]


async def polls(scene: Scene, count: int = 4) -> None:
    for _ in range(count):
        scene.clock.advance(DAY)
        outcome = await scene.poll()
        assert outcome.error is None


def confirmed(*, size: int = 10, sent: int = NOW, at: int = NOW) -> LedgerEntry:
    state = LedgerState.DELETION_CONFIRMED
    return LedgerEntry(b"u", state, None, size, b"w", b"h", at, NOW, sent)


@pytest.mark.parametrize("keeping", RULES)
@pytest.mark.parametrize("text", ["Dear Ida,\r\n", "Dear Ada, and a longer one,\r\n"])
async def test_a_name_that_is_used_again_names_another_letter(keeping: Keeping, text: str) -> None:
    """Of the same size and with the same header, it may be; before the rule was changed, or not."""
    first, second = letter(1), letter(1, text)
    maildrop = Maildrop({b"1": first})
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        await scene.poll()
        assert maildrop.letters == {}
        scene.rule(keeping)
        maildrop.letters[b"1"] = second
        await polls(scene)
        assert await scene.texts() == [first, second]
        assert maildrop.letters == ({} if keeping is not Keeping.KEEP else {b"1": second})
        receipts = [one for one in (await scene.ledger()).values() if one.deletion_sent_at]
        assert [name_on_server(one) for one in receipts] == [b"1"] * (2 - RULES.index(keeping))


async def test_another_size_is_seen_at_once() -> None:
    maildrop = Maildrop(letters(1))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        await scene.poll()
        maildrop.letters[b"u1"] = letter(2, "Much longer than before.\r\n")
        assert (await scene.poll()).new == 1


async def test_a_letter_that_is_still_there_is_deleted_once_more_and_comes_once() -> None:
    maildrop = Maildrop(letters(2))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        away = dict(maildrop.letters)
        await scene.poll()
        for days in (1, 1, 2, 4):
            maildrop.letters.update(away)
            await polls(scene, days)
            assert maildrop.letters == {}
        assert len(await scene.texts()) == 2
        entries = (await scene.ledger()).values()
        assert {one.state for one in entries} == {LedgerState.DELETION_CONFIRMED}


def test_a_server_that_does_not_delete_is_asked_less_and_less_often() -> None:
    first = confirmed()
    assert not is_to_be_looked_at(first, 10, NOW + DELETION_SHOWS_SECONDS - 1)
    assert is_to_be_looked_at(first, 10, NOW + DELETION_SHOWS_SECONDS)
    again = confirmed(at=NOW + DAY)
    assert not is_to_be_looked_at(again, 10, NOW + 2 * DAY - 1)
    assert is_to_be_looked_at(again, 10, NOW + 2 * DAY)
    assert is_to_be_looked_at(again, 11, NOW)
    assert not is_to_be_looked_at(again, 0, NOW)


@pytest.mark.parametrize("capabilities", CAPABILITIES)
@pytest.mark.parametrize("keeping", RULES)
async def test_the_same_header_over_another_body_is_not_deleted_unread(
    keeping: Keeping, capabilities: list[str]
) -> None:
    """All names change, and behind one of them the body has changed too."""
    maildrop = Maildrop(letters(20), capabilities=capabilities)
    async with open_scene(maildrop) as scene:
        await scene.poll()
        here = list(maildrop.letters.values())
        other = here[6].replace(b"Dear Ada", b"Dear Ida")
        there = [*here[:6], other, *here[7:]]
        maildrop.letters = {b"n%d" % n: text for n, text in enumerate(there)}
        await scene.poll()
        scene.rule(keeping)
        await polls(scene)
        kept = await scene.texts()
        if keeping is Keeping.DELETE_WHEN_STORED:
            assert kept == [*here, other]
            assert maildrop.letters == {}
        else:
            assert kept[:20] == here
            assert len(maildrop.letters) == 20


@pytest.mark.parametrize("count", [2, 20])
async def test_without_unique_ids_a_letter_is_compared_whole_before_it_goes(count: int) -> None:
    maildrop = Maildrop(letters(count), capabilities=["USER", "TOP"])
    async with open_scene(maildrop) as scene:
        await scene.poll()
        here = list(maildrop.letters.values())
        other = here[0].replace(b"Dear Ada", b"Dear Ida")
        maildrop.letters[b"u1"] = other
        scene.rule(Keeping.DELETE_WHEN_STORED)
        await polls(scene)
        assert sorted(await scene.texts()) == sorted([*here, other])
        assert maildrop.letters == {}


@pytest.mark.parametrize("capabilities", CAPABILITIES)
@pytest.mark.parametrize("text", ["Dear Ada,\r\n", "Dear Ida,\r\n", "Another letter.\r\n"])
async def test_a_name_that_was_gone_and_is_back_may_mean_another_letter(
    text: str, capabilities: list[str]
) -> None:
    maildrop = Maildrop(letters(2), capabilities=capabilities)
    async with open_scene(maildrop) as scene:
        await scene.poll()
        here = list(maildrop.letters.values())
        del maildrop.letters[b"u2"]
        await polls(scene)
        back = letter(2, text)
        maildrop.letters[b"u2"] = back
        scene.rule(Keeping.DELETE_WHEN_STORED)
        await polls(scene)
        assert await scene.texts() == ([*here] if back == here[1] else [*here, back])
        assert maildrop.letters == {}


async def test_a_letter_that_cannot_be_compared_stays_there() -> None:
    maildrop = Maildrop(letters(20))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        there = dict(enumerate(maildrop.letters.values()))
        maildrop.letters = {b"n%d" % n: text for n, text in there.items()}
        await scene.poll()
        scene.rule(Keeping.DELETE_WHEN_STORED)
        maildrop.answers["RETR 4"] = b"-ERR no\r\n"
        await scene.poll()
        assert set(maildrop.letters) == {b"n3"}
        assert len(await scene.texts()) == 20


async def test_receipts_end_after_more_than_a_year_and_not_before() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        await scene.poll()
        scene.clock.advance(LEDGER_REMEMBERED_SECONDS)
        await scene.poll()
        assert len(await scene.ledger()) == 3
        scene.clock.advance(1)
        await scene.poll()
        assert await scene.ledger() == {}
        assert len(await scene.texts()) == 3


def test_what_is_set_aside_keeps_its_name_for_the_receipt() -> None:
    assert name_on_server(confirmed()) == b"u"
    assert set_aside(confirmed()).uidl != b"u"
    assert name_on_server(set_aside(confirmed())) == b"u"
