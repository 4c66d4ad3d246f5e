"""The one door by which messages come in: from LMTP, from a pipe, from an import.

Called by `servers.lmtp`, the command line, and whoever fetches mail from elsewhere.
Never changes a message, never acknowledges before it is durable in every account that it reaches.
Standards: RFC 5321 §4.4 and §6.3, RFC 2033 §4.2, RFC 6531 §3.6.
Fails with the errors of `core.errors`, for each recipient apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import (
    HatoError,
    MailLoopError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
)
from hato.core.ids import MailboxId, PersonId
from hato.message.header import HeaderFacts, scan_for_delivery
from hato.message.line_ends import LineEndConverter
from hato.services.delivery_trace import Arrival, TraceLines
from hato.store.api import Account, Store
from hato.store.changes import AddEmail, Committed
from hato.store.directory import Person
from hato.store.model import LedgerEntry, Traits
from hato.store.staged import Staged


class AddressBook(Protocol):
    """Who knows whom an address reaches: `services.accounts`."""

    async def recipients_of(self, address: str) -> Sequence[Person]:
        """Return whom an address reaches, disabled people included. Raises NotFoundError."""
        ...


class Placing(msgspec.Struct, frozen=True):
    """Where and how a message is kept that is brought in from elsewhere."""

    mailbox: MailboxId
    received: int
    """Seconds since 1970 UTC: when it first arrived, wherever that was."""
    keywords: frozenset[str] = frozenset()
    uidl: str | None = None
    """The UIDL that it had elsewhere, so that mail programs know it again."""
    source: str | None = None
    ledger: tuple[LedgerEntry, ...] = ()
    """Entries of the ledger of `source`, written in the same step as the message."""


class DeliveryService:
    """Takes messages in."""

    def __init__(
        self,
        store: Store,
        addresses: AddressBook,
        clock: Clock,
        *,
        hostname: str,
        message_octets: int = limits.MESSAGE_OCTETS,
    ) -> None:
        """Deliver into `store` as `hostname`; no message may be larger than `message_octets`."""
        self._store = store
        self._addresses = addresses
        self._clock = clock
        self._trace = TraceLines(hostname)
        self.hostname = hostname
        self.message_octets = message_octets

    def begin(self, sender: str | None, arrival: Arrival, *, needs_utf8: bool = False) -> Delivery:
        """Begin a delivery.

        `sender`: the reverse-path, empty for `<>`; None where it is not known.
        `needs_utf8`: the sender declared that envelope or header may hold UTF-8 (RFC 6531 §3.4).
        """
        return Delivery(
            self._store,
            self._addresses,
            self._trace,
            sender=sender,
            arrival=arrival,
            needs_utf8=needs_utf8,
            message_octets=self.message_octets,
            now=self._clock.now(),
        )

    async def bring_in(
        self, account: Account, chunks: AsyncIterable[bytes], placing: Placing
    ) -> Committed:
        """Keep a message from elsewhere as it is, its line ends made CRLF; nothing put in front.

        Raises TooLargeError, OverQuotaError, NotFoundError (the mailbox), StorageFullError,
        UnavailableError.
        """
        taken = await self.take_in(chunks)
        try:
            committed = await account.commit([taken.placed(placing)])
        except HatoError:
            taken.discard()
            raise
        # Whoever is cancelled meanwhile leaves the octets to the store: it may be writing them.
        taken.discard()
        return committed

    async def take_in(self, chunks: AsyncIterable[bytes]) -> Taken:
        """Take the octets of a message from elsewhere, its line ends made CRLF.

        Nothing is kept yet: whoever brings many in commits many in one durable step, each as
        `Taken.placed` wants it, and discards them afterwards. Raises TooLargeError,
        StorageFullError, UnavailableError, and what `chunks` raises.
        """
        staged = self._store.stage()
        converter = LineEndConverter()
        try:
            async for chunk in chunks:
                await staged.write(converter.convert(chunk))
                if staged.size_octets > self.message_octets:
                    raise _too_large(self.message_octets)
            if last := converter.finish():
                await staged.write(last)
            await staged.seal()
            return Taken(staged, scan_for_delivery(staged.head()))
        except BaseException:
            staged.discard()
            raise


class Taken(NamedTuple):
    """A message from elsewhere that is wholly here, and not durable yet."""

    staged: Staged
    facts: HeaderFacts

    def placed(self, placing: Placing) -> AddEmail:
        """Return what keeps it."""
        return AddEmail(
            self.staged,
            (placing.mailbox,),
            placing.received,
            keywords=placing.keywords,
            traits=Traits.NEEDS_UTF8 if self.facts.has_utf8_address else Traits(0),
            uidl=placing.uidl,
            reference_hashes=self.facts.reference_hashes,
            source=placing.source,
            ledger=placing.ledger,
        )

    def discard(self) -> None:
        """Forget the octets; harmless after a commit, and twice."""
        self.staged.discard()


class Delivery:
    """One message on its way to its recipients. Ends with `finish` or `discard`."""

    __slots__ = (
        "_addresses",
        "_arrival",
        "_digest",
        "_is_finishing",
        "_message_octets",
        "_needs_utf8",
        "_now",
        "_reached",
        "_recipients",
        "_sender",
        "_staged",
        "_store",
        "_tail",
        "_trace",
    )

    def __init__(
        self,
        store: Store,
        addresses: AddressBook,
        trace: TraceLines,
        *,
        sender: str | None,
        arrival: Arrival,
        needs_utf8: bool,
        message_octets: int,
        now: int,
    ) -> None:
        """Begin; made by `DeliveryService.begin`."""
        self._store = store
        self._addresses = addresses
        self._trace = trace
        self._sender = sender
        self._arrival = arrival
        self._needs_utf8 = needs_utf8
        self._message_octets = message_octets
        self._now = now
        self._recipients: list[tuple[PersonId, ...]] = []
        self._reached: dict[PersonId, tuple[Person, str]] = {}
        self._staged = store.stage()
        self._digest = sha256(usedforsecurity=False)
        self._tail = b"\r\n"
        self._is_finishing = False

    async def recipient(self, address: str) -> None:
        """Add a recipient; who is reached by several addresses still gets one copy.

        Disabled people get their mail: disabling is about logging in (a stolen password, a long
        absence), and must neither bounce mail nor tell strangers who is disabled.
        Raises NotFoundError, UnavailableError.
        """
        people = await self._addresses.recipients_of(address)
        for person in people:
            shown = address if "@" in address else person.name
            self._reached.setdefault(person.person_id, (person, shown))
        self._recipients.append(tuple(person.person_id for person in people))

    async def write(self, chunk: bytes) -> None:
        """Add octets in wire form (CRLF).

        Raises TooLargeError, StorageFullError, UnavailableError.
        """
        self._digest.update(chunk)
        self._tail = (self._tail + chunk[-2:])[-2:]
        await self._staged.write(chunk)
        if self._staged.size_octets > self._message_octets:
            raise _too_large(self._message_octets)

    async def finish(self) -> list[HatoError | None]:
        """Make the message durable; return what went wrong for each recipient, None for nothing.

        One outcome for each accepted recipient, in order. An address that reaches several people
        is told a fault when one of them has it not: each such fault may pass, and the retry gives
        nobody a second copy (as long as the message has a Message-ID).
        """
        self._is_finishing = True
        try:
            facts = await self._seal()
            outcomes = await self._commit_to_all(facts)
        except HatoError as fault:
            self._staged.discard()
            return [fault] * len(self._recipients)
        self._staged.discard()
        return [
            next((outcomes[person_id] for person_id in ids if outcomes[person_id]), None)
            for ids in self._recipients
        ]

    def discard(self) -> None:
        """Forget the message; harmless after `finish`, and twice.

        A `finish` that was cancelled leaves the octets to the store: it may still be writing them.
        """
        if not self._is_finishing:
            self._staged.discard()

    async def _seal(self) -> HeaderFacts:
        """End the message with CRLF and look at its header. Raises MailLoopError."""
        if self._tail != b"\r\n":
            await self.write(b"\r\n")
        await self._staged.seal()
        facts = scan_for_delivery(self._staged.head())
        if facts.received_count > limits.RECEIVED_PER_MESSAGE:
            raise MailLoopError(f"passed on {facts.received_count} times")
        return facts

    async def _commit_to_all(self, facts: HeaderFacts) -> dict[PersonId, HatoError | None]:
        """Commit to everybody at the same time, so that their commits share a group."""
        digest = self._digest.digest() if facts.has_message_id else None
        reached = list(self._reached.values())
        if len(reached) == 1:
            person, address = reached[0]
            return {person.person_id: await self._commit(person, address, facts, digest)}
        outcomes = await asyncio.gather(
            *(self._commit(person, address, facts, digest) for person, address in reached)
        )
        return dict(zip(self._reached, outcomes, strict=True))

    async def _commit(
        self, person: Person, address: str, facts: HeaderFacts, digest: bytes | None
    ) -> HatoError | None:
        """Commit one person's copy; return what went wrong."""
        prefix = self._trace.lines(self._arrival, self._sender, address, self._now)
        is_utf8 = facts.has_utf8_address or (
            self._needs_utf8 and (facts.has_8bit or not prefix.isascii())
        )
        try:
            account = await self._store.account(person.account_id)
            await account.commit(
                [
                    AddEmail(
                        self._staged,
                        (account.inbox,),
                        self._now,
                        prefix=prefix,
                        traits=Traits.NEEDS_UTF8 if is_utf8 else Traits(0),
                        reference_hashes=facts.reference_hashes,
                    )
                ],
                delivery_id=self._delivery_id(address, digest),
            )
        except NotFoundError:
            # The directory says that she exists: an account that is missing must not bounce mail.
            return UnavailableError(f"the account of {person.name} is not there")
        except HatoError as fault:
            return fault
        return None

    def _delivery_id(self, address: str, digest: bytes | None) -> bytes | None:
        """Return what a retry of this very delivery has in common with it.

        A message without a Message-ID has none: two of them may be meant to be two.
        """
        if digest is None:
            return None
        parts = (self._arrival.client_name, self._sender or "", address)
        return sha256("\0".join(parts).encode() + b"\0" + digest).digest()[:16]


def _too_large(message_octets: int) -> TooLargeError:
    return TooLargeError(f"the message has more than {message_octets} octets")
