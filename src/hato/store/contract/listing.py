"""What the contract says about lists: the newest messages of mailboxes, those of a thread.

Called by each backend's test module, which takes in all classes.
Never looks inside a backend.
Standards: none.
Fails where a backend differs.
"""

from __future__ import annotations

import pytest

from hato.core.errors import NotFoundError
from hato.core.ids import EmailId, MailboxId, ThreadId, Uid
from hato.store.changes import Expunge, PlaceEmail, SetKeywords
from hato.store.contract.scene import Scene
from hato.store.model import FLAGGED, SEEN, Email, Place


async def _latest(scene: Scene, *mailboxes: MailboxId, **wanted: object) -> list[EmailId]:
    """Return the ids of the newest of INBOX, or of some mailboxes."""
    emails = await scene.account.latest(
        mailboxes or (scene.account.inbox,),
        **{"most": 99} | wanted,  # type: ignore[arg-type]  # handed on
    )
    return [email.email_id for email in emails]


def _place(email: Email) -> Place:
    return Place(email.received, email.email_id)


class TestLatest:
    async def test_the_newest_come_first_whatever_came_in_first(self, scene: Scene) -> None:
        old, new, middle = [await scene.add(received=when) for when in (100, 300, 200)]
        twin = await scene.add(received=200)
        ids = [one.email_id for one in (new, twin, middle, old)]
        assert await _latest(scene) == ids
        assert await _latest(scene, most=2) == ids[:2]
        assert await _latest(scene, most=0) == []
        (first,) = await scene.account.latest([scene.account.inbox], 1)
        assert first == await scene.email(new.email_id)

    async def test_a_list_goes_on_where_it_ended(self, scene: Scene) -> None:
        for when in (100, 200, 200, 200, 300):
            await scene.add(received=when)
        whole, seen, before = await _latest(scene), [], None
        while found := await scene.account.latest([scene.account.inbox], 2, before=before):
            seen += [email.email_id for email in found]
            before = _place(found[-1])
        assert seen == whole
        assert len(seen) == 5

    async def test_only_what_nobody_read(self, scene: Scene) -> None:
        unread, read = await scene.add(), await scene.add(keywords=frozenset({SEEN}))
        both = await scene.add(keywords=frozenset({SEEN, FLAGGED}))
        flagged = await scene.add(keywords=frozenset({FLAGGED}))
        assert await _latest(scene, only_unseen=True) == [flagged.email_id, unread.email_id]
        await scene.commit(
            SetKeywords((read.email_id, both.email_id), frozenset(), frozenset({SEEN})),
            SetKeywords((unread.email_id,), frozenset({SEEN})),
        )
        ids = [flagged.email_id, both.email_id, read.email_id]
        assert await _latest(scene, only_unseen=True) == ids

    async def test_several_mailboxes_are_one_list_with_each_message_once(
        self, scene: Scene
    ) -> None:
        work, other = await scene.make_mailbox("Work"), await scene.make_mailbox("Other")
        first = await scene.add(received=100)
        second = await scene.add(received=200, mailboxes=(work,))
        await scene.add(received=300, mailboxes=(other,))
        await scene.commit(PlaceEmail(first.email_id, work))
        ids = [second.email_id, first.email_id]
        assert await _latest(scene, scene.account.inbox, work) == ids
        assert await _latest(scene, work) == ids
        assert await _latest(scene) == [first.email_id]

    async def test_what_was_deleted_is_not_listed(self, scene: Scene) -> None:
        added = [await scene.add(), await scene.add()]
        await scene.commit(Expunge(scene.account.inbox, (Uid(2),)))
        assert await _latest(scene) == [added[0].email_id]

    async def test_thousands_are_listed_alike(self, scene: Scene) -> None:
        """A large mailbox is walked another way; the list is the same."""
        work = await scene.make_mailbox("Work")
        letters = [
            await scene.letter(
                b"\r\n",
                received=1_000 + number * 7 % 2_003,
                mailboxes=(scene.account.inbox, work)[number % 500 == 0 :][:1],
                keywords=frozenset({SEEN}) if number % 3 else frozenset(),
            )
            for number in range(2_100)
        ]
        await scene.commit(*letters)
        snapshot = await scene.account.snapshot(scene.account.inbox)
        places = zip(snapshot.received, snapshot.email_ids, strict=True)
        ids = [EmailId(email_id) for _received, email_id in sorted(places, reverse=True)]
        assert await _latest(scene, most=50) == ids[:50]
        assert await _latest(scene, most=9_999) == ids
        before = _place(await scene.email(ids[70]))
        assert await _latest(scene, before=before, most=50) == ids[71:121]
        unread = [e.email_id for e in await scene.account.emails(ids) if SEEN not in e.keywords]
        assert await _latest(scene, only_unseen=True, most=40) == unread[:40]
        assert len(await _latest(scene, work)) == 5

    async def test_a_mailbox_must_be_there(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.account.latest([scene.account.inbox, MailboxId(99)], 5)
        assert await scene.account.latest([], 5) == []


class TestThreadsAsLists:
    async def test_they_come_oldest_first_wherever_they_lie(self, scene: Scene) -> None:
        work = await scene.make_mailbox("Work")
        late = await scene.add(received=300, reference_hashes=(1,))
        early = await scene.add(received=100, reference_hashes=(2, 1), mailboxes=(work,))
        await scene.add(received=200, reference_hashes=(3,))
        gone = await scene.add(received=400, reference_hashes=(4, 1))
        await scene.commit(Expunge(scene.account.inbox, (Uid(3),)))
        assert gone.thread_id == late.thread_id
        found = await scene.account.thread(late.thread_id)
        assert [email.email_id for email in found] == [early.email_id, late.email_id]
        assert found == await scene.account.emails([early.email_id, late.email_id])
        assert await scene.account.thread(ThreadId(10**9)) == []
