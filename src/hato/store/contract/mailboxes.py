"""The contract of mailboxes.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 8621 §2, RFC 9051 §5.1 (names), RFC 6154 §2 (roles).
Fails as tests fail.
"""

from __future__ import annotations

import pytest

from hato.core.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from hato.core.ids import MailboxId, Uid
from hato.store.changes import (
    ChangeMailbox,
    Expunged,
    MailboxChanged,
    MailboxMade,
    MailboxRemoved,
    MakeMailbox,
    RemoveMailbox,
    Undelete,
)
from hato.store.contract.scene import LETTER, Scene, only
from hato.store.model import SEEN, TOP, Role


class TestMakingMailboxes:
    async def test_a_new_account_has_an_empty_inbox(self, scene: Scene) -> None:
        (inbox,) = await scene.account.mailboxes()
        assert (inbox.mailbox_id, inbox.name, inbox.role, inbox.parent) == (
            scene.account.inbox,
            "INBOX",
            Role.INBOX,
            TOP,
        )
        assert (inbox.total, inbox.unseen, inbox.size_octets, inbox.uidnext) == (0, 0, 0, 1)
        assert inbox.is_subscribed
        assert 1 <= inbox.uidvalidity < 2**32
        assert inbox.modseq == await scene.account.modseq()

    async def test_a_mailbox_has_what_was_said(self, scene: Scene) -> None:
        committed = await scene.commit(MakeMailbox(TOP, "送信済み", Role.SENT))
        fact = only(MailboxMade, committed)
        child = await scene.make_mailbox("2026", parent=fact.mailbox_id)
        _inbox, sent, year = await scene.account.mailboxes()
        assert (sent.mailbox_id, sent.name, sent.role, sent.parent) == (
            fact.mailbox_id,
            "送信済み",
            Role.SENT,
            TOP,
        )
        assert (year.mailbox_id, year.parent, year.role) == (child, fact.mailbox_id, None)
        assert sent.uidvalidity == fact.uidvalidity
        assert sent.modseq == committed.modseq

    async def test_a_name_is_unique_below_its_parent(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        with pytest.raises(AlreadyExistsError):
            await scene.make_mailbox("Work")
        await scene.make_mailbox("Work", parent=work)
        await scene.make_mailbox("work")

    async def test_so_it_is_within_one_step(self, scene: Scene) -> None:
        with pytest.raises(AlreadyExistsError):
            await scene.commit(MakeMailbox(TOP, "Work"), MakeMailbox(TOP, "Work"))
        assert len(await scene.account.mailboxes()) == 1

    @pytest.mark.parametrize("name", ["INBOX", "inbox", "Inbox"])
    async def test_there_is_one_inbox_in_any_case(self, scene: Scene, name: str) -> None:
        with pytest.raises(AlreadyExistsError):
            await scene.make_mailbox(name)
        await scene.make_mailbox(name, parent=scene.account.inbox)

    async def test_a_role_is_given_once(self, scene: Scene) -> None:
        await scene.make_mailbox("Trash", role=Role.TRASH)
        with pytest.raises(AlreadyExistsError):
            await scene.make_mailbox("Bin", role=Role.TRASH)
        with pytest.raises(AlreadyExistsError):
            await scene.make_mailbox("Entry", role=Role.INBOX)

    async def test_a_parent_must_be_there(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.make_mailbox("Work", parent=MailboxId(99))

    async def test_a_mailbox_can_be_used_in_the_step_that_makes_it(self, scene: Scene) -> None:
        expected = MailboxId(max(one.mailbox_id for one in await scene.account.mailboxes()) + 1)
        letter = await scene.letter(mailboxes=(expected,))
        await scene.commit(MakeMailbox(TOP, "Work"), letter)
        assert await scene.uids(expected) == [1]

    async def test_counts_are_kept(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        await scene.add(mailboxes=(work,))
        await scene.add(mailboxes=(work,), keywords=frozenset({SEEN}))
        _inbox, mailbox = await scene.account.mailboxes()
        assert (mailbox.total, mailbox.unseen) == (2, 1)
        assert mailbox.size_octets == 2 * len(LETTER)
        assert mailbox.modseq == await scene.account.modseq()


class TestChangingMailboxes:
    async def test_only_what_is_named_changes(self, scene: Scene) -> None:
        work, play = await scene.make_mailbox("Work"), await scene.make_mailbox("Play")
        await scene.add(mailboxes=(work,))
        before = (await scene.account.mailboxes())[1]
        wanted = ChangeMailbox(work, parent=play, name="仕事", is_subscribed=False, sort_order=7)
        fact = only(MailboxChanged, await scene.commit(wanted))
        assert fact == MailboxChanged(work, play, "仕事", is_subscribed=False, sort_order=7)
        after = (await scene.account.mailboxes())[1]
        assert (after.parent, after.name, after.is_subscribed, after.sort_order) == (
            play,
            "仕事",
            False,
            7,
        )
        assert (after.uidvalidity, after.uidnext) == (before.uidvalidity, before.uidnext)
        assert await scene.uids(work) == [1]

    async def test_none_leaves_as_it_is(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        assert (await scene.commit(ChangeMailbox(work))).facts == ()
        fact = only(MailboxChanged, await scene.commit(ChangeMailbox(work, sort_order=3)))
        assert fact == MailboxChanged(work, TOP, "Work", is_subscribed=True, sort_order=3)

    async def test_a_name_that_is_taken_is_refused(self, scene: Scene) -> None:
        work, play = await scene.make_mailbox("Work"), await scene.make_mailbox("Play")
        with pytest.raises(AlreadyExistsError):
            await scene.commit(ChangeMailbox(play, name="Work"))
        with pytest.raises(AlreadyExistsError):
            await scene.commit(ChangeMailbox(play, name="inbox"))
        await scene.make_mailbox("Play", parent=work)
        with pytest.raises(AlreadyExistsError):
            await scene.commit(ChangeMailbox(play, parent=work))

    async def test_two_names_can_be_swapped_in_one_step(self, scene: Scene) -> None:
        work, play = await scene.make_mailbox("Work"), await scene.make_mailbox("Play")
        await scene.commit(
            ChangeMailbox(work, name="tmp"),
            ChangeMailbox(play, name="Work"),
            ChangeMailbox(work, name="Play"),
        )
        names = {one.mailbox_id: one.name for one in await scene.account.mailboxes()}
        assert (names[work], names[play]) == ("Play", "Work")

    async def test_a_name_that_was_given_up_is_free(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        await scene.commit(ChangeMailbox(work, name="Old"))
        await scene.make_mailbox("Work")

    async def test_inbox_keeps_its_name_and_place(self, scene: Scene) -> None:
        inbox, work = scene.account.inbox, await scene.make_mailbox("Work")
        with pytest.raises(InvalidInputError):
            await scene.commit(ChangeMailbox(inbox, name="Entry"))
        with pytest.raises(InvalidInputError):
            await scene.commit(ChangeMailbox(inbox, parent=work))
        await scene.commit(ChangeMailbox(inbox, is_subscribed=False, sort_order=1))

    async def test_a_mailbox_cannot_lie_below_itself(self, scene: Scene) -> None:
        top = await scene.make_mailbox("a")
        middle = await scene.make_mailbox("b", parent=top)
        low = await scene.make_mailbox("c", parent=middle)
        for parent in (top, middle, low):
            with pytest.raises(InvalidInputError):
                await scene.commit(ChangeMailbox(top, parent=parent))
        await scene.commit(ChangeMailbox(low, parent=TOP))
        await scene.commit(ChangeMailbox(top, parent=low))

    async def test_it_and_its_parent_must_be_there(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        with pytest.raises(NotFoundError):
            await scene.commit(ChangeMailbox(MailboxId(99), name="x"))
        with pytest.raises(NotFoundError):
            await scene.commit(ChangeMailbox(work, parent=MailboxId(99)))


class TestRemovingMailboxes:
    async def test_its_messages_are_expunged_first(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        gone = await scene.add(mailboxes=(work,))
        stays = await scene.add(mailboxes=(work, scene.account.inbox))
        expunged, removed = (await scene.commit(RemoveMailbox(work))).facts
        assert isinstance(expunged, Expunged)
        assert expunged.email_ids == (gone.email_id, stays.email_id)
        assert expunged.held == (gone.email_id,)
        assert removed == MailboxRemoved(work)
        assert [one.name for one in await scene.account.mailboxes()] == ["INBOX"]
        assert [one.email_id for one in await scene.account.held()] == [gone.email_id]
        assert (await scene.email(stays.email_id)).placements == ((scene.account.inbox, 1),)

    async def test_an_empty_one_just_goes(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        assert (await scene.commit(RemoveMailbox(work))).facts == (MailboxRemoved(work),)
        for ask in (
            scene.account.snapshot(work),
            scene.account.expunged(work, await scene.account.modseq()),
        ):
            with pytest.raises(NotFoundError):
                await ask

    async def test_inbox_cannot_be_removed(self, scene: Scene) -> None:
        with pytest.raises(InvalidInputError):
            await scene.commit(RemoveMailbox(scene.account.inbox))

    async def test_one_with_children_stays(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        child = await scene.make_mailbox("Old", parent=work)
        with pytest.raises(ConflictError):
            await scene.commit(RemoveMailbox(work))
        await scene.commit(RemoveMailbox(child), RemoveMailbox(work))
        assert len(await scene.account.mailboxes()) == 1

    async def test_it_must_be_there(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        await scene.commit(RemoveMailbox(work))
        with pytest.raises(NotFoundError):
            await scene.commit(RemoveMailbox(work))

    async def test_neither_id_nor_uidvalidity_comes_again(self, scene: Scene) -> None:
        first = only(MailboxMade, await scene.commit(MakeMailbox(TOP, "Work")))
        await scene.commit(RemoveMailbox(first.mailbox_id))
        second = only(MailboxMade, await scene.commit(MakeMailbox(TOP, "Work")))
        assert second.mailbox_id > first.mailbox_id
        assert second.uidvalidity > first.uidvalidity

    async def test_a_clock_that_goes_back_changes_nothing_of_that(self, scene: Scene) -> None:
        first = only(MailboxMade, await scene.commit(MakeMailbox(TOP, "Work")))
        await scene.commit(RemoveMailbox(first.mailbox_id))
        scene.clock.jump(-1_000_000)
        second = only(MailboxMade, await scene.commit(MakeMailbox(TOP, "Work")))
        assert second.uidvalidity > first.uidvalidity

    async def test_a_message_can_come_back_elsewhere(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        added = await scene.add(mailboxes=(work,))
        await scene.commit(RemoveMailbox(work))
        with pytest.raises(NotFoundError):
            await scene.commit(Undelete((added.email_id,), work))
        await scene.commit(Undelete((added.email_id,), scene.account.inbox))
        assert (await scene.email(added.email_id)).placements == ((scene.account.inbox, Uid(1)),)
