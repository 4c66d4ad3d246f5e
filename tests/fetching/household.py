"""Somebody whose mail is fetched, in this process: a store in memory and one source.

Used by the tests of fetching that look at one poll after the other.
Never reaches beyond what the contract says: `fetch_round` in, an `Outcome` out, the store beside.
Standards: none.
Fails with nothing of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from hato.core.clock import FixedClock
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.services.delivery import DeliveryService
from hato.services.fetching.fetch_round import fetch_round
from hato.services.fetching.poll_outcome import Outcome, Tally
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Keeping, Policy, Source
from hato.store.api import Account
from hato.store.memory import MemoryStore
from hato.store.model import LedgerEntry
from tests.fetching.maildrop import LOGIN, PASSWORD
from tests.fetching.provider import Provider
from tests.unit.delivery.office import AddressBook

QUICK = Patience(dial_seconds=5, login_seconds=5, idle_seconds=5, total_seconds=10, rate_seconds=5)
"""For providers that answer; far more than any of them needs."""
IMPATIENT = Patience(
    dial_seconds=5, login_seconds=0.2, idle_seconds=0.1, total_seconds=0.5, rate_seconds=0.1
)
"""For providers that would never end."""

KEEP = Policy()
DELETE = Policy(Keeping.DELETE_WHEN_STORED)


@dataclass
class Household:
    """Ada and what she has collected."""

    store: MemoryStore
    clock: FixedClock
    account: Account
    delivery: DeliveryService
    source: Source
    last: Tally

    async def fetch(
        self,
        provider: Provider | None = None,
        patience: Patience = QUICK,
        wanted_whole: frozenset[bytes] = frozenset(),
        **changes: Any,  # noqa: ANN401 - fields of a source
    ) -> Outcome:
        """Poll the source once; `changes`: of the source, for good."""
        if provider is not None:
            changes["port"] = provider.port
        self.source = msgspec.structs.replace(self.source, **changes)
        self.last = Tally()
        return await fetch_round(
            self.account,
            self.source,
            Secret(PASSWORD),
            delivery=self.delivery,
            clock=self.clock,
            tally=self.last,
            patience=patience,
            wanted_whole=wanted_whole,
        )

    async def letters(self) -> list[bytes]:
        """Return every letter that was kept, in the order in which they came."""
        found: list[tuple[int, bytes]] = []
        for mailbox in await self.account.mailboxes():
            snapshot = await self.account.snapshot(mailbox.mailbox_id)
            for email in await self.account.emails(list(snapshot.email_ids)):  # type: ignore[arg-type]  # they are ids
                body = email.body
                piece = await self.account.read(body, 0, body.size_octets)
                found.append((email.email_id, bytes(piece.data)))
        return [octets for _, octets in sorted(found)]

    async def ledger(self) -> dict[bytes, LedgerEntry]:
        """Return what is known of the letters of the source, by unique-id."""
        entries = await self.account.ledger(self.source.source_id)
        return {entry.uidl: entry for entry in entries}


async def furnish(**changes: Any) -> Household:  # noqa: ANN401 - fields of a source
    """Begin with nothing fetched; the source is on loopback and without TLS, unless changed."""
    clock = FixedClock()
    store = MemoryStore(clock)
    account = await store.account(await store.create_account())
    delivery = DeliveryService(store, AddressBook(), clock, hostname="mail.example.org")
    values: dict[str, Any] = {
        "source_id": "s1",
        "address": LOGIN,
        "name": "Provider",
        "colour": "#204060",
        "added": clock.now(),
        "protocol": Protocol.POP3,
        "host": "localhost",
        "port": 0,
        "tls": TlsMode.NONE,
        "login": LOGIN,
        **changes,
    }
    return Household(store, clock, account, delivery, Source(**values), Tally())
