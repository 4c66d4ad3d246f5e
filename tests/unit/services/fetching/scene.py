"""Ada's account here, her mailbox elsewhere, and polls between the two.

Used by the tests of `hato.services.fetching`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from hato.core.clock import FixedClock
from hato.core.errors import HatoError
from hato.core.ids import EmailId
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.services.delivery import DeliveryService
from hato.services.fetching.fetch_round import fetch_round
from hato.services.fetching.ledger_books import LedgerBooks
from hato.services.fetching.poll_outcome import Outcome, Tally
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Keeping, Policy, Source
from hato.store.api import Account
from hato.store.changes import Committed, Wanted
from hato.store.memory.store import MemoryStore
from hato.store.model import LedgerEntry
from tests.unit.delivery.office import AddressBook
from tests.unit.services.fetching.maildrop import Maildrop, serve

QUICK = Patience(dial_seconds=5, login_seconds=5, idle_seconds=5, total_seconds=20)


def letter(number: int, text: str = "Dear Ada,\r\n", *, subject: str = "") -> bytes:
    """Return a letter that no other one is like."""
    head = (
        f"Received: from a by b id {number}; Mon, 2 Jan 2023 03:04:05 +0900\r\n"
        f"From: bob@example.net\r\nTo: ada@example.org\r\n"
        f"Subject: {subject or f'Letter {number}'}\r\n"
        f"Message-ID: <{number}@example.net>\r\n\r\n"
    )
    return head.encode() + text.encode()


def letters(count: int, first: int = 1) -> dict[bytes, bytes]:
    """Return letters by their unique-ids."""
    return {b"u%d" % n: letter(n) for n in range(first, first + count)}


class CountingAccount:
    """An account that counts its steps, and refuses those that a test wants refused."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.steps: list[Sequence[Wanted]] = []
        self.refuse: list[HatoError | None] = []
        """What comes of the next steps; None: they are done."""
        self.poison = b""
        """A step with a letter that has this in it is refused."""
        self.fault: HatoError | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._account, name)

    async def commit(self, wanted: Sequence[Wanted]) -> Committed:
        fault = self.refuse.pop(0) if self.refuse else None
        if self.fault is not None and self.poison:
            for one in wanted:
                staged = getattr(one, "staged", None)
                if staged and self.poison in await staged.read(0, staged.size_octets):
                    fault = self.fault
        if fault is not None:
            raise fault
        committed = await self._account.commit(wanted)
        self.steps.append(wanted)
        return committed


class Scene:
    """One source of Ada's."""

    def __init__(self, account: Account, store: MemoryStore, clock: FixedClock, port: int) -> None:
        self.counting = CountingAccount(account)
        self.account: Account = self.counting  # type: ignore[assignment]  # it passes everything on
        self.store = store
        self.clock = clock
        self.delivery = DeliveryService(store, AddressBook(), clock, hostname="mail.example.org")
        self.source = Source(
            source_id="s1",
            address="ada@example.net",
            name="Elsewhere",
            colour="#336699",
            added=0,
            protocol=Protocol.POP3,
            host="localhost",
            port=port,
            tls=TlsMode.NONE,
            login="ada",
        )
        self.tally = Tally()

    def rule(self, keeping: Keeping, days: int = 0) -> None:
        """Let the owner want something else."""
        self.source = msgspec.structs.replace(self.source, policy=Policy(keeping, days))

    async def poll(
        self, *, wanted_whole: frozenset[bytes] = frozenset(), books: LedgerBooks | None = None
    ) -> Outcome:
        """Poll once."""
        self.tally = Tally()
        return await fetch_round(
            self.account,
            self.source,
            Secret("secret"),
            delivery=self.delivery,
            clock=self.clock,
            tally=self.tally,
            patience=QUICK,
            wanted_whole=wanted_whole,
            books=books,
        )

    async def texts(self) -> list[bytes]:
        """Return all letters that lie in INBOX, oldest first."""
        snapshot = await self.account.snapshot(self.account.inbox)
        bodies = [snapshot.body(index) for index in range(len(snapshot))]
        return [(await self.account.read(one, 0, one.size_octets)).data for one in bodies]

    async def ledger(self) -> dict[bytes, LedgerEntry]:
        """Return the source's ledger."""
        return {entry.uidl: entry for entry in await self.account.ledger("s1")}

    async def email_ids(self) -> list[EmailId]:
        """Return the letters that the ledger knows, oldest first."""
        entries = (await self.ledger()).values()
        return sorted(entry.email_id for entry in entries if entry.email_id is not None)


@contextlib.asynccontextmanager
async def open_scene(maildrop: Maildrop) -> AsyncIterator[Scene]:
    """Serve a mailbox, and have an empty account."""
    clock = FixedClock()
    store = MemoryStore(clock)
    account = await store.account(await store.create_account())
    async with serve(maildrop) as port:
        yield Scene(account, store, clock, port)
