"""Cuts, refusals, poison and full disks: every letter once, and nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from hato.core.errors import (
    DamagedError,
    NotFoundError,
    OverQuotaError,
    StorageFullError,
)
from hato.core.ids import MailboxId
from hato.core.limits import (
    LOST_POLLS_UNTIL_QUARANTINE,
    QUARANTINE_SECONDS,
    REFUSED_POLLS_UNTIL_QUARANTINE,
)
from hato.net.dial_errors import ConnectionLostError, DialError
from hato.services.fetching.ledger_books import letters_not_whole
from hato.services.sources.source import Keeping
from hato.services.sources.sources import SUSPICIONS_KIND
from hato.store.changes import Committed, MailboxMade, MakeMailbox, SetQuota, Wanted
from hato.store.model import TOP, LedgerState
from tests.unit.services.fetching.maildrop import Maildrop
from tests.unit.services.fetching.scene import letter, letters, open_scene

NO_PIPELINING = ["USER", "UIDL", "TOP"]


@pytest.mark.parametrize("keeping", [Keeping.KEEP, Keeping.DELETE_WHEN_STORED])
@pytest.mark.parametrize("capabilities", [NO_PIPELINING, [*NO_PIPELINING, "PIPELINING"]])
async def test_a_connection_cut_anywhere_costs_nothing(
    keeping: Keeping, capabilities: list[str]
) -> None:
    everything = [letter(n) for n in range(1, 6)]
    for octets in range(1, 1800, 61):
        maildrop = Maildrop(letters(5), capabilities=capabilities, cut_after_octets=octets)
        async with open_scene(maildrop) as scene:
            scene.rule(keeping)
            await scene.poll()
            here = await scene.texts()
            assert all(one in everything for one in here)
            assert set(everything) <= {*here, *maildrop.letters.values()}
            maildrop.cut_after_octets = None
            last = await scene.poll()
            assert last.error is None
            assert sorted(await scene.texts()) == sorted(everything)
            assert bool(maildrop.letters) is (keeping is Keeping.KEEP)


async def test_what_came_before_the_cut_is_kept() -> None:
    maildrop = Maildrop(letters(5), cut_at="RETR 4", capabilities=NO_PIPELINING)
    async with open_scene(maildrop) as scene:
        outcome = await scene.poll()
        assert isinstance(outcome.error, ConnectionLostError)
        assert (outcome.new, outcome.failed) == (3, 1)
        assert await scene.texts() == [letter(1), letter(2), letter(3)]


async def test_a_letter_that_ends_the_connection_does_not_hold_up_the_others() -> None:
    maildrop = Maildrop(letters(5), cut_at="RETR 2", capabilities=NO_PIPELINING)
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.cut_at = ""
        maildrop.answers["RETR 2"] = b"+OK\r\nhalf a lett"
        maildrop.cut_at = "RETR 2"
        outcome = await scene.poll()
        assert (outcome.new, outcome.cut_within_one_letter) == (3, 2)
        assert len(await scene.texts()) == 4
        for times in range(3, LOST_POLLS_UNTIL_QUARANTINE + 1):
            outcome = await scene.poll()
            assert outcome.error is not None
            assert outcome.cut_within_one_letter == times
        outcome = await scene.poll()
        assert (outcome.error, outcome.quarantined) == (None, 1)
        assert (await scene.ledger())[b"u2"].state is LedgerState.QUARANTINED


async def test_a_letter_that_is_refused_is_given_up_with_a_note_after_several_polls() -> None:
    maildrop = Maildrop(letters(3), answers={"RETR 2": b"-ERR cannot read it\r\n"})
    async with open_scene(maildrop) as scene:
        first = await scene.poll()
        assert (first.new, first.failed, first.error) == (2, 1, None)
        for _ in range(REFUSED_POLLS_UNTIL_QUARANTINE - 1):
            assert (await scene.poll()).failed == 1
        outcome = await scene.poll()
        assert (outcome.quarantined, outcome.failed) == (1, 0)
        note = (await scene.texts())[-1]
        assert b"Subject: Letter 2\r\n" in note
        assert "1 日に 1 回".encode() in note
        scene.counting.steps.clear()
        assert (await scene.poll()).quarantined == 0
        assert not scene.counting.steps
        assert await scene.account.stored_object(SUSPICIONS_KIND, "s1") is None


async def test_quarantine_ends_when_the_server_gives_the_letter() -> None:
    maildrop = Maildrop(letters(2), answers={"RETR 2": b"-ERR cannot read it\r\n"})
    async with open_scene(maildrop) as scene:
        for _ in range(REFUSED_POLLS_UNTIL_QUARANTINE + 1):
            await scene.poll()
        maildrop.answers.clear()
        assert (await scene.poll()).new == 0
        scene.clock.advance(QUARANTINE_SECONDS)
        assert (await scene.poll()).new == 1
        assert await scene.texts() == [letter(1), letter(2)]
        assert (await scene.ledger())[b"u2"].state is LedgerState.STORED


async def test_one_letter_in_quarantine_gets_one_note_however_often_it_is_tried() -> None:
    maildrop = Maildrop(letters(2), answers={"RETR 2": b"-ERR cannot read it\r\n"})
    async with open_scene(maildrop) as scene:
        for _ in range(3 * REFUSED_POLLS_UNTIL_QUARANTINE):
            await scene.poll()
            scene.clock.advance(QUARANTINE_SECONDS)
        assert len(await scene.texts()) == 2


async def test_a_letter_that_the_store_refuses_spoils_no_other() -> None:
    maildrop = Maildrop(letters(5))
    async with open_scene(maildrop) as scene:
        scene.counting.poison = b"Letter 3\r\nMessage"
        scene.counting.fault = DamagedError("what a letter")
        maildrop.letters[b"u3"] = letter(3, subject="Letter 3").replace(b"Dear", b"Poison")
        scene.counting.poison = b"Poison"
        outcome = await scene.poll()
        assert (outcome.new, outcome.quarantined, outcome.error) == (5, 1, None)
        texts = await scene.texts()
        assert [one in texts for one in (letter(1), letter(2), letter(4), letter(5))] == [True] * 4
        assert (await scene.ledger())[b"u3"].state is LedgerState.QUARANTINED
        scene.rule(Keeping.DELETE_WHEN_STORED)
        await scene.poll()
        assert list(maildrop.letters) == [b"u3"]


async def test_a_full_disk_stops_the_poll_and_deletes_nothing_and_it_goes_on_by_itself() -> None:
    maildrop = Maildrop(letters(5))
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        scene.counting.refuse = [StorageFullError("full")] * 3
        outcome = await scene.poll()
        assert isinstance(outcome.error, StorageFullError)
        assert outcome.new == 0
        assert len(maildrop.letters) == 5
        assert not maildrop.said("DELE")
        scene.counting.refuse = []
        outcome = await scene.poll()
        assert (outcome.new, outcome.deleted) == (5, 5)


async def test_a_full_account_takes_what_fits_and_says_so() -> None:
    async with open_scene(Maildrop(letters(5))) as scene:
        await scene.account.commit([SetQuota(None, 3)])
        outcome = await scene.poll()
        assert isinstance(outcome.error, OverQuotaError)
        assert (outcome.new, outcome.failed, outcome.quarantined) == (3, 2, 0)
        await scene.account.commit([SetQuota(None, None)])
        assert (await scene.poll()).new == 2


async def test_large_letters_come_as_a_header_and_a_note_and_whole_on_request() -> None:
    large = letter(2, "x" * 5_000 + "\r\n")
    maildrop = Maildrop({b"u1": letter(1), b"u2": large})
    async with open_scene(maildrop) as scene:
        scene.source = msgspec.structs.replace(scene.source, largest_octets=1_000)
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).new == 2
        note = (await scene.texts())[1]
        assert b"From: bob@example.net\r\n" in note
        assert b"Subject: Letter 2\r\n" in note
        assert b"xxx" not in note
        assert list(maildrop.letters) == [b"u2"]
        assert (await scene.poll()).new == 0
        wanted = await letters_not_whole(scene.account, "s1")
        assert wanted == {b"u2"}
        outcome = await scene.poll(wanted_whole=wanted)
        assert (outcome.new, outcome.deleted) == (1, 1)
        assert await scene.texts() == [letter(1), large]


async def test_a_letter_larger_than_hato_takes_is_noted_even_where_its_size_is_a_lie() -> None:
    maildrop = Maildrop({b"u1": letter(1), b"u2": letter(2, "x" * 9_000), b"u3": letter(3)})
    maildrop.size_of = lambda text: min(len(text), 300)
    async with open_scene(maildrop) as scene:
        scene.delivery.message_octets = 2_000
        outcome = await scene.poll()
        assert (outcome.new, outcome.quarantined, outcome.error) == (3, 1, None)
        texts = await scene.texts()
        assert letter(1) in texts
        assert letter(3) in texts
        assert (await scene.poll()).new == 0


async def test_letters_go_to_the_folder_of_the_source_or_to_inbox_where_that_is_gone() -> None:
    async with open_scene(Maildrop(letters(1))) as scene:
        made = await scene.account.commit([MakeMailbox(TOP, "Elsewhere")])
        [folder] = [fact.mailbox_id for fact in made.facts if isinstance(fact, MailboxMade)]
        scene.source = msgspec.structs.replace(scene.source, folder=folder)
        await scene.poll()
        assert len(await scene.account.snapshot(folder)) == 1
        assert not await scene.texts()
    async with open_scene(Maildrop(letters(2))) as scene:
        scene.source = msgspec.structs.replace(scene.source, folder=MailboxId(99))
        assert (await scene.poll()).new == 2
        assert len(await scene.texts()) == 2


async def test_a_folder_that_goes_while_letters_come_does_not_lose_them() -> None:
    async with open_scene(Maildrop(letters(2))) as scene:
        made = await scene.account.commit([MakeMailbox(TOP, "Elsewhere")])
        [folder] = [fact.mailbox_id for fact in made.facts if isinstance(fact, MailboxMade)]
        scene.source = msgspec.structs.replace(scene.source, folder=folder)
        gone = NotFoundError("the mailbox is not there")
        scene.counting.refuse = [gone, gone]
        assert (await scene.poll()).new == 2
        assert await scene.texts() == [letter(1), letter(2)]


async def test_nobody_there_is_said_in_the_outcome() -> None:
    async with open_scene(Maildrop()) as scene:
        scene.source = msgspec.structs.replace(scene.source, port=1)
        outcome = await scene.poll()
        assert isinstance(outcome.error, DialError)
        assert outcome.method == ""


async def test_a_poll_that_is_cancelled_loses_nothing() -> None:
    maildrop = Maildrop(letters(200), capabilities=NO_PIPELINING)
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        for count in (1, 20, 100):
            maildrop.forget()
            polling = asyncio.create_task(scene.poll())
            while len(maildrop.said("RETR")) < count:
                await asyncio.sleep(0)
            polling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await polling
            assert len(maildrop.letters) == 200
        assert (await scene.poll()).error is None
        assert sorted(await scene.texts()) == sorted(letters(200).values())
        assert not maildrop.letters


async def test_dates_are_those_of_the_server_that_got_the_letter() -> None:
    plain = b"From: bob@example.net\r\n\r\nHello\r\n"
    async with open_scene(Maildrop({b"u1": letter(1), b"u2": plain})) as scene:
        await scene.poll()
        first, second = await scene.account.emails(await scene.email_ids())
        assert first.received == 1_672_596_245
        assert second.received == scene.clock.now()
        assert (first.source, second.source) == ("s1", "s1")


async def test_sizes_that_no_letter_can_have_cost_a_note_and_nothing_else() -> None:
    maildrop = Maildrop(letters(2), size_of=lambda text: 10**19)
    async with open_scene(maildrop) as scene:
        outcome = await scene.poll()
        assert (outcome.new, outcome.error) == (2, None)
        assert (await scene.poll()).new == 0


async def test_an_empty_letter_is_a_letter() -> None:
    async with open_scene(Maildrop({b"u1": b""}, answers={"RETR": b"+OK\r\n.\r\n"})) as scene:
        assert (await scene.poll()).new == 1
        assert (await scene.poll()).new == 0


async def test_line_ends_that_stand_alone_become_whole_ones() -> None:
    bare = b"From: bob@example.net\nSubject: hi\r\n\r\nbare\n.\nend\r\n"
    async with open_scene(Maildrop({b"u1": bare})) as scene:
        assert (await scene.poll()).new == 1
        [text] = await scene.texts()
        assert text == b"From: bob@example.net\r\nSubject: hi\r\n\r\nbare\r\n.\r\nend\r\n"


async def test_a_letter_that_ends_the_connection_does_not_hold_up_deletions() -> None:
    maildrop = Maildrop(letters(3), cut_at="RETR 2", capabilities=NO_PIPELINING)
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        assert (await scene.poll()).new == 1
        assert (await scene.poll()).new == 1
        outcome = await scene.poll()
        assert (outcome.error, outcome.new, outcome.deleted) == (None, 0, 2)
        assert list(maildrop.letters) == [b"u2"]
        maildrop.cut_at = ""
        assert (await scene.poll()).deleted == 1
        assert sorted(await scene.texts()) == [letter(1), letter(2), letter(3)]


async def test_a_letter_whose_header_ends_the_connection_holds_up_nothing_either() -> None:
    maildrop = Maildrop({b"u1": letter(1), b"big": letter(2, "x" * 5_000), b"u3": letter(3)})
    maildrop.cut_at = "TOP 2 0"
    async with open_scene(maildrop) as scene:
        scene.source = msgspec.structs.replace(scene.source, largest_octets=1_000)
        outcome = await scene.poll()
        assert (outcome.new, outcome.failed) == (2, 1)
        assert (await scene.poll()).error is None
        texts = await scene.texts()
        assert len(texts) == 3
        assert b"From: Hato <postmaster@mail.example.org>" in texts[2]


async def test_what_is_not_listed_is_judged_only_where_all_that_is_listed_is_known() -> None:
    maildrop = Maildrop(letters(20), capabilities=["USER"], quit_is_heard=False)
    async with open_scene(maildrop) as scene:
        scene.rule(Keeping.DELETE_WHEN_STORED)
        maildrop.cut_at = "QUIT"
        await scene.poll()
        assert len(maildrop.letters) == 20
        maildrop.cut_at = "RETR 7"
        await scene.poll()
        maildrop.cut_at, maildrop.quit_is_heard = "", True
        outcome = await scene.poll()
        assert (outcome.new, outcome.again, outcome.deleted) == (0, 20, 20)
        assert len(await scene.texts()) == 20


async def test_a_poll_that_is_broken_off_at_its_end_waits_for_what_is_being_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its lock is not free before: the next poll would fetch the same letters again."""
    async with open_scene(Maildrop(letters(3))) as scene:
        commit = scene.counting.commit
        is_writing, may_go_on = asyncio.Event(), asyncio.Event()

        async def commit_slowly(wanted: Sequence[Wanted]) -> Committed:
            is_writing.set()
            await may_go_on.wait()
            return await commit(wanted)

        with monkeypatch.context() as patch:
            patch.setattr(scene.counting, "commit", commit_slowly)
            broken_off = asyncio.create_task(scene.poll())
            await is_writing.wait()
            broken_off.cancel()
            for _ in range(20):
                await asyncio.sleep(0)
            assert not broken_off.done()
            may_go_on.set()
            await asyncio.wait([broken_off])
        assert (await scene.poll()).new == 0
        assert len(await scene.texts()) == 3
