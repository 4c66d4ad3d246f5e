"""`hato account log`: a receipt for every deletion at a provider, and none for anything else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hato.app import Composition
from hato.core.ids import EmailId
from hato.core.settings import Settings
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Source
from hato.store.changes import PutLedger
from hato.store.model import LedgerEntry, LedgerState
from tests.unit.cli.conftest import Hato

SOURCE = Source(
    source_id="s1",
    address="ada@provider.example",
    name="",
    colour="",
    added=1,
    protocol=Protocol.POP3,
    host="pop.provider.example",
    port=995,
    tls=TlsMode.IMPLICIT,
    login="ada",
)


def entry(uidl: bytes, state: LedgerState, *, at: int, sent: int = 0) -> LedgerEntry:
    return LedgerEntry(uidl, state, EmailId(7), 2_048, b"", b"", at, 1_700_000_000, sent)


@pytest.fixture
def hato_with_ledger(hato: Hato, tmp_path: Path) -> Hato:
    """Ada's account, of which some was deleted at the provider."""

    async def work() -> None:
        ways, settings = Composition(), Settings(data=str(tmp_path / "data"))
        store = await ways.open_store(settings)
        (person,) = await ways.accounts(store, settings).people()
        account = await store.account(person.account_id)
        await ways.sources(account, settings).add(SOURCE, None)
        entries = (
            entry(b"kept", LedgerState.STORED, at=1_700_000_000),
            entry(b"b", LedgerState.DELETION_CONFIRMED, at=1_700_000_200, sent=1_700_000_190),
            entry(b"a", LedgerState.DELETION_SENT, at=1_700_000_300, sent=1_700_000_300),
            entry(b"odd\x1b[2J", LedgerState.DELETION_CONFIRMED, at=1_700_000_200, sent=1),
        )
        await account.commit([PutLedger("s1", entries)])
        await store.close()

    asyncio.run(work())
    return hato


def test_there_is_a_receipt_for_every_deletion(hato_with_ledger: Hato) -> None:
    rows = hato_with_ledger.json("account", "log", "ada@provider.example")
    assert [row["uidl"] for row in rows] == ["odd\\x1b[2J", "b", "a"]
    assert rows[1] == {
        "uidl": "b",
        "email": 7,
        "octets": 2_048,
        "stored_at": 1_700_000_000,
        "sent_at": 1_700_000_190,
        "confirmed_at": 1_700_000_200,
        "is_confirmed": True,
    }
    assert not rows[2]["is_confirmed"]


def test_it_is_read_line_by_line(hato_with_ledger: Hato) -> None:
    lines = hato_with_ledger("account", "log", "ada@provider.example").out.splitlines()
    assert len(lines) == 3
    assert lines[2].endswith("\tnot confirmed\t2048\ta")
    assert "\x1b" not in "".join(lines)


def test_where_nothing_was_deleted_that_is_said(hato: Hato, tmp_path: Path) -> None:
    async def work() -> None:
        ways, settings = Composition(), Settings(data=str(tmp_path / "data"))
        store = await ways.open_store(settings)
        (person,) = await ways.accounts(store, settings).people()
        account = await store.account(person.account_id)
        await ways.sources(account, settings).add(SOURCE, None)
        await store.close()

    asyncio.run(work())
    said = hato("account", "log", "ada@provider.example")
    assert said.out == ("Hato has deleted nothing of ada@provider.example at the provider.\n")
