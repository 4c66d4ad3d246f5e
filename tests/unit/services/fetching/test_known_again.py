"""Letters that have other names than before, or none: none of them comes twice."""

from __future__ import annotations

import pytest

from hato.core.ids import EmailId
from hato.store.changes import PutLedger
from hato.store.model import LedgerEntry, LedgerState
from tests.unit.services.fetching.maildrop import Maildrop
from tests.unit.services.fetching.scene import letter, letters, open_scene

COUNT = 60


async def test_a_renumbered_mailbox_is_known_again_and_nothing_is_fetched() -> None:
    maildrop = Maildrop(letters(COUNT))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters = {b"v%d" % n: letter(n) for n in range(1, COUNT + 1)}
        maildrop.forget()
        outcome = await scene.poll()
        assert (outcome.renumbered, outcome.new, outcome.error) == (COUNT, 0, None)
        assert not maildrop.said("RETR")
        assert set(await scene.ledger()) == set(maildrop.letters)
        maildrop.forget()
        assert (await scene.poll()).renumbered == 0
        assert not maildrop.said("TOP")


async def test_new_letters_among_renumbered_ones_are_fetched() -> None:
    maildrop = Maildrop(letters(COUNT))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters = {b"v%d" % n: letter(n) for n in range(2, COUNT + 3)}
        outcome = await scene.poll()
        assert (outcome.renumbered, outcome.new) == (COUNT - 1, 2)
        assert len(await scene.texts()) == COUNT + 2


async def test_a_renumbering_is_seen_although_sizes_are_counted_in_another_way() -> None:
    maildrop = Maildrop(letters(COUNT))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters = {b"v%d" % n: letter(n) for n in range(1, COUNT + 1)}
        maildrop.size_of = lambda text: len(text.replace(b"\r\n", b"\n"))
        assert (await scene.poll()).renumbered == COUNT
        assert len(await scene.texts()) == COUNT


async def test_where_headers_are_not_shown_the_whole_letter_is_known_again() -> None:
    maildrop = Maildrop(letters(20), capabilities=["USER", "UIDL"])
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters = {b"v%d" % n: letter(n) for n in range(1, 21)}
        outcome = await scene.poll()
        assert (outcome.again, outcome.new) == (20, 0)
        assert set(await scene.ledger()) == set(maildrop.letters)
        assert len(await scene.texts()) == 20


async def test_one_letter_that_came_back_under_another_name_is_known_again() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters[b"moved-away-and-back"] = maildrop.letters.pop(b"u2")
        outcome = await scene.poll()
        assert (outcome.renumbered, outcome.new) == (1, 0)
        assert len(maildrop.said("TOP")) == 1


async def test_two_copies_on_the_server_are_two_letters_here() -> None:
    maildrop = Maildrop({b"a": letter(1)})
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters[b"b"] = letter(1)
        assert (await scene.poll()).new == 1
        maildrop.letters = {b"c": letter(1), b"d": letter(1), b"e": letter(1)}
        outcome = await scene.poll()
        assert (outcome.renumbered, outcome.new) == (2, 1)
        assert len(await scene.texts()) == 3


@pytest.mark.parametrize("capabilities", [["USER", "TOP"], ["USER"], ["USER", "TOP", "PIPELINING"]])
async def test_a_server_without_unique_ids_gives_each_letter_once(capabilities: list[str]) -> None:
    maildrop = Maildrop(letters(5), capabilities=capabilities)
    async with open_scene(maildrop) as scene:
        assert (await scene.poll()).new == 5
        assert (await scene.poll()).new == 0
        del maildrop.letters[b"u2"]
        maildrop.letters[b"u6"] = letter(6)
        assert (await scene.poll()).new == 1
        assert (await scene.poll()).new == 0
        assert await scene.texts() == [letter(n) for n in range(1, 7)]
        if "TOP" in capabilities:
            assert len(maildrop.said("RETR")) == 6


async def test_copies_on_a_server_without_unique_ids_are_each_fetched_once() -> None:
    maildrop = Maildrop({b"%d" % n: letter(1) for n in range(3)}, capabilities=["USER", "TOP"])
    async with open_scene(maildrop) as scene:
        assert (await scene.poll()).new == 3
        assert (await scene.poll()).new == 0
        maildrop.letters.update({b"x": letter(1)})
        assert (await scene.poll()).new == 1
        assert len(await scene.ledger()) == 4


async def test_letters_that_share_a_unique_id_are_all_fetched_and_only_once() -> None:
    maildrop = Maildrop(letters(4), unique_ids=[b"x", b"x", b"y", b"x"])
    async with open_scene(maildrop) as scene:
        assert (await scene.poll()).new == 4
        outcome = await scene.poll()
        assert (outcome.new, outcome.again, outcome.renumbered) == (0, 0, 0)
        maildrop.unique_ids = [b"x", b"x", b"y", b"x", b"x"]
        maildrop.letters[b"u5"] = letter(5)
        assert (await scene.poll()).new == 1
        assert await scene.texts() == [letter(n) for n in range(1, 6)]


async def test_a_letter_known_alone_is_known_when_another_gets_its_name() -> None:
    maildrop = Maildrop(letters(1), unique_ids=[b"x"])
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.letters[b"u2"] = letter(2)
        maildrop.unique_ids = [b"x", b"x"]
        assert (await scene.poll()).new == 1
        assert (await scene.poll()).new == 0


async def test_unique_ids_that_are_too_long_do_not_matter() -> None:
    maildrop = Maildrop(letters(3), unique_ids=[b"a" * 71, b"../../x", b"b" * 900])
    async with open_scene(maildrop) as scene:
        assert (await scene.poll()).new == 3
        assert (await scene.poll()).new == 0
        assert b"../../x" in await scene.ledger()


async def test_what_another_program_fetched_is_not_fetched() -> None:
    taken = LedgerEntry(b"u1", LedgerState.SEEN, None, 0, b"", b"", 0)
    async with open_scene(Maildrop(letters(2))) as scene:
        await scene.account.commit([PutLedger("s1", (taken,))])
        assert (await scene.poll()).new == 1
        assert await scene.texts() == [letter(2)]


async def test_a_letter_like_one_that_was_deleted_there_is_another_letter() -> None:
    confirmed = LedgerEntry(
        b"old", LedgerState.DELETION_CONFIRMED, EmailId(1), len(letter(1)), b"", b"", 0
    )
    async with open_scene(Maildrop({b"new": letter(1)})) as scene:
        await scene.account.commit([PutLedger("s1", (confirmed,))])
        assert (await scene.poll()).new == 1
