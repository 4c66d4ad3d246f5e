"""Removing accounts: while somebody writes to them, and when the process dies under way."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading

import pytest

from hato.core.errors import NotFoundError
from hato.store.embedded.account_writer import AccountWriter
from tests.unit.store_embedded.conftest import Office, OpenOffice


async def test_a_writer_in_use_is_closed_only_when_it_is_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    writer, closed = office.writer, threading.Event()
    close = AccountWriter.close

    def note(one: AccountWriter) -> None:
        close(one)
        closed.set()

    monkeypatch.setattr(AccountWriter, "close", note)
    writer.gate.take_turn()
    removing = asyncio.ensure_future(office.store.remove_account(office.account.account_id))
    while office.folder.exists():
        await asyncio.sleep(0)
    assert not closed.is_set()
    writer.gate.end_turn()
    await removing
    assert closed.is_set()


async def test_a_commit_that_waits_for_the_gate_of_a_removed_account_is_refused(
    office: Office,
) -> None:
    await office.add()
    letter = await office.letter()
    removing = asyncio.ensure_future(office.store.remove_account(office.account.account_id))
    while office.folder.exists():
        await asyncio.sleep(0)
    with pytest.raises(NotFoundError):
        await office.commit(letter)
    await removing


async def test_mail_of_an_account_whose_removal_was_cut_short_goes_at_the_next_start(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    kept = await office.store.create_account()
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda *_arguments, **_options: None)
        await office.store.remove_account(office.account.account_id)
    accounts = office.data_folder / "accounts"
    assert len(list(accounts.iterdir())) == 2
    await office.store.close()
    office.store = await type(office.store)(
        office.data_folder, office.settings, office.clock
    ).open()
    assert [path.name for path in accounts.iterdir()] == [kept]
    assert await office.store.account_ids() == [kept]


async def test_an_account_that_was_never_finished_goes_once_it_is_old(office: Office) -> None:
    accounts = office.data_folder / "accounts"
    young, old = accounts / ".new-young", accounts / ".new-old"
    for folder in (young, old):
        folder.mkdir()
        (folder / "000001.log").write_bytes(b"half")
    os.utime(old, (1, 1))
    await office.open_again()
    assert young.exists()
    assert not old.exists()


async def test_nothing_of_a_removed_account_stays_in_memory(office: Office) -> None:
    added = await office.add(bytes(200_000))
    kept = await office.store.account(await office.store.create_account())
    await kept.commit([await office.letter(bytes(200_000))])
    await office.octets(added.email_id)
    snapshot = await kept.snapshot(kept.inbox)
    await kept.read(snapshot.body(0), 0, 10)
    await office.account.snapshot(office.account.inbox)
    shared, account_id = office.store._shared, office.account.account_id
    await office.store.remove_account(account_id)
    folder = shared.folder_of(kept.account_id)
    assert {key[0] for key in shared.layouts} == {folder}
    assert {key[0] for key in shared.files._files} == {folder}
    assert shared.snapshots.get(account_id, office.account.inbox) is None
    assert await kept.snapshot(kept.inbox) is snapshot


async def test_segments_that_another_process_removed_are_closed_a_minute_later(
    open_office: OpenOffice,
) -> None:
    office = await open_office(segment_octets=1_000)
    added = [await office.add(bytes(900)) for _ in range(3)]
    for one in added:
        await office.octets(one.email_id)
    files = office.store._shared.files._files
    office.segments()[0].unlink()
    await office.account.snapshot(office.account.inbox)
    assert len(files) == 3
    office.clock.advance(60)
    await office.account.snapshot(office.account.inbox)
    assert [number for _folder, number in files] == [2, 3]
