"""A store in memory, people in it, and a delivery service: the scene of the tests beside it.

Used by the tests of delivery, of the LMTP edge and of `hato deliver`.
Never resolves an address cleverly: whom one reaches is a dictionary.
Standards: none.
Fails with KeyError for people that were not invented.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from hato.core.clock import FixedClock
from hato.core.errors import HatoError, NotFoundError
from hato.core.ids import AccountId, PersonId
from hato.services.delivery import DeliveryService
from hato.services.delivery_trace import Arrival
from hato.store.api import Account
from hato.store.changes import Committed, Wanted
from hato.store.directory import Person
from hato.store.memory.store import MemoryStore
from hato.store.model import Email

HOSTNAME = "mail.example.org"
NOW = 1_800_000_000
ARRIVAL = Arrival("LMTP", "s1-1", "client.example.net", "192.0.2.1")
PREFIX = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*")


@dataclass
class AddressBook:
    """Whom each address reaches."""

    reached: dict[str, list[Person]] = field(default_factory=dict)
    fault: HatoError | None = None

    async def recipients_of(self, address: str) -> Sequence[Person]:
        if self.fault is not None:
            raise self.fault
        if address not in self.reached:
            raise NotFoundError(address)
        return self.reached[address]


class BrokenStore(MemoryStore):
    """A store whose parts can be told to fail."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__(clock)
        self.commit_faults: dict[AccountId, HatoError] = {}
        self.commits = 0

    async def account(self, account_id: AccountId) -> Account:
        account = await super().account(account_id)
        return _Failing(account, self)  # type: ignore[return-value]  # only what delivery calls


class _Failing:
    """An account that fails when it is told to, else does as asked."""

    def __init__(self, account: Account, store: BrokenStore) -> None:
        self._account = account
        self._store = store
        self.inbox = account.inbox

    async def commit(
        self, wanted: Sequence[Wanted], *, delivery_id: bytes | None = None
    ) -> Committed:
        self._store.commits += 1
        fault = self._store.commit_faults.get(self._account.account_id)
        if fault is not None:
            raise fault
        return await self._account.commit(wanted, delivery_id=delivery_id)


class Office:
    """Where mail is delivered."""

    def __init__(self, message_octets: int = 1 << 22) -> None:
        self.clock = FixedClock(NOW)
        self.store = BrokenStore(self.clock)
        self.addresses = AddressBook()
        self.service = DeliveryService(
            self.store,
            self.addresses,
            self.clock,
            hostname=HOSTNAME,
            message_octets=message_octets,
        )
        self.people: dict[str, Person] = {}

    async def add(self, name: str, *, is_enabled: bool = True) -> Person:
        """Let there be somebody, with her own address."""
        account_id = await self.store.create_account()
        address = f"{name}@example.org"
        person = Person(PersonId(len(self.people) + 1), account_id, address, is_enabled=is_enabled)
        self.people[name] = person
        self.addresses.reached[address] = [person]
        return person

    async def emails(self, name: str) -> list[Email]:
        """Return what is known of each message in somebody's INBOX."""
        account = await MemoryStore.account(self.store, self.people[name].account_id)
        snapshot = await account.snapshot(account.inbox)
        return await account.emails(snapshot.email_ids)  # type: ignore[arg-type]  # they are ids

    async def stored(self, name: str) -> list[bytes]:
        """Return the octets of each message in somebody's INBOX."""
        account = await MemoryStore.account(self.store, self.people[name].account_id)
        bodies = [email.body for email in await self.emails(name)]
        return [(await account.read(body, 0, body.size_octets)).data for body in bodies]

    async def deliver(
        self,
        letter: bytes,
        *names: str,
        sender: str | None = "bob@example.net",
        needs_utf8: bool = False,
        arrival: Arrival = ARRIVAL,
    ) -> list[HatoError | None]:
        """Deliver a letter and return the outcomes."""
        delivery = self.service.begin(sender, arrival, needs_utf8=needs_utf8)
        for name in names:
            await delivery.recipient(name if "@" in name else f"{name}@example.org")
        await delivery.write(letter)
        return await delivery.finish()


def behind_prefix(served: bytes, letter: bytes) -> bytes:
    """Check that `served` is header lines and then `letter`; return those lines."""
    assert served.endswith(letter)
    prefix = served[: len(served) - len(letter)]
    assert PREFIX.fullmatch(prefix)
    return prefix


async def in_chunks(octets: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """Give octets piece by piece."""
    for start in range(0, len(octets), size):
        yield octets[start : start + size]
