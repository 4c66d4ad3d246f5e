"""Snapshots: shared, brought up to date by what is new, and never stale."""

from __future__ import annotations

import asyncio

import pytest

from hato.core.ids import AccountId, MailboxId, Uid
from hato.store.changes import Expunge, SetDeleted, SetKeywords
from hato.store.contract.picture import picture_of
from hato.store.embedded import snapshot as snapshots
from hato.store.embedded.snapshot import EmbeddedSnapshot, Snapshots, State, update_snapshot
from tests.unit.store_embedded.conftest import Office


def columns(snapshot: EmbeddedSnapshot) -> list[object]:
    count = len(snapshot)
    arrays = (snapshot.uids, snapshot.email_ids, snapshot.sizes, snapshot.traits, snapshot.flags)
    return [
        *map(list, arrays),
        snapshot.keyword_names,
        [snapshot.body(index) for index in range(count)],
        [snapshot.uidl(index) for index in range(count)],
        (snapshot.total_octets, snapshot.modseq, snapshot.uidnext, snapshot.uidvalidity),
    ]


async def taken(office: Office) -> EmbeddedSnapshot:
    found = await office.account.snapshot(office.account.inbox)
    assert isinstance(found, EmbeddedSnapshot)
    return found


async def updated(office: Office, old: EmbeddedSnapshot) -> EmbeddedSnapshot | None:
    index = office.store._shared.indexes.get(str(office.folder))
    return update_snapshot(index, office.account.account_id, str(office.folder), old)


async def test_everybody_gets_the_same_one(office: Office) -> None:
    await office.add()
    assert await taken(office) is await taken(office)


async def test_new_messages_are_added_to_the_old_one(office: Office) -> None:
    for number in range(4):
        await office.add(b"%d" % number, keywords=frozenset({"a", "b"}), uidl=f"kept-{number}")
    old = await taken(office)
    await office.add(b"4444", keywords=frozenset({"b"}), prefix=b"P: q\r\n")
    await office.add(b"5", uidl="kept-5")
    new = await updated(office, old)
    assert new is not None
    office.store._shared.snapshots.forget(office.account.account_id)
    assert columns(new) == columns(await taken(office))
    assert new.is_current()


async def test_it_is_read_as_a_whole_where_more_than_that_happened(office: Office) -> None:
    added = [await office.add(b"%d" % number) for number in range(4)]
    old = await taken(office)
    inbox = office.account.inbox
    for wanted in (
        SetKeywords((added[0].email_id,), frozenset({"a"})),
        SetDeleted(inbox, (Uid(2),), is_deleted=True),
        Expunge(inbox, (Uid(3),)),
        await office.letter(keywords=frozenset({"new"})),
    ):
        await office.commit(wanted)
        assert await updated(office, old) is None
        old = await taken(office)


async def test_a_large_mailbox_is_followed_through_everything(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = await office.letter(b"x")
    await office.commit(*[letter] * 1_500)
    assert len(await taken(office)) == 1_500
    await office.add(b"one more")
    await office.commit(Expunge(office.account.inbox, (Uid(7), Uid(900))))
    await office.add(b"and another")
    monkeypatch.setattr(snapshots, "update_snapshot", None)
    followed = await picture_of(office.account)
    await office.open_again()
    assert await picture_of(office.account) == followed


async def test_a_step_of_another_process_makes_it_outdated(office: Office) -> None:
    there = type(office.store)(office.data_folder, office.settings, office.clock)
    second = await (await there.open()).account(office.account.account_id)
    snapshot = await taken(office)
    assert snapshot.is_current()
    await second.commit([await office.letter()])
    assert not snapshot.is_current()
    assert await office.uids() == [1]
    await there.close()


async def test_a_segment_that_was_left_makes_it_outdated(office: Office) -> None:
    snapshot = await taken(office)
    office.segments()[-1].chmod(0o400)
    assert not snapshot.is_current()
    fresh = await taken(office)
    assert fresh.is_current()
    assert len(office.segments()) == 2


async def test_rubbish_at_the_end_is_left_behind_once(office: Office) -> None:
    await office.add()
    await taken(office)
    with office.segments()[-1].open("ab") as file:
        file.write(b"half a record")
    assert await office.uids() == [1]
    assert (await taken(office)).is_current()
    assert len(office.segments()) == 2


async def test_reading_waits_for_nobody_who_writes(office: Office) -> None:
    await office.add()
    await taken(office)
    office.writer.gate.take()
    with office.segments()[-1].open("ab") as file:
        file.write(b"somebody is writing this")
    async with asyncio.timeout(20):
        assert await office.uids() == [1]
    office.writer.gate.release()


def test_the_kept_ones_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_KEPT_ROWS", 10)
    kept = Snapshots()
    state = State(1, 1, 1, 1, 1, 1, 0, 0)
    for number in range(1, 30):
        account_id = AccountId(f"{number}")
        kept.put(account_id, EmbeddedSnapshot(account_id, "f", MailboxId(1), state))
    assert kept.get(AccountId("29"), MailboxId(1)) is not None
    assert kept.get(AccountId("19"), MailboxId(1)) is None
