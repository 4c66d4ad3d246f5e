"""A POP3 service in memory: people, their mail, an authenticator that knows their passwords.

Used by the tests of the POP3 edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hato.core.clock import FixedClock
from hato.core.errors import AuthenticationError, HatoError, NotFoundError
from hato.core.ids import MailboxId, PersonId, Uid
from hato.core.secret import Secret
from hato.core.settings import Auth, Settings
from hato.servers.pop3 import Pop3Edge, Pop3Session
from hato.services.auth.origin import Login, Origin
from hato.services.auth.passwords import Passwords
from hato.services.auth.running_logins import RunningLogins
from hato.store.api import Account, Lock, Snapshot
from hato.store.changes import AddEmail, Committed, Expunge, Wanted
from hato.store.directory import Credential, CredentialId, Person
from hato.store.memory.store import MemoryStore
from hato.store.model import BodyRef, Piece, Traits
from tests.unit.pop3.pump import LoopPeer, LoopPump

PASSWORD = "correct horse"
TRUSTED = "127.0.0.1"
NO_TRAITS = Traits(0)


class OddAccount:
    """An account in which a test makes something go wrong; everything else is as it was."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.commit_fault: HatoError | None = None
        self.wanted: list[Wanted] = []
        self.read_faults: dict[int, HatoError] = {}
        self.snapshot_fault: HatoError | None = None
        self.has_cold_cache = False
        self.reads = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._account, name)

    async def commit(self, wanted: Sequence[Wanted], **more: Lock) -> Committed:
        if self.commit_fault is not None:
            raise self.commit_fault
        self.wanted = list(wanted)
        return await self._account.commit(wanted, fence=more.get("fence"))

    async def snapshot(self, mailbox: MailboxId) -> Snapshot:
        if self.snapshot_fault is not None:
            raise self.snapshot_fault
        return await self._account.snapshot(mailbox)

    def read_now(self, body: BodyRef, start: int, stop: int) -> Piece | None:
        if start in self.read_faults:
            raise self.read_faults[start]
        return None if self.has_cold_cache else self._account.read_now(body, start, stop)

    async def read(self, body: BodyRef, start: int, stop: int) -> Piece:
        self.reads += 1
        return await self._account.read(body, start, stop)


class Exchange:
    """PLAIN in one step, or LOGIN's questions, as far as the edge can see."""

    def __init__(self, authenticator: KnownPeople, origin: Origin) -> None:
        self._authenticator = authenticator
        self._origin = origin

    async def step(self, response: bytes | None) -> bytes | Login:
        if not response:
            return b""
        _, name, password = response.split(b"\0")
        return await self._authenticator.login(name.decode(), Secret(password), self._origin)


class KnownPeople:
    """An authenticator that lets the people of the house in by one password."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.fault: HatoError | None = None
        self.count_fault: HatoError | None = None
        self.opened: list[str] = []
        self.logins = RunningLogins(house.store.directory, Passwords())
        self.origins: list[Origin] = []

    def may_log_in(self, origin: Origin) -> bool:
        return origin.is_encrypted or origin.address == TRUSTED

    def mechanisms(self, origin: Origin) -> tuple[str, ...]:
        return ("SCRAM-SHA-256", "PLAIN") if self.may_log_in(origin) else ()

    async def login(self, name: str, password: Secret, origin: Origin) -> Login:
        self.origins.append(origin)
        version = await self._house.store.directory.version()
        if self.fault is not None:
            raise self.fault
        person = await self._house.store.directory.find_person(name)
        if person is None or not password.matches(PASSWORD.encode()):
            raise AuthenticationError("no")
        (credential,) = await self._house.store.directory.credentials(person.person_id)
        return Login(person, credential, self._house.account, version)

    async def apop(self, name: str, stamp: bytes, digest: bytes, origin: Origin) -> Login:
        if digest != stamp[:16]:
            raise AuthenticationError("no")
        return await self.login(name, Secret(PASSWORD), origin)

    async def note_opened(self, login: Login, origin: Origin) -> None:
        if self.count_fault is not None:
            raise self.count_fault
        self.opened.append(login.person.name)

    def begin_sasl(self, mechanism: str, origin: Origin) -> Exchange:
        if mechanism != "PLAIN":
            raise NotFoundError("no such mechanism")
        return Exchange(self, origin)


class House:
    """One service with Ada, who has an account."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock)
        self.authenticator = KnownPeople(self)
        self.settings = Settings(hostname="mx.example.org")
        self.account: Any
        self.person: Person
        self.edge: Pop3Edge
        self._pumps: list[LoopPump] = []

    async def build(self) -> None:
        account_id = await self.store.create_account()
        await self.store.directory.add_domain("example.org")
        self.person = await self.store.directory.add_person(
            Person(PersonId(0), account_id, "ada@example.org")
        )
        await self.store.directory.put_credential(
            Credential(CredentialId(0), self.person.person_id, "", "{PLAIN}", None, None, 0, None)
        )
        self.account = OddAccount(await self.store.account(account_id))
        self.open_doors()

    def open_doors(self, *, apop: bool = False) -> None:
        settings = msgspec.structs.replace(self.settings, auth=Auth(apop=apop))
        authenticator: Any = self.authenticator
        self.edge = Pop3Edge(authenticator, self.store.directory, settings, self.clock)

    async def change_person(self, **changes: object) -> None:
        self.person = msgspec.structs.replace(self.person, **changes)
        await self.store.directory.change_person(self.person)

    async def deliver(
        self, message: bytes | str, traits: Traits = NO_TRAITS, *, days_ago: int = 0
    ) -> None:
        staged = self.store.stage()
        await staged.write(message.encode() if isinstance(message, str) else message)
        await staged.seal()
        inbox = self.account.inbox
        received = self.clock.now() - days_ago * 86_400
        await self.account.commit([AddEmail(staged, (inbox,), received, traits=traits)])

    async def expunge(self, *uids: int) -> None:
        wanted = Expunge(self.account.inbox, tuple(Uid(uid) for uid in uids))
        await self.account.commit([wanted])

    async def uids(self) -> list[int]:
        snapshot = await self.store_account().snapshot(self.account.inbox)
        return list(snapshot.uids)

    def store_account(self) -> Account:
        account: Account = self.account._account
        return account

    async def connect(
        self, address: str = TRUSTED, *, is_encrypted: bool = False, offers_tls: bool = True
    ) -> LoopPump:
        peer = LoopPeer(address, is_encrypted=is_encrypted)
        pump = LoopPump(Pop3Session(peer, self.edge, offers_tls=offers_tls), peer)
        self._pumps.append(pump)
        assert (await pump.greeting()).startswith(b"+OK ")
        return pump

    async def log_in(self, *before: str) -> LoopPump:
        pump = await self.connect()
        for line in before:
            await pump.command(line)
        await pump.command("USER ada@example.org")
        assert (await pump.command(f"PASS {PASSWORD}")).startswith("+OK ")
        return pump

    async def tear_down(self) -> None:
        for pump in self._pumps:
            await pump.close()
