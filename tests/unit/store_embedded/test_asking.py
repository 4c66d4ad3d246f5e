"""Asking the index from the loop, which must not wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import apsw
import pytest

from hato.core.ids import EmailId, ModSeq
from hato.store.embedded import queries
from hato.store.embedded.account import EmbeddedAccount
from hato.store.model import ChangeKind
from tests.unit.store_embedded.conftest import Office


def lock_index(office: Office) -> apsw.Connection:
    """Keep everybody else out of the index, as another process could; close it to let go."""
    office.store._shared.indexes.forget()
    office.writer.close()
    connection = apsw.Connection(f"{office.folder}/index.db")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    connection.execute("BEGIN IMMEDIATE; UPDATE account SET one = one; COMMIT")
    return connection


async def test_the_loop_goes_on_while_another_process_blocks_the_index(office: Office) -> None:
    await office.add()
    await office.account.usage()
    locked = lock_index(office)
    asking = asyncio.ensure_future(office.account.usage())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not asking.done()
    locked.close()
    assert (await asking).used_count == 1


UNBOUNDED: dict[str, Callable[[EmbeddedAccount], Awaitable[object]]] = {
    "mailboxes": lambda account: account.mailboxes(),
    "emails": lambda account: account.emails([EmailId(number) for number in range(1, 102)]),
    "held": lambda account: account.held(),
    "ledger": lambda account: account.ledger("home"),
    "changes": lambda account: account.changes(ChangeKind.EMAIL, ModSeq(1), 10),
    "expunged": lambda account: account.expunged(account.inbox, ModSeq(1)),
    "stored_objects": lambda account: account.stored_objects("script"),
    "ended_by": lambda account: account.purge(0),
}


@pytest.mark.parametrize("name", UNBOUNDED)
async def test_what_may_be_long_is_read_in_a_thread(
    office: Office, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await office.add()
    threads: list[int] = []
    query = getattr(queries, name)

    def note(*arguments: object) -> object:
        threads.append(threading.get_ident())
        return query(*arguments)

    monkeypatch.setattr(queries, name, note)
    await UNBOUNDED[name](office.account)
    assert threads
    assert threading.get_ident() not in threads
