"""The contract of following an account: changes since a state, expunged UIDs, subscriptions.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 8620 §5.2 (changes), RFC 7162 §3.2.10 (expunged UIDs).
Fails as tests fail.
"""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import ConflictError, NotFoundError
from hato.core.ids import MailboxId, ModSeq, Uid
from hato.core.limits import REMEMBER_REMOVED_SECONDS
from hato.store.api import Watch
from hato.store.changes import (
    ChangeMailbox,
    Committed,
    Expunge,
    MoveEmail,
    PlaceEmail,
    Purge,
    PutObject,
    RemoveMailbox,
    SetDeleted,
    SetKeywords,
    Undelete,
)
from hato.store.contract.scene import Scene
from hato.store.model import SEEN, ChangeKind, Changes

_PATIENCE_SECONDS = 20


async def changes(
    scene: Scene, kind: ChangeKind, since: ModSeq, limit: int = 1_000
) -> tuple[list[int | str], list[int | str], list[int | str]]:
    """Return created, updated and destroyed, sorted; nothing may be left over."""
    found = await scene.account.changes(kind, since, limit)
    assert not found.has_more
    assert found.until == await scene.account.modseq()
    return _sorted(found)


def _sorted(found: Changes) -> tuple[list[int | str], list[int | str], list[int | str]]:
    def in_order(things: tuple[int | str, ...]) -> list[int | str]:
        return sorted(things, key=lambda thing: (str(type(thing)), thing))

    return in_order(found.created), in_order(found.updated), in_order(found.destroyed)


class TestChanges:
    async def test_messages_are_made_changed_and_destroyed(self, scene: Scene) -> None:
        first, second, third = (one.email_id for one in await scene.add_many(3))
        since = await scene.account.modseq()
        assert await changes(scene, ChangeKind.EMAIL, since) == ([], [], [])
        await scene.commit(SetKeywords((first,), frozenset({SEEN})))
        await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        fourth = (await scene.add()).email_id
        await scene.commit(SetKeywords((fourth,), frozenset({SEEN})))
        assert await changes(scene, ChangeKind.EMAIL, since) == ([fourth], [first], [second])
        assert await changes(scene, ChangeKind.EMAIL, ModSeq(0)) == ([first, third, fourth], [], [])

    async def test_what_came_and_went_is_left_out(self, scene: Scene) -> None:
        since = await scene.account.modseq()
        await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        assert await changes(scene, ChangeKind.EMAIL, since) == ([], [], [])

    async def test_each_way_of_changing_a_message_is_noticed(self, scene: Scene) -> None:
        inbox, work = scene.account.inbox, await scene.make_mailbox("Work")
        email_id = (await scene.add()).email_id
        for wanted in (
            SetDeleted(inbox, (Uid(1),), is_deleted=True),
            PlaceEmail(email_id, work),
            Expunge(work, (Uid(1),)),
            MoveEmail(inbox, Uid(1), work),
        ):
            since = await scene.account.modseq()
            await scene.commit(wanted)
            assert await changes(scene, ChangeKind.EMAIL, since) == ([], [email_id], [])
            assert (await scene.email(email_id)).modseq == await scene.account.modseq()

    async def test_a_message_that_came_back_is_new_to_who_saw_it_go(self, scene: Scene) -> None:
        email_id = (await scene.add()).email_id
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        since = await scene.account.modseq()
        await scene.commit(Undelete((email_id,), scene.account.inbox))
        assert await changes(scene, ChangeKind.EMAIL, since) == ([email_id], [], [])

    async def test_purging_is_no_change(self, scene: Scene) -> None:
        email_id = (await scene.add()).email_id
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        since = await scene.account.modseq()
        await scene.commit(Purge((email_id,)))
        assert await changes(scene, ChangeKind.EMAIL, since) == ([], [], [])

    async def test_a_mailbox_changes_with_every_message_in_it(self, scene: Scene) -> None:
        inbox, work = scene.account.inbox, await scene.make_mailbox("Work")
        since = await scene.account.modseq()
        email_id = (await scene.add()).email_id
        assert await changes(scene, ChangeKind.MAILBOX, since) == ([], [inbox], [])
        since = await scene.account.modseq()
        await scene.commit(PlaceEmail(email_id, work))
        since_placed = await scene.account.modseq()
        assert work in (await changes(scene, ChangeKind.MAILBOX, since))[1]
        await scene.commit(SetKeywords((email_id,), frozenset({SEEN})))
        assert await changes(scene, ChangeKind.MAILBOX, since_placed) == ([], [inbox, work], [])
        modseqs = {one.modseq for one in await scene.account.mailboxes()}
        assert modseqs == {await scene.account.modseq()}
        since = await scene.account.modseq()
        await scene.commit(Expunge(work, (Uid(1),)))
        assert work in (await changes(scene, ChangeKind.MAILBOX, since))[1]

    async def test_mailboxes_are_made_changed_and_destroyed(self, scene: Scene) -> None:
        work, play = await scene.make_mailbox("Work"), await scene.make_mailbox("Play")
        since = await scene.account.modseq()
        await scene.commit(ChangeMailbox(work, sort_order=4))
        await scene.commit(RemoveMailbox(play))
        new = await scene.make_mailbox("New")
        assert await changes(scene, ChangeKind.MAILBOX, since) == ([new], [work], [play])

    async def test_a_thread_changes_with_the_messages_that_it_has(self, scene: Scene) -> None:
        since = await scene.account.modseq()
        first = await scene.add(reference_hashes=(11,))
        thread = first.thread_id
        assert await changes(scene, ChangeKind.THREAD, since) == ([thread], [], [])
        since = await scene.account.modseq()
        await scene.commit(SetKeywords((first.email_id,), frozenset({SEEN})))
        assert await changes(scene, ChangeKind.THREAD, since) == ([], [], [])
        await scene.add(reference_hashes=(22, 11))
        assert await changes(scene, ChangeKind.THREAD, since) == ([], [thread], [])
        since = await scene.account.modseq()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        assert await changes(scene, ChangeKind.THREAD, since) == ([], [thread], [])
        await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        assert await changes(scene, ChangeKind.THREAD, since) == ([], [], [thread])
        since = await scene.account.modseq()
        await scene.commit(Undelete((first.email_id,), scene.account.inbox))
        assert await changes(scene, ChangeKind.THREAD, since) == ([thread], [], [])

    async def test_small_things_are_made_changed_and_removed(self, scene: Scene) -> None:
        await scene.commit(PutObject("script", "a", b"1"), PutObject("script", "b", b"1"))
        since = await scene.account.modseq()
        await scene.commit(PutObject("script", "a", b"2"), PutObject("script", "b", None))
        await scene.commit(PutObject("view", "a", b"1"))
        assert await changes(scene, ChangeKind.OBJECT, since) == (
            ["view/a"],
            ["script/a"],
            ["script/b"],
        )

    async def test_what_did_not_change_is_not_told(self, scene: Scene) -> None:
        await scene.add()
        await scene.commit(PutObject("script", "a", b"1"))
        since = await scene.account.modseq()
        await scene.commit(PutObject("script", "a", b"2"))
        for kind in (ChangeKind.EMAIL, ChangeKind.MAILBOX, ChangeKind.THREAD):
            assert await changes(scene, kind, since) == ([], [], [])

    async def test_a_state_to_come_is_refused(self, scene: Scene) -> None:
        later = ModSeq(await scene.account.modseq() + 1)
        with pytest.raises(ConflictError):
            await scene.account.changes(ChangeKind.EMAIL, later, 10)
        with pytest.raises(ConflictError):
            await scene.account.expunged(scene.account.inbox, later)


class TestChangesInParts:
    async def test_whole_steps_come_oldest_first(self, scene: Scene) -> None:
        since = await scene.account.modseq()
        steps = [[one.email_id for one in await scene.add_many(count)] for count in (2, 1, 3)]
        first = await scene.account.changes(ChangeKind.EMAIL, since, 4)
        assert sorted(first.created) == steps[0] + steps[1]
        assert first.has_more
        second = await scene.account.changes(ChangeKind.EMAIL, first.until, 4)
        assert sorted(second.created) == steps[2]
        assert not second.has_more
        assert second.until == await scene.account.modseq()

    async def test_the_first_step_comes_even_when_it_is_too_large(self, scene: Scene) -> None:
        since = await scene.account.modseq()
        await scene.add_many(5)
        await scene.add()
        first = await scene.account.changes(ChangeKind.EMAIL, since, 2)
        assert (len(first.created), first.has_more) == (5, True)

    async def test_exactly_as_many_as_wanted_is_all(self, scene: Scene) -> None:
        since = await scene.account.modseq()
        await scene.add_many(3)
        found = await scene.account.changes(ChangeKind.EMAIL, since, 3)
        assert (len(found.created), found.has_more) == (3, False)

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    async def test_all_parts_together_lead_to_the_present(self, scene: Scene, limit: int) -> None:
        since = await scene.account.modseq()
        ids = [(await scene.add()).email_id for _ in range(8)]
        await scene.commit(SetKeywords((ids[0], ids[5]), frozenset({SEEN})))
        await scene.commit(Expunge(scene.account.inbox, (Uid(2), Uid(7))))
        await scene.commit(SetKeywords((ids[3],), frozenset({SEEN})))
        await scene.commit(Undelete((ids[1],), scene.account.inbox))
        known, has_more = set[int | str](), True
        while has_more:
            found = await scene.account.changes(ChangeKind.EMAIL, since, limit)
            assert not known & set(found.created)
            known |= set(found.created)
            assert known >= set(found.updated)
            known -= set(found.destroyed)
            assert found.until > since
            since, has_more = found.until, found.has_more
        assert known == set(ids) - {ids[6]}
        assert since == await scene.account.modseq()


class TestExpunged:
    async def test_uids_that_left_are_told_ascending(self, scene: Scene) -> None:
        inbox, work = scene.account.inbox, await scene.make_mailbox("Work")
        await scene.add_many(5)
        since = await scene.account.modseq()
        assert await scene.account.expunged(inbox, since) == []
        await scene.commit(Expunge(inbox, (Uid(4),)))
        between = await scene.account.modseq()
        await scene.commit(MoveEmail(inbox, Uid(2), work))
        await scene.commit(Expunge(inbox, (Uid(5), Uid(1))))
        assert await scene.account.expunged(inbox, since) == [1, 2, 4, 5]
        assert await scene.account.expunged(inbox, between) == [1, 2, 5]
        assert await scene.account.expunged(work, since) == []

    async def test_one_that_came_and_went_is_told_too(self, scene: Scene) -> None:
        since = await scene.account.modseq()
        await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        assert await scene.account.expunged(scene.account.inbox, since) == [1]

    async def test_a_mailbox_must_be_there(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.account.expunged(MailboxId(99), ModSeq(0))


class TestTheFloor:
    async def test_what_left_long_ago_is_forgotten(self, scene: Scene) -> None:
        inbox = scene.account.inbox
        added = await scene.add_many(3)
        before = await scene.account.modseq()
        await scene.commit(Expunge(inbox, (Uid(1),)))
        floor = await scene.account.modseq()
        scene.clock.advance(REMEMBER_REMOVED_SECONDS)
        await scene.commit(Expunge(inbox, (Uid(2),)))
        await scene.account.purge(scene.clock.now())
        for since in (ModSeq(0), before):
            with pytest.raises(ConflictError):
                await scene.account.changes(ChangeKind.EMAIL, since, 10)
            with pytest.raises(ConflictError):
                await scene.account.expunged(inbox, since)
        assert await changes(scene, ChangeKind.EMAIL, floor) == ([], [], [added[1].email_id])
        assert await scene.account.expunged(inbox, floor) == [2]

    async def test_not_a_second_too_early(self, scene: Scene) -> None:
        await scene.add()
        before = await scene.account.modseq()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        scene.clock.advance(REMEMBER_REMOVED_SECONDS - 1)
        await scene.account.purge(scene.clock.now())
        assert await scene.account.expunged(scene.account.inbox, before) == [1]

    async def test_it_can_be_raised_on_request(self, scene: Scene) -> None:
        await scene.add_many(2)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        floor = await scene.account.modseq()
        await scene.commit(PutObject("script", "a", b"1"))
        await scene.commit(Purge(floor=floor))
        with pytest.raises(ConflictError):
            await scene.account.changes(ChangeKind.OBJECT, ModSeq(floor - 1), 10)
        assert await changes(scene, ChangeKind.OBJECT, floor) == (["script/a"], [], [])
        assert (await scene.commit(Purge(floor=floor))).facts == ()


async def first_of(watch: Watch, count: int) -> list[Committed]:
    """Wait for so many steps."""
    found: list[Committed] = []
    async with asyncio.timeout(_PATIENCE_SECONDS):
        async for committed in watch:
            found.append(committed)
            if len(found) == count:
                break
    return found


class TestWatching:
    async def test_each_step_is_told_as_it_was_committed(self, scene: Scene) -> None:
        await scene.add()
        watch = await scene.account.watch()
        done = [
            await scene.commit(await scene.letter(), await scene.letter()),
            await scene.commit(SetDeleted(scene.account.inbox, (Uid(1),), is_deleted=True)),
            await scene.commit(Expunge(scene.account.inbox, (Uid(1),))),
        ]
        assert await first_of(watch, 3) == done
        watch.close()

    async def test_steps_of_many_at_the_same_time_come_in_order(self, scene: Scene) -> None:
        watch = await scene.account.watch()
        before = await scene.account.modseq()
        letters = [await scene.letter() for _ in range(30)]
        done = await asyncio.gather(*map(scene.commit, letters))
        told = await first_of(watch, 30)
        assert [one.modseq for one in told] == list(range(before + 1, before + 31))
        assert told == sorted(done, key=lambda one: one.modseq)
        watch.close()

    async def test_what_did_not_happen_is_not_told(self, scene: Scene) -> None:
        watch = await scene.account.watch()
        await scene.commit(Expunge(scene.account.inbox, (Uid(9),)))
        with pytest.raises(NotFoundError):
            await scene.commit(Expunge(MailboxId(99), (Uid(9),)))
        await scene.commit(await scene.letter(), delivery_id=b"d")
        await scene.commit(await scene.letter(), delivery_id=b"d")
        last = await scene.commit(PutObject("script", "a", b"1"))
        assert [one.modseq for one in await first_of(watch, 2)] == [last.modseq - 1, last.modseq]
        watch.close()

    async def test_every_subscriber_is_told(self, scene: Scene) -> None:
        watches = [await scene.account.watch() for _ in range(3)]
        committed = await scene.commit(await scene.letter())
        for watch in watches:
            assert await first_of(watch, 1) == [committed]
            watch.close()

    async def test_other_accounts_are_not_told_of(self, scene: Scene) -> None:
        other = await scene.store.account(await scene.store.create_account())
        watch = await scene.account.watch()
        await other.commit([await scene.letter()])
        mine = await scene.commit(await scene.letter())
        assert await first_of(watch, 1) == [mine]
        watch.close()

    async def test_closing_ends_it(self, scene: Scene) -> None:
        watch = await scene.account.watch()
        waiting = asyncio.create_task(first_of(watch, 1))
        await asyncio.sleep(0)
        watch.close()
        watch.close()
        assert await waiting == []
        await scene.add()
        assert await first_of(watch, 1) == []

    async def test_what_another_process_did_is_told(self, scene: Scene) -> None:
        second = await scene.backend.second()
        there = await second.account(scene.account.account_id)
        watch = await scene.account.watch()
        done = [
            await scene.commit(await scene.letter()),
            await there.commit([SetDeleted(there.inbox, (Uid(1),), is_deleted=True)]),
            await there.commit([Expunge(there.inbox, (Uid(1),))]),
            await scene.commit(await scene.letter()),
        ]
        assert await first_of(watch, 4) == done
        watch.close()
