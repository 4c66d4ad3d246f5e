"""People with accounts and sources in a store in memory, and polls that only say they polled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from hato.core.clock import FixedClock
from hato.core.ids import EmailId, PersonId
from hato.core.secret import Secret
from hato.core.settings import Settings
from hato.services.accounts import Accounts
from hato.services.auth.vault import Vault
from hato.services.delivery import DeliveryService
from hato.services.fetching.poll_outcome import Outcome, Tally
from hato.services.fetching.provider_facts import ProviderFacts
from hato.services.fetching.source_polls import Report, SourcePolls, mark_of
from hato.services.sources.source import Source
from hato.services.sources.sources import Sources
from hato.store.api import Account
from hato.store.changes import Added, AddEmail
from hato.store.directory import Person
from hato.store.memory import MemoryStore
from tests.unit.fetching.sources import SOURCE

DRAFT = msgspec.structs.replace(SOURCE, source_id="", added=0)
Answer = Callable[[Source], Report]


class House:
    """A store with people, and their sources."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock, Settings().store)
        self.vault = Vault(Secret(b"k" * 32))
        self.facts = ProviderFacts()
        book = Accounts(self.store, Settings(), self.clock)
        self.delivery = DeliveryService(
            self.store, book, self.clock, hostname="mail.example.org", message_octets=100_000
        )

    async def add_person(self, name: str = "ada") -> Account:
        if "example.org" not in await self.store.directory.domains():
            await self.store.directory.add_domain("example.org")
        account_id = await self.store.create_account()
        person = Person(PersonId(0), account_id, f"{name}@example.org")
        await self.store.directory.add_person(person)
        return await self.store.account(account_id)

    def sources(self, account: Account) -> Sources:
        return Sources(account, self.vault, self.clock)

    async def add_source(self, account: Account, name: str = "ada", **fields: object) -> Source:
        draft = msgspec.structs.replace(
            DRAFT, address=f"{name}@provider.example", login=name, **fields
        )
        return await self.sources(account).add(draft, Secret("open sesame"))

    async def receive(self, account: Account, source_id: str | None, text: str = "x") -> EmailId:
        """Keep a message, as if it was fetched from a source."""
        staged = self.store.stage()
        await staged.write(f"Subject: {text}\r\n\r\n{text}\r\n".encode())
        await staged.seal()
        wanted = AddEmail(staged, (account.inbox,), self.clock.now(), source=source_id)
        committed = await account.commit([wanted])
        (added,) = [fact for fact in committed.facts if isinstance(fact, Added)]
        return added.email_id


class RecordedPolls(SourcePolls):
    """Polls that ask nobody; each takes as long as the test wants."""

    def __init__(self, house: House, answer: Answer | None = None) -> None:
        super().__init__(house.delivery, house.sources, house.clock, house.facts)
        self.polled: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.ending = asyncio.Event()
        """What a poll that was broken off still waits for: a commit, say."""
        self.ending.set()
        self._answer = answer or (lambda _: Report(outcome=Outcome()))

    async def poll(
        self, account: Account, source: Source, tally: Tally, *, lock_seconds: float = 0.0
    ) -> Report:
        self.polled.append(source.address.partition("@")[0])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            await self.ending.wait()
            raise
        finally:
            self.at_once -= 1
        report = self._answer(source)
        return msgspec.structs.replace(report, mark=await mark_of(account, source))
