"""A POP3 client: connects, logs in, lists, reads, deletes, and says what became of it.

Called by services, one client for each connection.
Never says a secret before TLS, unless the person wants no TLS, knowing it; never takes a
deletion for done before QUIT was answered with yes.
Standards: RFC 1939, RFC 2449, RFC 2595 §4, RFC 5034, RFC 8314 §3.
Fails with DialError, ConnectionLostError and the errors of `clients.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from enum import Enum, auto
from typing import Final

from hato.clients.errors import (
    LetterRefusedError,
    NonsenseError,
    RefusedForGoodError,
    TlsRefusedError,
)
from hato.clients.login import Identity
from hato.clients.octets import dial_server
from hato.clients.pop3_conversation import Pop3Conversation
from hato.clients.pop3_letter import Letter
from hato.clients.pop3_listing import Listing
from hato.clients.pop3_login import Pop3Login
from hato.clients.pop3_packed_listing import PackedListing
from hato.clients.pop3_refusals import error_of, error_of_greeting
from hato.clients.server import MailServer, Security
from hato.clients.time_limit import within
from hato.core.errors import HatoError
from hato.core.ids import MessageNumber
from hato.core.limits import MESSAGE_OCTETS
from hato.net.dial import MayReach, Resolve, ask_system
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_capabilities import Capabilities
from hato.protocols.pop3.client_events import (
    BodyBegin,
    CapabilityList,
    Greeting,
    OddRow,
    Ok,
    Refused,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.client_events import ListingEnd as End
from hato.protocols.pop3.commands import Capa, Command, Dele, List, Quit, Retr, Stls, Top, Uidl

_DEFAULT_PATIENCE: Final = Patience()
_TOP_OCTETS: Final = 8_192
"""What TOP is thought to be answered with: a header as long as they are."""


class QuitAnswer(Enum):
    """What a server said to QUIT."""

    YES = auto()
    """What was marked is deleted."""
    NO = auto()
    """Some of what was marked may not be deleted (RFC 1939 §6)."""
    NONE = auto()
    """The connection ended first: all or nothing may be deleted."""


class Pop3Client:
    """One connection to a POP3 server, from `connect` to `quit` or `close`."""

    def __init__(self, conversation: Pop3Conversation, patience: Patience, greeting: str) -> None:
        """Go on after a greeting; `connect` makes one."""
        self._conversation = conversation
        self._patience = patience
        self._sizes: Mapping[MessageNumber, int] = {}
        self.greeting = greeting
        """What the server said first, fit to be shown."""

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server can do here and now; None: it does not say."""
        return self._conversation.machine.capabilities

    @property
    def dialled(self) -> Dialled:
        """The connection: its address, TLS and certificate."""
        return self._conversation.dialled

    # Before login

    async def log_in(self, identity: Identity) -> str:
        """Log in by the best method that both sides allow, and return its name.

        Raises WrongCredentialsError, BusyError, RefusedForGoodError, NoLoginMethodError,
        UnprovenServerError and InvalidInputError.
        """
        async with within(self._patience.login_seconds):
            method = await Pop3Login(self._conversation, identity).run()
            await learn_capabilities(self._conversation)
        return method

    # Mail

    async def list_messages(self) -> Listing:
        """Return the messages' unique-ids and sizes. Raises RefusedForGoodError and BusyError."""
        listing = Listing()
        await self._list((Uidl(), List()), listing)
        self._sizes = listing.sizes
        return listing

    async def list_unique_ids(self) -> PackedListing:
        """Return the messages' unique-ids alone: for who has seen the rest. Raises as above."""
        listing = PackedListing()
        await self._list((Uidl(),), listing)
        if listing.is_sound and not len(listing):
            # Some servers know UIDL and say nothing: the letters lie there all the same.
            await self._list((List(),), listing)
        return listing

    async def add_sizes(self, listing: Listing) -> None:
        """Ask for the sizes that a listing of unique-ids lacks. Raises as above."""
        await self._list((List(),), listing)
        self._sizes = listing.sizes

    async def _list(
        self, commands: tuple[Uidl | List, ...], listing: Listing | PackedListing
    ) -> None:
        """Ask, and write the rows down."""
        async with contextlib.aclosing(self._conversation.events(commands)) as events:
            async for event in events:
                match event:
                    case UniqueIdRows(rows=rows):
                        listing.add_unique_ids(rows)
                        await asyncio.sleep(0)  # thousands may lie ready: others get their turn
                    case ScanRows(rows=rows):
                        listing.add_sizes(rows)
                        await asyncio.sleep(0)
                    case OddRow():
                        listing.add_odd(event)
                    case End(command=Uidl()):
                        listing.add_unique_ids([])
                    case Refused(command=Uidl()) if event.code is None:
                        pass
                    case Refused():
                        raise error_of(event, RefusedForGoodError)

    def letters(self, numbers: Iterable[MessageNumber]) -> AsyncGenerator[Letter, None]:
        """Yield messages in the order wanted, asking ahead where the server allows it.

        Take each one's chunks, or do not: what is left is passed over. One that is refused is
        yielded too, with its `refusal`. Close the generator if you leave it early.
        """
        return self._bodies(Retr(number) for number in numbers)

    def tops(
        self, numbers: Iterable[MessageNumber], lines: int = 0
    ) -> AsyncGenerator[Letter, None]:
        """Yield messages' headers and first lines, in the same way.

        One without end raises NonsenseError while its chunks are taken.
        """
        return self._bodies(Top(number, lines) for number in numbers)

    async def _bodies(self, commands: Iterable[Retr | Top]) -> AsyncGenerator[Letter, None]:
        """Ask, and make a letter of each answer."""
        asking = self._conversation.events(commands, self._octets_of)
        async with contextlib.aclosing(asking) as events:
            async for event in events:
                match event:
                    case Refused(command=Retr(number=number) | Top(number=number)):
                        yield Letter(number, events, error_of(event, LetterRefusedError))
                    case BodyBegin(command=Retr(number=number) | Top(number=number) as command):
                        most = MESSAGE_OCTETS if isinstance(command, Top) else None
                        letter = Letter(number, events, most_octets=most)
                        yield letter
                        await letter.skip()

    def _octets_of(self, command: Command) -> int:
        """Return how much a command is answered with, as far as LIST told."""
        match command:
            case Retr(number):
                return self._sizes.get(number, 0)
            case _:
                return _TOP_OCTETS

    async def delete(
        self, numbers: Iterable[MessageNumber]
    ) -> dict[MessageNumber, HatoError | None]:
        """Mark messages as deleted; QUIT deletes them. Returns what each was answered; None: yes.

        Where this raises, some may be marked: nothing of that counts without QUIT.
        """
        answers: dict[MessageNumber, HatoError | None] = {}
        commands = (Dele(number) for number in numbers)
        async with contextlib.aclosing(self._conversation.events(commands)) as events:
            async for event in events:
                match event:
                    case Ok(command=Dele(number=number)):
                        answers[number] = None
                    case Refused(command=Dele(number=number)):
                        answers[number] = error_of(event, LetterRefusedError)
        return answers

    # The end

    async def quit(self) -> QuitAnswer:
        """End the conversation, and hang up. Never raises for what the server does."""
        try:
            event = await self._conversation.ask(Quit())
        except (HatoError, ValueError):
            # ValueError: a login was broken off halfway, where QUIT would be taken for its answer.
            return QuitAnswer.NONE
        finally:
            self.close()
        return QuitAnswer.NO if isinstance(event, Refused) else QuitAnswer.YES

    def close(self) -> None:
        """Hang up without QUIT: nothing is deleted. Calling twice is harmless."""
        self._conversation.dialled.close()


async def connect(
    server: MailServer,
    trust: Trust,
    *,
    patience: Patience = _DEFAULT_PATIENCE,
    may_reach: MayReach | None = None,
    resolve: Resolve = ask_system,
) -> Pop3Client:
    """Connect to a server, agree on TLS where it is wanted, and learn what it can do.

    Raises DialError, ConnectionLostError, TlsRefusedError, NonsenseError, and BusyError or
    TurnedAwayError for a greeting that turns us away.
    """
    is_implicit = server.security is Security.IMPLICIT_TLS
    dialled = await dial_server(server, trust, patience, may_reach, resolve)
    machine = Pop3ClientMachine(
        is_encrypted=is_implicit, may_log_in_plainly=server.security is Security.NONE
    )
    conversation = Pop3Conversation(dialled, machine)
    try:
        async with within(patience.login_seconds):
            greeting = await _begin(conversation, server, trust)
    except BaseException:
        dialled.close()
        raise
    return Pop3Client(conversation, patience, greeting)


async def _begin(conversation: Pop3Conversation, server: MailServer, trust: Trust) -> str:
    """Hear the greeting, and go on to where a login is possible."""
    event = await conversation.next_event()
    if isinstance(event, Refused):
        raise error_of_greeting(event)
    await learn_capabilities(conversation)
    if server.security is Security.STARTTLS:
        await _require_tls(conversation, trust, server.pinned_sha256)
        await learn_capabilities(conversation)
    return event.text if isinstance(event, Greeting) else ""


async def learn_capabilities(conversation: Pop3Conversation) -> None:
    """Ask what the server can do; one that does not know CAPA says nothing of it."""
    event = await conversation.ask(Capa())
    if not isinstance(event, CapabilityList | Refused):
        raise NonsenseError("CAPA")


async def _require_tls(
    conversation: Pop3Conversation, trust: Trust, pinned_sha256: bytes | None
) -> None:
    """Agree on TLS, or raise: a server that does not offer it may be one whose offer was taken."""
    capabilities = conversation.machine.capabilities
    if capabilities is not None and "STLS" not in capabilities:
        raise TlsRefusedError("")
    event = await conversation.ask(Stls())
    if isinstance(event, Refused):
        raise TlsRefusedError(event.text)
    await conversation.start_tls(trust, pinned_sha256)
