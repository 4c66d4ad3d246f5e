"""LMTP with the real address book: aliases, details, catch-all and postmaster."""

from __future__ import annotations

import pytest

from hato.core.clock import FixedClock
from hato.core.settings import Settings
from hato.services.accounts import Accounts
from hato.services.delivery import DeliveryService
from hato.store.memory.store import MemoryStore
from tests.unit.delivery.test_lmtp_session import Line
from tests.unit.smtp.conversation import codes_of

LETTER = b"Message-ID: <1@example.net>\r\n\r\nHello.\r\n"


class Town:
    """Two people, one domain with a catch-all and one without."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock)
        self.accounts = Accounts(self.store, Settings(), self.clock)
        self.service = DeliveryService(self.store, self.accounts, self.clock, hostname="mail.x")

    async def settle(self) -> None:
        for domain in ("example.org", "caught.example"):
            await self.accounts.add_domain(domain)
        for name in ("ada@example.org", "ben@example.org"):
            await self.accounts.add_person(name)
        for address, name in (
            ("all@example.org", "ada"),
            ("all@example.org", "ben"),
            ("@caught.example", "ben"),
        ):
            await self.accounts.add_address(address, name)

    async def count(self, name: str) -> int:
        person = await self.accounts.person(name)
        account = await self.store.account(person.account_id)
        return len(await account.snapshot(account.inbox))


@pytest.fixture
async def town() -> Town:
    made = Town()
    await made.settle()
    return made


@pytest.mark.parametrize(
    ("recipient", "counts"),
    [
        ("ada@example.org", (1, 0)),
        ("ADA@EXAMPLE.ORG", (1, 0)),
        ('"ada"@example.org', (1, 0)),
        ("ada+lists@example.org", (1, 0)),
        ("all@example.org", (1, 1)),
        ("whoever@caught.example", (0, 1)),
        ("postmaster", (1, 0)),
        ("Postmaster@example.org", (1, 0)),
        ("@relay.example:ada@example.org", (1, 0)),
    ],
)
async def test_who_gets_it(town: Town, recipient: str, counts: tuple[int, int]) -> None:
    line = Line(town.service)
    await line.say(b"LHLO x\r\nMAIL FROM:<>\r\n")
    said = await line.say(f"RCPT TO:<{recipient}>\r\nDATA\r\n".encode() + LETTER + b".\r\n")
    assert codes_of(said) == ["250 2.1.5", "354", "250 2.0.0"]
    assert (await town.count("ada"), await town.count("ben")) == counts


@pytest.mark.parametrize(
    "recipient",
    ["eve@example.org", "ada@elsewhere.example", "ada@[192.0.2.1]", '"a da"@example.org'],
)
async def test_who_is_not_here(town: Town, recipient: str) -> None:
    line = Line(town.service)
    await line.say(b"LHLO x\r\nMAIL FROM:<>\r\n")
    said = await line.say(f"RCPT TO:<{recipient}>\r\n".encode())
    assert codes_of(said) == ["550 5.1.1"]
