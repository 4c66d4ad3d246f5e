"""A store in a temporary folder, one account in it, and short words for what tests do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hato.core.clock import FixedClock
from hato.core.ids import EmailId, Uid
from hato.core.settings import StoreSettings
from hato.store.changes import Added, AddEmail, Committed, Expunge, Purge, Wanted
from hato.store.embedded import EmbeddedStore
from hato.store.embedded.account import EmbeddedAccount
from hato.store.embedded.account_writer import AccountWriter

LETTER = b"Subject: Tea\r\n\r\nAt five?\r\n.\r\n"


@dataclass
class Office:
    """A store and an account of it."""

    store: EmbeddedStore
    account: EmbeddedAccount
    clock: FixedClock
    settings: StoreSettings
    data_folder: Path

    @property
    def folder(self) -> Path:
        """The account's folder."""
        return self.data_folder / "accounts" / self.account.account_id

    @property
    def writer(self) -> AccountWriter:
        """The account's writer in this store."""
        return self.store._shared.writers.get(self.account.account_id)

    def segments(self) -> list[Path]:
        """The files of the journal."""
        return sorted(self.folder.glob("*.log"))

    async def letter(self, octets: bytes = LETTER, **wanted: Any) -> AddEmail:  # noqa: ANN401 - fields of AddEmail
        """Want a letter in INBOX."""
        staged = self.store.stage()
        await staged.write(octets)
        await staged.seal()
        wanted.setdefault("mailboxes", (self.account.inbox,))
        return AddEmail(staged=staged, received=1, **wanted)

    async def commit(self, *wanted: Wanted, **conditions: Any) -> Committed:  # noqa: ANN401 - conditions of a commit
        """Do it in one step."""
        return await self.account.commit(wanted, **conditions)

    async def add(self, octets: bytes = LETTER, **wanted: Any) -> Added:  # noqa: ANN401 - fields of AddEmail
        """Deliver a letter."""
        committed = await self.commit(await self.letter(octets, **wanted))
        (added,) = (fact for fact in committed.facts if isinstance(fact, Added))
        return added

    async def uids(self) -> list[int]:
        """Return the UIDs of INBOX."""
        return list((await self.account.snapshot(self.account.inbox)).uids)

    async def octets(self, email_id: EmailId) -> bytes:
        """Return a message's octets."""
        (email,) = await self.account.emails([email_id])
        return (await self.account.read(email.body, 0, email.body.size_octets)).data

    async def end(self, *uids: int) -> None:
        """Expunge messages of INBOX and purge them."""
        await self.commit(Expunge(self.account.inbox, tuple(map(Uid, uids))))
        await self.commit(Purge(tuple(one.email_id for one in await self.account.held())))

    async def open_again(self, settings: StoreSettings | None = None) -> None:
        """Close the store and open it."""
        await self.store.close()
        self.settings = settings or self.settings
        self.store = await EmbeddedStore(self.data_folder, self.settings, self.clock).open()
        self.account = await self.store.account(self.account.account_id)


OpenOffice = Callable[..., Awaitable[Office]]


@pytest.fixture
async def open_office(tmp_path: Path) -> AsyncIterator[OpenOffice]:
    """Open stores with settings of the test's choice; close them afterwards."""
    opened: list[Office] = []

    async def open_one(**settings: Any) -> Office:  # noqa: ANN401 - fields of StoreSettings
        clock = FixedClock()
        chosen = StoreSettings(**{"free_space_octets": 0, **settings})
        store = await EmbeddedStore(tmp_path, chosen, clock).open()
        account = await store.account(await store.create_account())
        opened.append(Office(store, account, clock, chosen, tmp_path))
        return opened[-1]

    yield open_one
    for office in opened:
        await office.store.close()


@pytest.fixture
async def office(open_office: OpenOffice) -> Office:
    """A store with the default settings."""
    return await open_office()
