"""A house with people in it: a store in memory, an authenticator, cheap hashes that are counted.

Used by the tests of services.auth and services.accounts.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec

from hato.core.clock import FixedClock
from hato.core.secret import Secret
from hato.core.settings import Auth, Limits, Settings
from hato.core.shared_counts import Counts, SharedCounts
from hato.protocols.sasl.scram_client import ScramClient
from hato.protocols.sasl.steps import Refused
from hato.services.accounts import Accounts
from hato.services.auth.authenticator import Authenticator
from hato.services.auth.imported_hashes import split_scheme
from hato.services.auth.origin import Login, Origin
from hato.services.auth.passwords import Passwords
from hato.store.directory import Credential
from hato.store.memory import MemoryStore

KEY = Secret(b"k" * 32)
ITERATIONS = 4096
PASSWORD = "correct horse"
ADA = "ada@example.org"


class CountedPasswords(Passwords):
    """Hashes at the least cost that Argon2 has, and knows how often it did."""

    def __init__(self) -> None:
        super().__init__(memory_kib=8, passes=1)
        self.checks: list[str] = []
        self.made = 0

    def make(self, password: bytes) -> str:
        self.made += 1
        return super().make(password)

    def fits(self, hashed: str, password: bytes) -> bool:
        self.checks.append(split_scheme(hashed)[0])
        return super().fits(hashed, password)

    def waste(self, password: bytes) -> None:
        self.checks.append("ARGON2ID")
        super().waste(password)

    def take_checks(self) -> list[str]:
        """Return the schemes checked since the last time."""
        checks, self.checks = self.checks, []
        return checks


class House:
    """Everything that a login needs."""

    def __init__(
        self,
        folder: Path,
        *,
        apop: bool = False,
        scram: bool = True,
        plus: bool = True,
        **limits: float,
    ) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock)
        self.passwords = CountedPasswords()
        self.pauses: list[float] = []
        self.shared_counts = SharedCounts(8)
        self._processes = itertools.count()
        self.settings = Settings(
            data=str(folder),
            auth=Auth(
                allow_plaintext_from=("192.0.2.0/24",), apop=apop, scram=scram, scram_plus=plus
            ),
            limits=msgspec.convert(limits, Limits),
        )
        self.accounts = Accounts(
            self.store,
            self.settings,
            self.clock,
            secret_key=KEY,
            passwords=self.passwords,
            iterations=ITERATIONS,
        )
        self.authenticator = self.another_process()

    def another_process(self) -> Authenticator:
        """Return an authenticator that shares store and counts and remembers nothing."""
        return Authenticator(
            self.store,
            self.settings,
            self.clock,
            secret_key=KEY,
            passwords=self.passwords,
            iterations=ITERATIONS,
            pause=self._pause,
            counts=Counts(self.shared_counts, next(self._processes)),
        )

    async def furnish(self, *names: str) -> None:
        """Serve example.org and add people who all have PASSWORD."""
        await self.accounts.add_domain("example.org")
        for name in names or (ADA,):
            await self.accounts.add_person(name, Secret(PASSWORD))
        self.passwords.take_checks()

    async def login(
        self, name: str = ADA, password: str | bytes = PASSWORD, address: str = "198.51.100.1"
    ) -> Login:
        """Log in under TLS and wait until everything is written."""
        try:
            return await self.authenticator.login(name, Secret(password), origin(address))
        finally:
            await self.authenticator.settle()

    async def scram(
        self, name: str = ADA, password: str = PASSWORD, address: str = "198.51.100.1"
    ) -> Login | Refused:
        """Log in by SCRAM, with our own client."""
        exchange = self.authenticator.begin_sasl("SCRAM-SHA-256", origin(address))
        client = ScramClient(name, Secret(password), nonce="client")
        challenge = await exchange.step(None)
        while isinstance(challenge, bytes):
            response = client.step(challenge)
            if isinstance(response, Refused):
                return response
            challenge = await exchange.step(response)
        assert client.is_satisfied
        await self.authenticator.settle()
        return challenge

    async def credentials(self, name: str = ADA) -> list[Credential]:
        """Return what is kept of somebody's passwords."""
        person = await self.accounts.person(name)
        return await self.store.directory.credentials(person.person_id)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def origin(
    address: str = "198.51.100.1",
    *,
    service: str = "pop3",
    is_encrypted: bool = True,
    channel_binding: bytes | None = None,
) -> Origin:
    """Return where a login comes from."""
    return Origin(service, address, is_encrypted, channel_binding, "session")
