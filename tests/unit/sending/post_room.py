"""A person with a source, an outbox and a courier, in a store in memory, beside a sink.

Used by the tests of sending.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from hato.core.clock import FixedClock
from hato.core.ids import EmailId
from hato.core.secret import Secret
from hato.services.auth.vault import Vault
from hato.services.sending.courier import Courier
from hato.services.sending.envelope import envelope_of
from hato.services.sending.filing import file_as_draft
from hato.services.sending.identities import Identities
from hato.services.sending.identity import Identity, Submission
from hato.services.sending.outbox import Outbox
from hato.services.sending.outcome import Outcome
from hato.services.sending.waiting_letter import Fate
from hato.services.sending.ways_out import WaysOut
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.outside import Outside
from hato.services.sources.source import Source
from hato.services.sources.sources import Sources
from hato.store.api import Account
from hato.store.directory import QueueId
from hato.store.memory import MemoryStore
from hato.store.model import Role
from hato.store.staged import Staged
from tests.unit.clients.smtp_sink import NAME, PASSWORD, Sink
from tests.unit.net.raw_server import raw_server

BOB = "bob@example.net"
LETTER = (
    b"From: ada@example.org\r\nTo: bob@example.net\r\nBcc: eve@example.net,\r\n max@example.net\r\n"
    b"Subject: hello\r\n\r\n.dot\r\nhello\r\n"
)
SENT_LETTER = (
    b"From: ada@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\n.dot\r\nhello\r\n"
)
SOURCE = Source(
    source_id="",
    address=NAME,
    name="Home",
    colour="#336699",
    added=0,
    protocol=Protocol.POP3,
    host="127.0.0.1",
    port=110,
    tls=TlsMode.NONE,
    login=NAME,
)


def no_outside() -> Outside:
    """Stand for the world where nobody should ask it anything."""
    raise AssertionError("nobody should look for a server")


class PostRoom:
    """Everything that sending a letter of Ada's needs."""

    def __init__(self, store: MemoryStore, account: Account, clock: FixedClock) -> None:
        self.store = store
        self.account = account
        self.clock = clock
        self.sources = Sources(account, Vault(Secret(b"k" * 32)), clock)
        self.identities = Identities(account, "ada@home.example")
        self.outbox = Outbox(store.queue, clock)
        self.courier = Courier(store, self._ways_of, clock, chance=lambda: 0.5)

    async def _ways_of(self, account: Account) -> WaysOut:
        return WaysOut(account, self.sources, self.identities, self.clock, no_outside)

    async def settle(self, port: int, **fields: object) -> Identity:
        """Add the source, whose letters leave by a port of this machine."""
        source = await self.sources.add(SOURCE, Secret(PASSWORD))
        submission = Submission(host="127.0.0.1", port=port, tls=TlsMode.NONE, login=NAME)
        return await self.identities.change(
            source.source_id, submission=msgspec.structs.replace(submission, **fields)
        )

    async def stage(self, letter: bytes = LETTER) -> Staged:
        staged = self.store.stage()
        await staged.write(letter)
        await staged.seal()
        return staged

    async def draft(self, letter: bytes = LETTER) -> EmailId:
        """Keep a letter as a draft."""
        return await file_as_draft(self.account, await self.stage(letter), self.clock.now())

    async def put(
        self,
        recipients: Sequence[str] = (BOB,),
        letter: bytes = LETTER,
        key: str | None = None,
    ) -> QueueId:
        """Write a letter and put it into the outbox."""
        identity = (await self.identities.all())[0]
        envelope = envelope_of(identity.address, recipients)
        email_id = await self.draft(letter)
        return await self.outbox.put(self.account, identity, envelope, email_id, key=key)

    async def send_due(self) -> list[Outcome]:
        """Send what is due, one after the other."""
        return [await self.courier.send(held) for held in await self.courier.take_due(99)]

    async def in_mailbox(self, role: Role) -> list[bytes]:
        """Return the letters of a mailbox."""
        found = [one for one in await self.account.mailboxes() if one.role is role]
        if not found:
            return []
        snapshot = await self.account.snapshot(found[0].mailbox_id)
        bodies = [snapshot.body(index) for index in range(len(snapshot))]
        return [bytes((await self.account.read(body, 0, body.size_octets)).data) for body in bodies]

    async def fates(self, queue_id: QueueId) -> dict[str, Fate]:
        """Return what became of each recipient, as it is written down."""
        letter = (await self.outbox.find(queue_id)).letter
        return {one.address.partition("@")[0]: one.fate for one in letter.recipients}


async def open_post_room() -> PostRoom:
    """Furnish one."""
    clock = FixedClock()
    store = MemoryStore(clock)
    return PostRoom(store, await store.account(await store.create_account()), clock)


@contextlib.asynccontextmanager
async def beside(sink: Sink) -> AsyncIterator[PostRoom]:
    """Furnish one whose letters leave by a sink."""
    room = await open_post_room()
    async with raw_server(sink) as port:
        await room.settle(port)
        yield room
