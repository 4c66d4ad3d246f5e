"""What the contract's tests stand on: a backend to try, and one account in it.

Called by every test of the contract; a backend's own test module gives the fixture `backend`.
Never looks inside a backend.
Standards: none.
Fails, after each test, when the store is not the same after it was closed and opened again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from hato.core.clock import FixedClock
from hato.core.ids import AccountId, EmailId, MailboxId, Uid
from hato.store.api import Account, Store
from hato.store.changes import Added, AddEmail, Committed, Fact, MailboxMade, MakeMailbox, Wanted
from hato.store.contract.picture import picture_of
from hato.store.model import TOP, Email, Role, Traits
from hato.store.staged import Staged

LETTER = (
    b"From: Ada <ada@example.org>\r\n"
    b"To: Kenji <kenji@example.org>\r\n"
    b"Subject: Tea\r\n"
    b"\r\n"
    b"At five?\r\n"
    b".\r\n"
    b"..dots\r\n"
)

_SomeFact = TypeVar("_SomeFact", bound=Fact)


class Backend(Protocol):
    """A store to try, and how to begin again with it."""

    store: Store
    """Open, with the default settings, and replaced when it begins again."""
    clock: FixedClock
    """The store's clock."""
    data_folder: Path | None
    """Where its files are, so that a test can damage them; None where there are none."""
    ways_to_begin_again: tuple[str, ...]
    """Names of what `begin_again` can do without losing anything: close and open, lose what is
    derived, compact …; empty for a store that dies with its process."""

    async def begin_again(self, way: str) -> None:
        """Close the store, do what `way` says, open it."""
        ...

    async def second(self) -> Store:
        """Open the same data once more, as another process would; the caller does not close it.

        The store itself where there is only one process.
        """
        ...


@dataclass
class Scene:
    """One account, and short words for what tests do with it.

    `wanted` are fields of AddEmail, `conditions` those of `Account.commit`.
    """

    backend: Backend
    account: Account

    @property
    def store(self) -> Store:
        """The store, as it is open now."""
        return self.backend.store

    @property
    def clock(self) -> FixedClock:
        """The store's clock."""
        return self.backend.clock

    async def stage(self, octets: bytes, chunk_octets: int = 60_000) -> Staged:
        """Take octets in and seal them."""
        return await stage(self.store, octets, chunk_octets)

    async def letter(self, octets: bytes = LETTER, **wanted: Any) -> AddEmail:
        """Want a letter; into INBOX when nothing else is said."""
        wanted.setdefault("mailboxes", (self.account.inbox,))
        wanted.setdefault("received", self.clock.now())
        return AddEmail(staged=await self.stage(octets), **wanted)

    async def add(self, octets: bytes = LETTER, **wanted: Any) -> Added:
        """Deliver a letter."""
        return only(Added, await self.commit(await self.letter(octets, **wanted)))

    async def add_many(self, count: int, **wanted: Any) -> list[Added]:
        """Deliver letters in one step."""
        letters = [await self.letter(b"Subject: %d\r\n\r\n" % n, **wanted) for n in range(count)]
        return all_of(Added, await self.commit(*letters))

    async def commit(self, *wanted: Wanted, **conditions: Any) -> Committed:
        """Do it in one step."""
        return await self.account.commit(wanted, **conditions)

    async def make_mailbox(
        self, name: str, parent: MailboxId = TOP, role: Role | None = None
    ) -> MailboxId:
        """Make a mailbox and return its id."""
        committed = await self.commit(MakeMailbox(parent, name, role))
        return only(MailboxMade, committed).mailbox_id

    async def uids(self, mailbox: MailboxId | None = None) -> list[Uid]:
        """Return the UIDs of a mailbox (INBOX)."""
        snapshot = await self.account.snapshot(mailbox or self.account.inbox)
        return [Uid(uid) for uid in snapshot.uids]

    async def email(self, email_id: EmailId) -> Email:
        """Return a message that must be there."""
        (email,) = await self.account.emails([email_id])
        return email

    async def octets(self, email_id: EmailId) -> bytes:
        """Return a message's octets."""
        email = await self.email(email_id)
        return (await self.account.read(email.body, 0, email.body.size_octets)).data

    async def begin_again(self, way: str) -> None:
        """Begin again, and go on with the same account."""
        await self.backend.begin_again(way)
        self.account = await self.store.account(self.account.account_id)


async def stage(store: Store, octets: bytes, chunk_octets: int = 60_000) -> Staged:
    """Take octets in, chunk by chunk, and seal them."""
    staged = store.stage()
    for start in range(0, len(octets), chunk_octets):
        await staged.write(octets[start : start + chunk_octets])
    await staged.seal()
    return staged


def all_of(kind: type[_SomeFact], committed: Committed) -> list[_SomeFact]:
    """Return the facts of one kind."""
    return [fact for fact in committed.facts if isinstance(fact, kind)]


def only(kind: type[_SomeFact], committed: Committed) -> _SomeFact:
    """Return the one fact of a kind."""
    (fact,) = all_of(kind, committed)
    return fact


def dots_of(octets: bytes, start: int, stop: int) -> list[int]:
    """Return, the slow and sure way, which dots of a piece begin a line."""
    return [
        offset - start
        for offset in range(start, min(stop, len(octets)))
        if octets[offset : offset + 1] == b"."
        and (offset == 0 or octets[max(0, offset - 2) : offset] == b"\r\n")
    ]


def has(email: Email, traits: Traits) -> bool:
    """Tell whether a message has all of `traits`."""
    return email.traits & traits == traits


async def pictures_of(store: Store, account_ids: Iterable[AccountId]) -> dict[AccountId, object]:
    """Return what several accounts show."""
    return {
        account_id: await picture_of(await store.account(account_id)) for account_id in account_ids
    }


@pytest.fixture
async def scene(backend: Backend) -> AsyncIterator[Scene]:
    """Give a test an account of its own; check afterwards that beginning again changes nothing."""
    account = await backend.store.account(await backend.store.create_account())
    yield Scene(backend, account)
    account_ids = await backend.store.account_ids()
    before = await pictures_of(backend.store, account_ids)
    for way in backend.ways_to_begin_again:
        await backend.begin_again(way)
        assert await backend.store.account_ids() == account_ids, way
        assert await pictures_of(backend.store, account_ids) == before, way
