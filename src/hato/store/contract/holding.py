"""The contract of quota, and of deleted messages that can come back.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: none; deleting gently is Hato's own.
Fails as tests fail.
"""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import ConflictError, NotFoundError, OverQuotaError
from hato.core.ids import EmailId, ModSeq, Uid
from hato.core.limits import SOFT_DELETE_SECONDS
from hato.store.changes import (
    Expunge,
    MoveEmail,
    Purge,
    Purged,
    QuotaSet,
    SetDeleted,
    SetKeywords,
    SetQuota,
    Undelete,
    Undeleted,
)
from hato.store.contract.scene import LETTER, Scene, all_of, only
from hato.store.model import SEEN, ChangeKind

_SIZE = len(LETTER)


class TestQuota:
    async def test_an_account_has_no_limit_at_first(self, scene: Scene) -> None:
        usage = await scene.account.usage()
        assert (usage.used_octets, usage.used_count, usage.held_octets) == (0, 0, 0)
        assert (usage.quota_octets, usage.quota_count) == (None, None)

    async def test_limits_are_set_and_lifted(self, scene: Scene) -> None:
        assert (await scene.commit(SetQuota(1000, 5))).facts == (QuotaSet(1000, 5),)
        usage = await scene.account.usage()
        assert (usage.quota_octets, usage.quota_count) == (1000, 5)
        assert (await scene.commit(SetQuota(1000, 5))).facts == ()
        await scene.commit(SetQuota(None, None))
        assert (await scene.account.usage()).quota_octets is None

    async def test_octets_up_to_the_limit_are_taken_and_not_one_more(self, scene: Scene) -> None:
        await scene.commit(SetQuota(2 * _SIZE + 3, None))
        await scene.add()
        with pytest.raises(OverQuotaError):
            await scene.add(prefix=b"AB\r\n")
        await scene.add(prefix=b"A\r\n"[:3])
        with pytest.raises(OverQuotaError):
            await scene.add(b"x")
        await scene.add(b"")

    async def test_messages_up_to_the_limit_are_taken(self, scene: Scene) -> None:
        await scene.commit(SetQuota(None, 2))
        await scene.add_many(2)
        with pytest.raises(OverQuotaError):
            await scene.add()

    async def test_a_step_that_does_not_fit_leaves_nothing(self, scene: Scene) -> None:
        await scene.commit(SetQuota(None, 2))
        with pytest.raises(OverQuotaError):
            await scene.add_many(3)
        assert await scene.uids() == []
        assert (await scene.account.usage()).used_count == 0

    async def test_deliveries_at_the_same_time_do_not_pass_the_limit(self, scene: Scene) -> None:
        await scene.commit(SetQuota(None, 5))
        letters = [await scene.letter() for _ in range(12)]
        done = await asyncio.gather(*map(scene.commit, letters), return_exceptions=True)
        assert sum(isinstance(one, OverQuotaError) for one in done) == 7
        assert (await scene.account.usage()).used_count == 5

    async def test_what_is_expunged_makes_room_even_in_the_same_step(self, scene: Scene) -> None:
        await scene.commit(SetQuota(_SIZE, 1))
        await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)), await scene.letter())
        usage = await scene.account.usage()
        assert (usage.used_octets, usage.used_count, usage.held_octets) == (_SIZE, 1, _SIZE)

    async def test_a_limit_below_what_is_there_only_stops_more(self, scene: Scene) -> None:
        added = await scene.add_many(3)
        await scene.commit(SetQuota(1, 1))
        await scene.commit(SetKeywords((added[0].email_id,), frozenset({SEEN})))
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        with pytest.raises(OverQuotaError):
            await scene.add()


class TestHolding:
    async def test_a_deleted_message_can_be_found(self, scene: Scene) -> None:
        first, second = await scene.add_many(2)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        scene.clock.advance(10)
        await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        later, earlier = await scene.account.held()
        assert (later.email_id, earlier.email_id) == (second.email_id, first.email_id)
        assert later.held_until == scene.clock.now() + SOFT_DELETE_SECONDS
        assert earlier.held_until == later.held_until - 10
        assert later.mailbox_id == scene.account.inbox
        assert later.received == second.received

    async def test_the_mailbox_is_the_one_where_it_lay_last(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        await scene.add()
        await scene.commit(MoveEmail(scene.account.inbox, Uid(1), work))
        await scene.commit(Expunge(work, (Uid(1),)))
        (held,) = await scene.account.held()
        assert held.mailbox_id == work

    async def test_its_octets_can_still_be_read(self, scene: Scene) -> None:
        added = await scene.add()
        body = (await scene.email(added.email_id)).body
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        (held,) = await scene.account.held()
        for one in (body, held.body, await scene.account.find_body(added.body_id)):
            assert (await scene.account.read(one, 0, _SIZE)).data == LETTER

    async def test_it_comes_back_with_a_new_uid_and_all_else_old(self, scene: Scene) -> None:
        added = await scene.add(
            keywords=frozenset({"work"}), uidl="kept-one", received=5, source="home"
        )
        before = await scene.email(added.email_id)
        await scene.commit(SetDeleted(scene.account.inbox, (Uid(1),), is_deleted=True))
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        committed = await scene.commit(Undelete((added.email_id,), scene.account.inbox))
        assert committed.facts == (Undeleted(added.email_id, scene.account.inbox, Uid(2)),)
        after = await scene.email(added.email_id)
        assert (after.uidl, after.keywords, after.received, after.source, after.thread_id) == (
            "kept-one",
            frozenset({"work"}),
            5,
            "home",
            before.thread_id,
        )
        assert after.placements == ((scene.account.inbox, 2),)
        assert after.created_modseq == after.modseq == committed.modseq
        snapshot = await scene.account.snapshot(scene.account.inbox)
        assert snapshot.uidl(0) == "kept-one"
        assert snapshot.flags[0] & 1 == 0
        assert await scene.octets(added.email_id) == LETTER
        assert await scene.account.held() == []

    async def test_a_made_uidl_stays_too(self, scene: Scene) -> None:
        added = await scene.add()
        before = (await scene.email(added.email_id)).uidl
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        await scene.commit(Undelete((added.email_id,), scene.account.inbox))
        assert (await scene.email(added.email_id)).uidl == before

    async def test_several_come_back_in_the_order_asked_for(self, scene: Scene) -> None:
        first, second, third = await scene.add_many(3)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1), Uid(2), Uid(3))))
        ids = (third.email_id, first.email_id, second.email_id)
        committed = await scene.commit(Undelete(ids, scene.account.inbox))
        assert [(one.email_id, one.uid) for one in all_of(Undeleted, committed)] == [
            (third.email_id, 4),
            (first.email_id, 5),
            (second.email_id, 6),
        ]

    async def test_it_can_come_back_in_the_step_that_took_it_out(self, scene: Scene) -> None:
        added = await scene.add()
        await scene.commit(
            Expunge(scene.account.inbox, (Uid(1),)),
            Undelete((added.email_id,), scene.account.inbox),
        )
        assert await scene.uids() == [2]
        assert (await scene.account.usage()).held_octets == 0

    async def test_what_is_not_held_is_passed_over(self, scene: Scene) -> None:
        added = await scene.add()
        wanted = Undelete((added.email_id, EmailId(999)), scene.account.inbox)
        assert (await scene.commit(wanted)).facts == ()

    async def test_coming_back_needs_room(self, scene: Scene) -> None:
        first, _second = await scene.add_many(2)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        await scene.commit(SetQuota(None, 1))
        with pytest.raises(OverQuotaError):
            await scene.commit(Undelete((first.email_id,), scene.account.inbox))
        assert len(await scene.account.held()) == 1

    async def test_usage_follows(self, scene: Scene) -> None:
        added = await scene.add()
        await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        usage = await scene.account.usage()
        assert (usage.used_count, usage.used_octets, usage.held_octets) == (1, _SIZE, _SIZE)
        await scene.commit(Undelete((added.email_id,), scene.account.inbox))
        usage = await scene.account.usage()
        assert (usage.used_count, usage.used_octets, usage.held_octets) == (2, 2 * _SIZE, 0)

    async def test_a_reply_still_joins_its_thread(self, scene: Scene) -> None:
        added = await scene.add(reference_hashes=(11,))
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        assert (await scene.add(reference_hashes=(22, 11))).thread_id == added.thread_id


class TestPurging:
    async def test_a_message_ends_when_its_time_is_over(self, scene: Scene) -> None:
        added = await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        scene.clock.advance(SOFT_DELETE_SECONDS - 1)
        assert await scene.account.purge(scene.clock.now()) == 0
        assert len(await scene.account.held()) == 1
        scene.clock.advance(1)
        assert await scene.account.purge(scene.clock.now()) == 1
        assert await scene.account.held() == []
        assert (await scene.account.usage()).held_octets == 0
        with pytest.raises(NotFoundError):
            await scene.account.find_body(added.body_id)
        assert (await scene.commit(Undelete((added.email_id,), scene.account.inbox))).facts == ()

    async def test_or_before_when_that_is_wanted(self, scene: Scene) -> None:
        first, second, third = await scene.add_many(3)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1), Uid(2))))
        ids = (second.email_id, third.email_id, EmailId(999), second.email_id)
        fact = only(Purged, await scene.commit(Purge(ids)))
        assert fact.email_ids == (second.email_id,)
        assert [one.email_id for one in await scene.account.held()] == [first.email_id]
        assert await scene.uids() == [3]
        assert (await scene.commit(Purge(ids))).facts == ()

    async def test_reading_it_is_refused(self, scene: Scene) -> None:
        added = await scene.add()
        body = (await scene.email(added.email_id)).body
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)), Purge((added.email_id,)))
        with pytest.raises(NotFoundError):
            await scene.account.read(body, 0, _SIZE)

    async def test_what_is_still_there_is_never_purged(self, scene: Scene) -> None:
        added = await scene.add()
        assert (await scene.commit(Purge((added.email_id,)))).facts == ()
        scene.clock.advance(10 * SOFT_DELETE_SECONDS)
        assert await scene.account.purge(scene.clock.now()) == 0
        assert await scene.octets(added.email_id) == LETTER

    async def test_a_message_that_came_back_has_a_new_time_when_it_goes_again(
        self, scene: Scene
    ) -> None:
        added = await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        scene.clock.advance(SOFT_DELETE_SECONDS - 1)
        await scene.commit(Undelete((added.email_id,), scene.account.inbox))
        await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        scene.clock.advance(1)
        assert await scene.account.purge(scene.clock.now()) == 0

    async def test_nothing_that_ended_is_given_again(self, scene: Scene) -> None:
        added = await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)), Purge((added.email_id,)))
        again = await scene.add()
        assert min(again.email_id, again.body_id, again.thread_id) > max(
            added.email_id, added.body_id, added.thread_id
        )
        assert again.placements == ((scene.account.inbox, 2),)

    async def test_a_purge_with_nothing_to_do_is_no_step(self, scene: Scene) -> None:
        await scene.add()
        before = await scene.account.modseq()
        assert await scene.account.purge(scene.clock.now()) == 0
        assert await scene.account.modseq() == before

    async def test_the_floor_is_never_lowered(self, scene: Scene) -> None:
        await scene.add()
        floor = await scene.account.modseq()
        await scene.commit(Purge(floor=floor))
        await scene.commit(Purge(floor=ModSeq(1)))
        with pytest.raises(ConflictError):
            await scene.account.changes(ChangeKind.EMAIL, ModSeq(floor - 1), 10)
