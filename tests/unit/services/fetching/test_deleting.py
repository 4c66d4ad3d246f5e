"""What is deleted from the server: by rule, after it is safe here, and with an answer."""

from __future__ import annotations

import pytest

from hato.core.errors import StorageFullError
from hato.core.limits import MISSING_POLLS_UNTIL_GONE
from hato.services.sources.source import Keeping
from hato.store.changes import Expunge, PutLedger, SetKeywords
from hato.store.model import SEEN, LedgerState
from tests.unit.services.fetching.maildrop import Maildrop
from tests.unit.services.fetching.scene import Scene, letters, open_scene


async def states(scene: Scene) -> set[LedgerState]:
    return {entry.state for entry in (await scene.ledger()).values()}


async def test_what_is_stored_is_deleted_in_the_same_poll() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        outcome = await scene.poll()
        assert (outcome.new, outcome.deleted) == (3, 3)
        assert not maildrop.letters
        assert await states(scene) == {LedgerState.DELETION_CONFIRMED}
        assert len(await scene.texts()) == 3
        scene.counting.steps.clear()
        assert (await scene.poll()).deleted == 0
        assert not scene.counting.steps


async def test_the_ledger_says_durably_that_dele_will_leave_before_it_does() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        scene.counting.refuse = [None, StorageFullError("full")]
        outcome = await scene.poll()
        assert isinstance(outcome.error, StorageFullError)
        assert not maildrop.said("DELE")
        assert len(maildrop.letters) == 3
        assert (await scene.poll()).deleted == 3


async def test_a_goodbye_that_was_not_heard_is_settled_by_the_next_listing() -> None:
    maildrop = Maildrop(letters(3), quit_is_heard=False)
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        outcome = await scene.poll()
        assert (outcome.new, outcome.deleted, outcome.error) == (3, 0, None)
        assert await states(scene) == {LedgerState.DELETION_SENT}
        outcome = await scene.poll()
        assert (outcome.new, outcome.deleted) == (0, 3)
        assert await states(scene) == {LedgerState.DELETION_CONFIRMED}


async def test_a_deletion_that_was_cut_off_is_sent_once_more() -> None:
    maildrop = Maildrop(letters(3), cut_at="DELE 2")
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).error is not None
        assert len(maildrop.letters) == 3
        maildrop.cut_at = ""
        outcome = await scene.poll()
        assert (outcome.new, outcome.deleted) == (0, 3)
        assert len(await scene.texts()) == 3


async def test_a_deletion_that_is_refused_may_be_done_later() -> None:
    maildrop = Maildrop(letters(2), answers={"DELE 1": b"-ERR locked\r\n"})
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).deleted == 1
        ledger = await scene.ledger()
        assert ledger[b"u1"].state is LedgerState.MAY_BE_DELETED
        maildrop.answers.clear()
        assert (await scene.poll()).deleted == 1


async def test_a_no_to_quit_leaves_the_rest_to_the_next_listing() -> None:
    maildrop = Maildrop(letters(2), answers={"QUIT": b"-ERR some were not removed\r\n"})
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).deleted == 0
        assert await states(scene) == {LedgerState.DELETION_SENT}
        maildrop.answers.clear()
        assert (await scene.poll()).deleted == 2
        assert not maildrop.letters


async def test_days_pass_before_a_letter_goes() -> None:
    maildrop = Maildrop(letters(2))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_AFTER_DAYS, days=7)
        assert (await scene.poll()).deleted == 0
        scene.clock.advance(7 * 86_400 - 1)
        assert (await scene.poll()).deleted == 0
        scene.clock.advance(1)
        assert (await scene.poll()).deleted == 2


async def test_what_was_read_here_goes_there() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_READ)
        first = await scene.poll()
        assert (first.new, first.deleted) == (3, 0)
        read, removed, _ = await scene.email_ids()
        await scene.account.commit([SetKeywords((read,), add=frozenset({SEEN}))])
        [email] = await scene.account.emails([removed])
        [(mailbox, uid)] = email.placements
        await scene.account.commit([Expunge(mailbox, (uid,))])
        assert (await scene.poll()).deleted == 2
        assert list(maildrop.letters) == [b"u3"]


async def test_what_another_program_took_is_never_deleted() -> None:
    maildrop = Maildrop(letters(1))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        [entry] = (await scene.ledger()).values()
        taken = type(entry)(b"u1", LedgerState.SEEN, None, 0, b"", b"", 0)
        await scene.account.commit([PutLedger("s1", (taken,))])
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).deleted == 0
        assert not maildrop.said("DELE")


async def test_what_came_shorter_than_listed_is_kept_there_too() -> None:
    maildrop = Maildrop(letters(1), size_of=lambda text: 3 * len(text))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).new == 1
        assert (await scene.poll()).new == 0
        assert not maildrop.said("DELE")


async def test_sizes_that_are_a_little_wrong_do_not_matter() -> None:
    maildrop = Maildrop(letters(2), size_of=lambda text: len(text) * 11 // 10)
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).deleted == 2


@pytest.mark.parametrize("keeping", list(Keeping))
async def test_an_empty_mailbox_is_no_reason_for_anything(keeping: Keeping) -> None:
    async with open_scene(Maildrop()) as scene:
        scene.rule(keeping)
        outcome = await scene.poll()
        assert (outcome.new, outcome.deleted, outcome.error) == (0, 0, None)
        assert not scene.counting.steps


async def test_letters_count_as_gone_after_several_polls_and_may_come_back() -> None:
    maildrop = Maildrop(letters(2))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        away = maildrop.letters.pop(b"u2")
        for _ in range(MISSING_POLLS_UNTIL_GONE - 1):
            await scene.poll()
            assert await states(scene) == {LedgerState.STORED}
        await scene.poll()
        assert (await scene.ledger())[b"u2"].state is LedgerState.GONE
        scene.counting.steps.clear()
        await scene.poll()
        assert not scene.counting.steps
        maildrop.letters[b"u2"] = away
        assert (await scene.poll()).new == 0
        assert await states(scene) == {LedgerState.STORED}
