"""Removing accounts: while somebody writes to them, and when the process dies under way."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hato.core.errors import NotFoundError
from hato.store.embedded.account_writer import AccountWriter
from tests.unit.store_embedded.conftest import Office


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
