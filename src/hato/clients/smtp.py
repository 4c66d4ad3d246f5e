"""An SMTP client for submission: connects, logs in, hands over letters, and says what became of it.

Called by services, one client for each connection.
Never says a secret before TLS, unless the person wants no TLS, knowing it; never ends a letter
before its caller says so, and never takes it for accepted without the server's yes.
Standards: RFC 5321, RFC 6409, RFC 3207 §4, RFC 4954, RFC 1870, RFC 6152, RFC 6531, RFC 8314 §3.3.
Fails with DialError, ConnectionLostError and the errors of `clients.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hato.clients.errors import TlsRefusedError
from hato.clients.login import Identity
from hato.clients.octets import dial_server
from hato.clients.server import MailServer, Security
from hato.clients.smtp_conversation import SmtpConversation
from hato.clients.smtp_login import SmtpLogin
from hato.clients.smtp_refusals import error_of, error_of_greeting
from hato.clients.time_limit import within
from hato.core import limits
from hato.core.errors import HatoError
from hato.net.dial import MayReach, Resolve, ask_system
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust
from hato.protocols.smtp.client import SmtpClientMachine
from hato.protocols.smtp.client_commands import Ehlo, EndOfData, StartTls
from hato.protocols.smtp.client_extensions import Extensions
from hato.protocols.smtp.client_replies import ServerReply
from hato.protocols.smtp.commands import Data, Mail, Quit, Rcpt

OWN_NAME: Final = "[127.0.0.1]"
"""An address literal says that we have no name of our own (RFC 5321 §4.1.4); the real address of
somebody's machine at home is nobody's business."""

PATIENCE: Final = Patience(idle_seconds=limits.SMTP_LETTER_SECONDS)
"""The longest that RFC 5321 §4.5.3.2 asks for; each step has its own limit besides."""


class Offer(msgspec.Struct, frozen=True):
    """What a server said to sender and recipients."""

    sender: ServerReply
    recipients: dict[str, ServerReply]
    """By address; those that were not asked, because the sender was refused, are missing."""

    @property
    def has_takers(self) -> bool:
        """Whether the letter can go on to somebody."""
        return self.sender.is_yes and any(one.is_yes for one in self.recipients.values())


class SmtpClient:
    """One connection to a submission server, from `connect` to `quit` or `close`."""

    def __init__(self, conversation: SmtpConversation, patience: Patience) -> None:
        """Go on after EHLO; `connect` makes one."""
        self._conversation = conversation
        self._patience = patience

    @property
    def extensions(self) -> Extensions:
        """What the server can do here and now."""
        return self._conversation.machine.extensions or Extensions(())

    @property
    def dialled(self) -> Dialled:
        """The connection: its address, TLS and certificate."""
        return self._conversation.dialled

    async def log_in(self, identity: Identity) -> str:
        """Log in by the best method that both sides allow, and return its name.

        Raises WrongCredentialsError, BusyError, NoLoginMethodError, UnprovenServerError and
        InvalidInputError.
        """
        async with within(self._patience.login_seconds):
            return await SmtpLogin(self._conversation, identity).run()

    # A letter

    async def offer(self, mail: Mail, recipients: Sequence[str]) -> Offer:
        """Say who sends and who gets a letter; recipients ahead of answers where that is offered.

        Raises ValueError for an address that cannot be said.
        """
        commands = [Rcpt(address) for address in recipients]
        sender, answers = await self._conversation.ask_ahead(mail, commands)
        return Offer(sender, {command.recipient: answer for command, answer in answers.items()})

    async def begin_letter(self) -> ServerReply:
        """Ask for the letter to be taken: 354 is yes."""
        return await self._conversation.reply_to(Data())

    async def send_octets(self, data: bytes, dots: Sequence[int]) -> None:
        """Send the next octets of the letter; `dots`: of those that begin a line, where they are.

        Waits where the server is slow. Nothing has been handed over before `end_letter`.
        """
        await self._conversation.send_octets(data, dots)

    async def end_letter(self) -> ServerReply:
        """End the letter, and return whether the server took it.

        Where this raises, the server may have it: nobody can know.
        """
        return await self._conversation.reply_to(EndOfData(), limits.SMTP_LETTER_SECONDS)

    # The end

    async def quit(self) -> None:
        """End the conversation, and hang up. Never raises for what the server does."""
        try:
            async with within(self._patience.login_seconds):
                await self._conversation.reply_to(Quit())
        except (HatoError, ValueError):
            return  # ValueError: it was broken off where QUIT would be taken for something else
        finally:
            self.close()

    def close(self) -> None:
        """Hang up. A letter that was not ended is forgotten. Calling twice is harmless."""
        self._conversation.dialled.close()


async def connect(
    server: MailServer,
    trust: Trust,
    *,
    patience: Patience = PATIENCE,
    may_reach: MayReach | None = None,
    resolve: Resolve = ask_system,
) -> SmtpClient:
    """Connect to a server, agree on TLS where it is wanted, and learn what it can do.

    Raises DialError, ConnectionLostError, TlsRefusedError, NonsenseError, and BusyError,
    TurnedAwayError or RefusedForGoodError where it will not talk to us. HELO is no way out for a
    server that does not know EHLO: nobody can log in there.
    """
    is_implicit = server.security is Security.IMPLICIT_TLS
    dialled = await dial_server(server, trust, patience, may_reach, resolve)
    machine = SmtpClientMachine(
        is_encrypted=is_implicit, may_log_in_plainly=server.security is Security.NONE
    )
    conversation = SmtpConversation(dialled, machine)
    try:
        greeting = await conversation.greeting()
        if greeting.code // 100 != 2:
            raise error_of_greeting(greeting)
        await _introduce(conversation)
        if server.security is Security.STARTTLS:
            await _require_tls(conversation, trust, server.pinned_sha256)
            await _introduce(conversation)
    except BaseException:
        dialled.close()
        raise
    return SmtpClient(conversation, patience)


async def _introduce(conversation: SmtpConversation) -> None:
    """Say EHLO. Raises BusyError, RefusedForGoodError."""
    reply = await conversation.reply_to(Ehlo(OWN_NAME))
    if not reply.is_yes:
        raise error_of(reply)


async def _require_tls(
    conversation: SmtpConversation, trust: Trust, pinned_sha256: bytes | None
) -> None:
    """Agree on TLS, or raise: a server that does not offer it may be one whose offer was taken."""
    extensions = conversation.machine.extensions
    if extensions is None or "STARTTLS" not in extensions:
        raise TlsRefusedError("")
    reply = await conversation.reply_to(StartTls())
    if not reply.is_yes:
        raise TlsRefusedError(reply.words)
    await conversation.start_tls(trust, pinned_sha256)
