"""The contract of accounts as wholes: made, removed, seen by several, checked, begun again.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: none.
Fails as tests fail.
"""

from __future__ import annotations

import re

import pytest

from hato.core.errors import InUseError, NotFoundError
from hato.core.ids import AccountId, Uid
from hato.store.changes import (
    Added,
    Expunge,
    MailboxMade,
    MakeMailbox,
    Purge,
    PutBlob,
    PutLedger,
    PutObject,
    RemoveMailbox,
    SetKeywords,
    SetQuota,
)
from hato.store.contract.picture import picture_of
from hato.store.contract.scene import LETTER, Scene, only
from hato.store.contract.small_things import entry
from hato.store.model import SEEN, TOP


class TestAccounts:
    async def test_they_have_ids_and_are_listed(self, scene: Scene) -> None:
        made = [await scene.store.create_account() for _ in range(3)]
        assert all(re.fullmatch("[a-z2-7]{16}", account_id) for account_id in made)
        listed = await scene.store.account_ids()
        assert listed == sorted({*made, scene.account.account_id})
        assert (await scene.store.account(made[0])).account_id == made[0]

    @pytest.mark.parametrize("name", ["aaaaaaaaaaaaaaaa", "", "..", "../x", "a\0b"])
    async def test_a_strange_one_is_not_found(self, scene: Scene, name: str) -> None:
        with pytest.raises(NotFoundError):
            await scene.store.account(AccountId(name))
        with pytest.raises(NotFoundError):
            await scene.store.remove_account(AccountId(name))

    async def test_one_persons_mail_is_nobody_elses(self, scene: Scene) -> None:
        other = await scene.store.account(await scene.store.create_account())
        mine = await scene.add()
        await scene.commit(PutObject("script", "a", b"1"), PutLedger("home", (entry(b"1"),)))
        assert len(await other.snapshot(other.inbox)) == 0
        assert await other.emails([mine.email_id]) == []
        assert await other.stored_object("script", "a") is None
        assert await other.ledger("home") == []
        with pytest.raises(NotFoundError):
            await other.find_body(mine.body_id)
        body = (await scene.email(mine.email_id)).body
        with pytest.raises(NotFoundError):
            await other.read(body, 0, len(LETTER))

    async def test_a_removed_one_is_gone(self, scene: Scene) -> None:
        account_id = await scene.store.create_account()
        account = await scene.store.account(account_id)
        await account.commit([await scene.letter()])
        await scene.store.remove_account(account_id)
        assert account_id not in await scene.store.account_ids()
        with pytest.raises(NotFoundError):
            await scene.store.account(account_id)
        with pytest.raises(NotFoundError):
            await account.commit([await scene.letter()])
        with pytest.raises(NotFoundError):
            await account.snapshot(account.inbox)

    async def test_one_that_is_being_read_is_not_removed(self, scene: Scene) -> None:
        account_id = await scene.store.create_account()
        lock = await (await scene.store.account(account_id)).lock("maildrop")
        with pytest.raises(InUseError):
            await scene.store.remove_account(account_id)
        await lock.release()
        await scene.store.remove_account(account_id)

    async def test_every_handle_shows_the_same(self, scene: Scene) -> None:
        added = await scene.add()
        second = await scene.backend.second()
        for store in (scene.store, second):
            handle = await store.account(scene.account.account_id)
            assert [one.email_id for one in await handle.emails([added.email_id])] == [
                added.email_id
            ]
        there = await second.account(scene.account.account_id)
        before = await scene.account.snapshot(scene.account.inbox)
        await there.commit([SetKeywords((added.email_id,), frozenset({SEEN}))])
        assert not before.is_current()
        assert (await scene.email(added.email_id)).keywords == {SEEN}
        await scene.commit(await scene.letter())
        assert list((await there.snapshot(there.inbox)).uids) == [1, 2]

    async def test_two_processes_never_give_the_same_number(self, scene: Scene) -> None:
        there = await (await scene.backend.second()).account(scene.account.account_id)
        done = []
        for _ in range(5):
            done.append(await scene.commit(await scene.letter()))
            done.append(await there.commit([await scene.letter()]))
        assert [only(Added, one).placements[0][1] for one in done] == list(range(1, 11))
        assert len({only(Added, one).email_id for one in done}) == 10

    async def test_an_account_made_by_another_process_is_there(self, scene: Scene) -> None:
        second = await scene.backend.second()
        account_id = await second.create_account()
        assert account_id in await scene.store.account_ids()
        account = await scene.store.account(account_id)
        assert len(await account.mailboxes()) == 1


async def fill(scene: Scene) -> None:
    """Let something of everything happen."""
    work = await scene.make_mailbox("Work")
    gone = await scene.make_mailbox("Gone")
    for number in range(6):
        await scene.add(
            b"N: %d\r\n\r\n.x\r\n" % number,
            mailboxes=(scene.account.inbox, work) if number % 2 else (gone,),
            keywords=frozenset({SEEN, f"k{number}"}),
            reference_hashes=(number, 2**64 - number - 1),
            uidl=f"kept-{number}" if number == 1 else None,
        )
    await scene.commit(await scene.letter(source="home", ledger=(entry(b"u"),)), delivery_id=b"d")
    await scene.commit(
        RemoveMailbox(gone),
        Expunge(scene.account.inbox, (Uid(2),)),
        PutObject("script", "a", b"1"),
        PutObject("script", "b", b"1"),
        PutLedger("work", (entry(b"1"), entry(b"2"))),
        PutBlob(await scene.stage(LETTER), scene.clock.now() + 1_000_000),
        SetQuota(10**6, 10**3),
    )
    await scene.commit(PutObject("script", "b", None), PutLedger("work", (), (b"1",)))


class TestUpkeep:
    async def test_a_sound_account_is_found_sound(self, scene: Scene) -> None:
        await fill(scene)
        report = await scene.account.verify()
        assert (report.damaged, report.differences) == ((), ())
        assert report.account_id == scene.account.account_id
        assert report.emails >= len(await scene.uids())
        assert report.octets >= (await scene.account.usage()).used_octets

    async def test_compacting_and_repairing_change_nothing_that_is_seen(self, scene: Scene) -> None:
        await fill(scene)
        await scene.account.commit(
            [Purge(tuple(one.email_id for one in await scene.account.held()))]
        )
        before = await picture_of(scene.account)
        await scene.account.compact()
        assert await picture_of(scene.account) == before
        report = await scene.account.verify(repair=True)
        assert (report.damaged, report.differences) == ((), ())
        assert await picture_of(scene.account) == before

    async def test_compacting_gives_room_back(self, scene: Scene) -> None:
        for _ in range(3):
            await scene.add(b"x" * 400_000)
        await scene.add()
        await scene.commit(Expunge(scene.account.inbox, (Uid(1), Uid(2), Uid(3))))
        await scene.commit(Purge(tuple(one.email_id for one in await scene.account.held())))
        won = await scene.account.compact()
        assert won == 0 or won >= 1_000_000
        assert await scene.uids() == [4]
        assert await scene.octets((await scene.add()).email_id) == LETTER


class TestBeginningAgain:
    async def test_no_number_is_given_twice(self, scene: Scene) -> None:
        ways = scene.backend.ways_to_begin_again
        if not ways:
            pytest.skip("this store ends with its process")
        seen_ids: set[int] = set()
        mailbox_ids: list[int] = []
        for uid, way in enumerate((*ways, *ways), 1):
            work = only(MailboxMade, await scene.commit(MakeMailbox(TOP, "Work"))).mailbox_id
            mailbox_ids.append(work)
            added = await scene.add()
            blob = PutBlob(await scene.stage(LETTER), scene.clock.now())
            upload = (await scene.commit(blob)).facts[0]
            numbers = {added.email_id, added.body_id, added.thread_id, upload.body_id}  # type: ignore[union-attr]  # a BlobPut
            assert len(numbers) == 4
            assert not numbers & seen_ids
            seen_ids |= numbers
            assert added.placements == ((scene.account.inbox, uid),)
            await scene.commit(
                RemoveMailbox(work),
                Expunge(scene.account.inbox, (Uid(uid),)),
                Purge((added.email_id,)),
            )
            await scene.account.purge(scene.clock.now())
            await scene.account.compact()
            await scene.begin_again(way)
        assert mailbox_ids == sorted(set(mailbox_ids))

    async def test_delivery_ids_are_still_known(self, scene: Scene) -> None:
        await scene.commit(await scene.letter(), delivery_id=b"d")
        for way in scene.backend.ways_to_begin_again:
            await scene.begin_again(way)
            assert (await scene.commit(await scene.letter(), delivery_id=b"d")).is_duplicate

    async def test_threads_are_still_known(self, scene: Scene) -> None:
        thread = (await scene.add(reference_hashes=(2**64 - 5,))).thread_id
        for way in scene.backend.ways_to_begin_again:
            await scene.begin_again(way)
            assert (await scene.add(reference_hashes=(2**64 - 5,))).thread_id == thread

    async def test_everything_together_is_still_there(self, scene: Scene) -> None:
        await fill(scene)
        before = await picture_of(scene.account)
        for way in scene.backend.ways_to_begin_again:
            await scene.begin_again(way)
            await scene.account.compact()
            assert await picture_of(scene.account) == before, way
