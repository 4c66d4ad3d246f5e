"""Fetching from our own POP3 server, over TLS: both sides of the protocol and of the store."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hato.clients.server import Security
from hato.core.secret import Secret
from hato.services.delivery import DeliveryService
from hato.services.fetching.fetch_round import fetch_round
from hato.services.fetching.poll_outcome import Outcome, Tally
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Keeping, Policy, Source
from hato.store.api import Account
from hato.store.memory.store import MemoryStore
from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.clients.provider import Provider, open_provider
from tests.unit.delivery.office import AddressBook
from tests.unit.services.fetching.scene import QUICK, letter


class Collector:
    """An account that collects Ada's mail from our own server."""

    def __init__(self, provider: Provider, folder: Path, security: Security) -> None:
        is_implicit = security is Security.IMPLICIT_TLS
        self.store = MemoryStore(provider.house.clock)
        self.clock = provider.house.clock
        self.source = Source(
            source_id="s1",
            address=ADA,
            name="Ada",
            colour="#336699",
            added=0,
            protocol=Protocol.POP3,
            host="localhost",
            port=provider.ports[security],
            tls=TlsMode.IMPLICIT if is_implicit else TlsMode.STARTTLS,
            login=ADA,
            ca_file=str(folder / "authority.pem"),
        )

    async def poll(self) -> Outcome:
        account = await self.account()
        delivery = DeliveryService(self.store, AddressBook(), self.clock, hostname="h.example.org")
        return await fetch_round(
            account,
            self.source,
            Secret(PASSWORD),
            delivery=delivery,
            clock=self.clock,
            tally=Tally(),
            patience=QUICK,
        )

    async def account(self) -> Account:
        ids = await self.store.account_ids()
        return await self.store.account(ids[0] if ids else await self.store.create_account())


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT_TLS])
async def test_mail_moves_from_one_hato_to_another(tmp_path: Path, security: Security) -> None:
    async with open_provider(tmp_path) as provider:
        everything = [letter(n, f"Line\r\n.dot {n}\r\n..\r\n") for n in range(1, 31)]
        await provider.deliver(*everything)
        collector = Collector(provider, tmp_path, security)
        outcome = await collector.poll()
        assert (outcome.new, outcome.error) == (30, None)
        assert outcome.method.startswith("SCRAM-SHA-256")
        assert (await collector.poll()).new == 0
        account = await collector.account()
        snapshot = await account.snapshot(account.inbox)
        bodies = [snapshot.body(index) for index in range(30)]
        read = [(await account.read(one, 0, one.size_octets)).data for one in bodies]
        assert read == everything
        rule = Policy(Keeping.DELETE_WHEN_STORED)
        collector.source = msgspec.structs.replace(collector.source, policy=rule)
        assert (await collector.poll()).deleted == 30
        assert await provider.count() == 0
