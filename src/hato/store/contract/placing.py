"""The contract of messages that are copied, moved and taken out.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 9051 §6.4.7 (COPY), RFC 6851 §3 (MOVE), RFC 9051 §2.3.1.1 (UIDs).
Fails as tests fail.
"""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import NotFoundError
from hato.core.ids import EmailId, MailboxId, Uid
from hato.store.changes import Expunge, Expunged, Moved, MoveEmail, Placed, PlaceEmail, SetDeleted
from hato.store.contract.scene import LETTER, Scene, all_of, only


class TestPlacing:
    async def test_a_copy_is_the_same_message_under_another_uid(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add()
        committed = await scene.commit(PlaceEmail(added.email_id, archive))
        assert committed.facts == (Placed(added.email_id, archive, Uid(1)),)
        assert (await scene.email(added.email_id)).placements == ((inbox, 1), (archive, 1))
        snapshot = await scene.account.snapshot(archive)
        assert list(snapshot.email_ids) == [added.email_id]
        assert snapshot.body(0).body_id == added.body_id

    async def test_a_copy_takes_no_quota(self, scene: Scene) -> None:
        archive = await scene.make_mailbox("Archive")
        added = await scene.add()
        before = await scene.account.usage()
        await scene.commit(PlaceEmail(added.email_id, archive))
        assert await scene.account.usage() == before

    async def test_where_it_lies_already_nothing_happens(self, scene: Scene) -> None:
        added = await scene.add()
        assert not (await scene.commit(PlaceEmail(added.email_id, scene.account.inbox))).facts

    async def test_a_copy_is_not_marked_deleted(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add()
        await scene.commit(SetDeleted(inbox, (Uid(1),), is_deleted=True))
        await scene.commit(PlaceEmail(added.email_id, archive))
        assert [(await scene.account.snapshot(one)).flags[0] for one in (inbox, archive)] == [1, 0]

    async def test_what_is_not_there_cannot_be_copied(self, scene: Scene) -> None:
        added = await scene.add()
        with pytest.raises(NotFoundError):
            await scene.commit(PlaceEmail(EmailId(999), scene.account.inbox))
        with pytest.raises(NotFoundError):
            await scene.commit(PlaceEmail(added.email_id, MailboxId(99)))
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        with pytest.raises(NotFoundError):
            await scene.commit(PlaceEmail(added.email_id, scene.account.inbox))

    async def test_a_body_id_is_no_email_id(self, scene: Scene) -> None:
        added = await scene.add()
        with pytest.raises(NotFoundError):
            await scene.commit(PlaceEmail(EmailId(added.body_id), scene.account.inbox))


class TestMoving:
    async def test_a_moved_message_keeps_its_id_and_leaves_no_copy(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add()
        committed = await scene.commit(MoveEmail(inbox, Uid(1), archive))
        assert committed.facts == (Moved(added.email_id, inbox, Uid(1), archive, Uid(1)),)
        assert await scene.uids(inbox) == []
        assert (await scene.email(added.email_id)).placements == ((archive, 1),)
        assert await scene.account.held() == []

    async def test_there_and_back_gives_a_new_uid(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        await scene.add()
        await scene.commit(MoveEmail(inbox, Uid(1), archive), MoveEmail(archive, Uid(1), inbox))
        assert await scene.uids(inbox) == [2]
        assert await scene.uids(archive) == []

    async def test_several_moves_keep_their_order(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add_many(4)
        uids = [Uid(3), Uid(1), Uid(4)]
        committed = await scene.commit(*(MoveEmail(inbox, uid, archive) for uid in uids))
        assert [one.target_uid for one in all_of(Moved, committed)] == [1, 2, 3]
        snapshot = await scene.account.snapshot(archive)
        assert list(snapshot.email_ids) == [added[uid - 1].email_id for uid in uids]

    async def test_where_it_lies_already_it_only_leaves(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add(mailboxes=(inbox, archive))
        fact = only(Expunged, await scene.commit(MoveEmail(inbox, Uid(1), archive)))
        assert (fact.mailbox, fact.uids, fact.held) == (inbox, (1,), ())
        assert (await scene.email(added.email_id)).placements == ((archive, 1),)

    async def test_onto_itself_nothing_happens(self, scene: Scene) -> None:
        inbox = scene.account.inbox
        await scene.add()
        assert not (await scene.commit(MoveEmail(inbox, Uid(1), inbox))).facts

    async def test_what_is_not_there_cannot_be_moved(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        await scene.add()
        with pytest.raises(NotFoundError):
            await scene.commit(MoveEmail(inbox, Uid(2), archive))
        with pytest.raises(NotFoundError):
            await scene.commit(MoveEmail(archive, Uid(1), inbox))
        with pytest.raises(NotFoundError):
            await scene.commit(MoveEmail(inbox, Uid(1), MailboxId(99)))
        with pytest.raises(NotFoundError):
            await scene.commit(MoveEmail(MailboxId(99), Uid(1), inbox))
        assert await scene.uids(inbox) == [1]


class TestExpunging:
    async def test_what_is_taken_out_is_gone_from_every_view(self, scene: Scene) -> None:
        added = await scene.add_many(3)
        committed = await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        fact = only(Expunged, committed)
        assert (fact.uids, fact.email_ids, fact.held) == (
            (2,),
            (added[1].email_id,),
            (added[1].email_id,),
        )
        assert await scene.uids() == [1, 3]
        assert await scene.account.emails([one.email_id for one in added]) == [
            await scene.email(added[0].email_id),
            await scene.email(added[2].email_id),
        ]
        (mailbox,) = await scene.account.mailboxes()
        assert mailbox.total == 2

    async def test_what_is_gone_already_is_passed_over(self, scene: Scene) -> None:
        await scene.add_many(3)
        await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        wanted = Expunge(scene.account.inbox, (Uid(9), Uid(3), Uid(2), Uid(1), Uid(3)))
        assert only(Expunged, await scene.commit(wanted)).uids == (1, 3)
        assert (await scene.commit(wanted)).facts == ()

    async def test_twice_in_one_step_is_once(self, scene: Scene) -> None:
        await scene.add()
        wanted = Expunge(scene.account.inbox, (Uid(1),))
        assert len((await scene.commit(wanted, wanted)).facts) == 1

    async def test_by_two_at_the_same_time_is_once(self, scene: Scene) -> None:
        await scene.add_many(20)
        wanted = Expunge(scene.account.inbox, tuple(Uid(uid) for uid in range(1, 21)))
        done = await asyncio.gather(*(scene.commit(wanted) for _ in range(4)))
        assert sorted(len(one.facts) for one in done) == [0, 0, 0, 1]

    async def test_a_message_that_lies_elsewhere_stays_there(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add(mailboxes=(inbox, archive))
        fact = only(Expunged, await scene.commit(Expunge(inbox, (Uid(1),))))
        assert fact.held == ()
        assert (await scene.email(added.email_id)).placements == ((archive, 1),)
        assert await scene.octets(added.email_id) == LETTER
        assert await scene.account.held() == []

    async def test_out_of_both_in_one_step_holds_it_once(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add(mailboxes=(inbox, archive))
        committed = await scene.commit(Expunge(inbox, (Uid(1),)), Expunge(archive, (Uid(1),)))
        assert [one.held for one in all_of(Expunged, committed)] == [(), (added.email_id,)]
        assert [one.email_id for one in await scene.account.held()] == [added.email_id]

    async def test_the_highest_uid_is_not_given_again(self, scene: Scene) -> None:
        await scene.add_many(3)
        await scene.commit(Expunge(scene.account.inbox, (Uid(3), Uid(2))))
        assert (await scene.add()).placements == ((scene.account.inbox, 4),)
        (mailbox,) = await scene.account.mailboxes()
        assert mailbox.uidnext == 5

    async def test_nor_is_it_in_the_step_that_took_it_out(self, scene: Scene) -> None:
        await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)), await scene.letter())
        assert await scene.uids() == [2]

    async def test_a_mailbox_must_be_there(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.commit(Expunge(MailboxId(99), (Uid(1),)))

    async def test_two_thousand_go_in_one_step(self, scene: Scene) -> None:
        wanted = await scene.letter(b"\r\n")
        await scene.commit(*([wanted] * 2_000))
        uids = tuple(Uid(uid) for uid in range(1, 10_001))
        assert (
            len(only(Expunged, await scene.commit(Expunge(scene.account.inbox, uids))).uids)
            == 2_000
        )
        assert await scene.uids() == []
