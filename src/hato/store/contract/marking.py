r"""The contract of keywords and of the mark \Deleted.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 9051 §2.3.2 (flags), RFC 8621 §4.1.1 (keywords), RFC 7162 §3.1.3 (unchanged since).
Fails as tests fail.
"""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import NotFoundError
from hato.core.ids import EmailId, MailboxId, Uid
from hato.store.api import SNAPSHOT_KEYWORDS
from hato.store.changes import DeletedSet, Expunge, KeywordsSet, SetDeleted, SetKeywords
from hato.store.contract.scene import Scene, all_of, only
from hato.store.model import FLAGGED, SEEN


class TestKeywords:
    async def test_they_are_added_and_removed(self, scene: Scene) -> None:
        added = await scene.add(keywords=frozenset({"work", "urgent"}))
        committed = await scene.commit(
            SetKeywords((added.email_id,), frozenset({SEEN}), frozenset({"urgent", "no"}))
        )
        assert committed.facts == (KeywordsSet(added.email_id, (SEEN, "work")),)
        email = await scene.email(added.email_id)
        assert email.keywords == {SEEN, "work"}
        assert email.modseq == committed.modseq > email.created_modseq

    async def test_what_is_both_removed_and_added_is_there(self, scene: Scene) -> None:
        added = await scene.add()
        both = frozenset({"work"})
        await scene.commit(SetKeywords((added.email_id,), both, both))
        assert (await scene.email(added.email_id)).keywords == both

    async def test_nobody_overwrites_somebody_else(self, scene: Scene) -> None:
        added = await scene.add()
        names = [f"k{number}" for number in range(20)]
        await asyncio.gather(
            *(scene.commit(SetKeywords((added.email_id,), frozenset({one}))) for one in names)
        )
        assert (await scene.email(added.email_id)).keywords == set(names)

    async def test_where_nothing_changes_nothing_happened(self, scene: Scene) -> None:
        first, second = await scene.add(keywords=frozenset({SEEN})), await scene.add()
        committed = await scene.commit(
            SetKeywords((first.email_id, second.email_id, first.email_id), frozenset({SEEN}))
        )
        assert [one.email_id for one in all_of(KeywordsSet, committed)] == [second.email_id]

    async def test_messages_that_are_gone_are_passed_over(self, scene: Scene) -> None:
        first, second = await scene.add_many(2)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        committed = await scene.commit(
            SetKeywords((EmailId(999), first.email_id, second.email_id), frozenset({SEEN}))
        )
        assert only(KeywordsSet, committed).email_id == second.email_id

    async def test_unread_messages_are_counted(self, scene: Scene) -> None:
        added = await scene.add_many(3)
        await scene.commit(SetKeywords((added[0].email_id,), frozenset({SEEN})))
        (mailbox,) = await scene.account.mailboxes()
        assert (mailbox.total, mailbox.unseen) == (3, 2)
        await scene.commit(SetKeywords((added[0].email_id,), remove=frozenset({SEEN})))
        (mailbox,) = await scene.account.mailboxes()
        assert mailbox.unseen == 3

    async def test_unread_is_counted_wherever_a_message_lies(self, scene: Scene) -> None:
        archive = await scene.make_mailbox("Archive")
        added = await scene.add(mailboxes=(scene.account.inbox, archive))
        await scene.commit(SetKeywords((added.email_id,), frozenset({SEEN})))
        assert [one.unseen for one in await scene.account.mailboxes()] == [0, 0]

    async def test_only_unchanged_messages_are_changed_on_request(self, scene: Scene) -> None:
        first, second = await scene.add_many(2)
        seen_by_reader = await scene.account.modseq()
        await scene.commit(SetKeywords((first.email_id,), frozenset({"other"})))
        ids = (first.email_id, second.email_id)
        committed = await scene.commit(
            SetKeywords(ids, frozenset({SEEN}), unchanged_since=seen_by_reader)
        )
        assert only(KeywordsSet, committed).email_id == second.email_id

    async def test_unchanged_is_about_the_time_before_the_step(self, scene: Scene) -> None:
        added = await scene.add()
        since = await scene.account.modseq()
        ids = (added.email_id,)
        committed = await scene.commit(
            SetKeywords(ids, frozenset({SEEN}), unchanged_since=since),
            SetKeywords(ids, frozenset({FLAGGED}), unchanged_since=since),
            SetDeleted(scene.account.inbox, (Uid(1),), is_deleted=True, unchanged_since=since),
        )
        assert len(committed.facts) == 3

    async def test_any_number_of_names_is_kept(self, scene: Scene) -> None:
        names = frozenset(f"k{number:03}" for number in range(SNAPSHOT_KEYWORDS + 40))
        added = await scene.add(keywords=names)
        assert (await scene.email(added.email_id)).keywords == names
        snapshot = await scene.account.snapshot(scene.account.inbox)
        assert len(snapshot.keyword_names) <= SNAPSHOT_KEYWORDS
        assert set(snapshot.keyword_names) <= names

    async def test_names_of_any_characters_are_kept(self, scene: Scene) -> None:
        names = frozenset({"$forwarded", "重要", "a b", "x" * 200})
        added = await scene.add(keywords=names)
        assert (await scene.email(added.email_id)).keywords == names


class TestDeletedMarks:
    async def test_they_belong_to_the_placement(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        added = await scene.add(mailboxes=(inbox, archive))
        committed = await scene.commit(SetDeleted(inbox, (Uid(1),), is_deleted=True))
        assert committed.facts == (DeletedSet(inbox, (Uid(1),), is_deleted=True),)
        assert [(await scene.account.snapshot(one)).flags[0] for one in (inbox, archive)] == [1, 0]
        assert (await scene.email(added.email_id)).modseq == committed.modseq

    async def test_they_can_be_taken_back(self, scene: Scene) -> None:
        inbox = scene.account.inbox
        await scene.add_many(2)
        await scene.commit(SetDeleted(inbox, (Uid(1), Uid(2)), is_deleted=True))
        fact = only(DeletedSet, await scene.commit(SetDeleted(inbox, (Uid(2),), is_deleted=False)))
        assert fact.uids == (2,)
        assert list((await scene.account.snapshot(inbox)).flags) == [1, 0]

    async def test_only_what_changes_happened(self, scene: Scene) -> None:
        inbox = scene.account.inbox
        await scene.add_many(3)
        await scene.commit(SetDeleted(inbox, (Uid(2),), is_deleted=True))
        wanted = SetDeleted(inbox, (Uid(3), Uid(2), Uid(99), Uid(3)), is_deleted=True)
        assert only(DeletedSet, await scene.commit(wanted)).uids == (3,)
        assert (await scene.commit(wanted)).facts == ()

    async def test_only_unchanged_messages_are_marked_on_request(self, scene: Scene) -> None:
        first, _second = await scene.add_many(2)
        since = await scene.account.modseq()
        await scene.commit(SetKeywords((first.email_id,), frozenset({SEEN})))
        wanted = SetDeleted(scene.account.inbox, (Uid(1), Uid(2)), True, unchanged_since=since)
        assert only(DeletedSet, await scene.commit(wanted)).uids == (2,)

    async def test_a_mailbox_must_be_there(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.commit(SetDeleted(MailboxId(99), (Uid(1),), is_deleted=True))
