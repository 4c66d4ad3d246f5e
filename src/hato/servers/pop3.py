"""The POP3 edge: one session, from the greeting to QUIT.

Called by the pump, which gets a session from the composition root for each connection.
Never deletes anything without QUIT; never lets one person see another's mail: it reads through
the account that the login returned, and through nothing else.
Standards: RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856, RFC 8314 §3.
Fails by answering `-ERR`; what is not ours to answer goes to the pump.
"""

from __future__ import annotations

import asyncio
import platform
import re
import secrets
from collections.abc import Awaitable
from functools import partial
from typing import Final

from hato.core.clock import Clock
from hato.core.errors import HatoError, NotFoundError, TooManySessionsError
from hato.core.log import log
from hato.core.settings import Settings
from hato.core.shared_counts import Counts
from hato.net.session import Handler, Peer
from hato.protocols.pop3 import texts
from hato.protocols.pop3.answers import CANCELLED
from hato.protocols.pop3.commands import Apop, Auth, AuthCancel, AuthResponse, Capa, UserPass
from hato.protocols.pop3.replies import Challenge, Ok
from hato.protocols.pop3.server import Pop3ServerMachine
from hato.protocols.sasl.scram_server import PLUS_NAME
from hato.servers.pop3_capabilities import StrictestRetention, capabilities, retention_of
from hato.servers.pop3_login import MaildropOpener
from hato.servers.pop3_maildrop import Maildrop
from hato.servers.pop3_refusals import NO_MAILDROP, NO_SUCH_MECHANISM, refusal_of
from hato.servers.pop3_transaction import Transaction
from hato.services.auth.authenticator import Authenticator
from hato.services.auth.open_sessions import OpenSessions, Place
from hato.services.auth.origin import Login, Origin
from hato.services.auth.refusal import Why, log_refusal
from hato.services.auth.running_logins import RunningLogin
from hato.services.auth.sasl_exchange import SaslExchange
from hato.store.directory import Directory, Person

_LOGGED_IN: Final = Ok(texts.LOGGED_IN)
_DEAF_SECONDS: Final = 3.0
"""A leniency for neomutt 20220429 and other programs with GNU SASL. They choose -PLUS as soon as it
is offered, cannot do it under TLS 1.3, say `*`, do not read what that is answered with, and go on
with USER about a second later. So the answer to a `*` that comes at once waits for so long, and is
left out if the client goes on."""
_DEAF_LOOKS: Final = 60
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")


class Pop3Edge:
    """What all POP3 sessions of a process share."""

    def __init__(
        self,
        authenticator: Authenticator,
        directory: Directory,
        settings: Settings,
        clock: Clock,
        counts: Counts | None = None,
    ) -> None:
        """Serve the people whom `authenticator` lets in.

        `counts`: where all processes count sessions; without them this one counts alone.
        """
        self.authenticator = authenticator
        self.settings = settings
        self.clock = clock
        self.sessions = OpenSessions(settings.limits.connections_per_person, counts)
        self.maildrops = MaildropOpener()
        self.strictest = StrictestRetention(directory)
        name = settings.hostname or platform.node()
        self.hostname = name if _HOST_NAME.fullmatch(name) else "localhost"

    def new_stamp(self) -> str | None:
        """Return a stamp for APOP, never twice the same; None where APOP is not wanted.

        Digits on both sides of the dot: there are clients that refuse anything else.
        """
        if not self.settings.auth.apop:
            return None
        return f"<{secrets.randbits(60)}.{self.clock.now()}@{self.hostname}>"


class Pop3Session:
    """One connection's side of the edge."""

    __slots__ = (
        "_edge",
        "_exchange",
        "_may_not_listen",
        "_peer",
        "_person",
        "_place",
        "_running",
        "_stamp",
        "_transaction",
        "handlers",
        "machine",
    )

    def __init__(self, peer: Peer, edge: Pop3Edge, *, offers_tls: bool) -> None:
        """Greet whoever connected. `offers_tls`: STLS is possible on this port."""
        self._peer = peer
        self._edge = edge
        self._person: Person | None = None
        self._place: Place | None = None
        self._running: RunningLogin | None = None
        self._transaction: Transaction | None = None
        self._exchange: SaslExchange | None = None
        self._may_not_listen = False
        self._stamp = edge.new_stamp()
        self.machine = Pop3ServerMachine(
            edge.hostname,
            stamp=self._stamp,
            is_encrypted=peer.is_encrypted,
            may_log_in_plainly=edge.authenticator.may_log_in(self._origin()),
            offers_tls=offers_tls,
            preferred=edge.settings.language,
        )
        self.handlers: dict[type, Handler] = {
            Capa: self.capa,
            UserPass: self.user_pass,
            Apop: self.apop,
            Auth: self.auth,
            AuthResponse: self.auth_response,
            AuthCancel: self.auth_cancel,
        }
        """Those of the transaction take their place at login: before, there is nobody to ask."""

    @property
    def is_logged_in(self) -> bool:
        """Whether only inactivity counts from now on."""
        return self._transaction is not None

    @property
    def is_revoked(self) -> bool:
        """Whether whoever logged in must leave."""
        return self._running is not None and self._running.is_revoked

    async def close(self) -> None:
        """Let the maildrop go; what was only marked is not deleted (RFC 1939 §6)."""
        self._leave()
        self.handlers.clear()  # they refer to the session: a circle that only a collector breaks
        transaction = self._transaction
        if transaction is None or self._person is None:
            return
        await transaction.drop.release()
        log.info(
            "pop3-session",
            session=self._peer.session_id,
            address=self._peer.address,
            person=self._person.name,
            retrieved=transaction.drop.retrieved_count,
            deleted=transaction.deleted_count,
        )

    def _leave(self) -> None:
        """Be in no longer: give the place among the person's sessions back, if there is one."""
        if self._running is not None:
            self._edge.authenticator.logins.leave(self._running)
            self._running = None
        if self._place is not None:
            self._place.release()
            self._place = None

    def _origin(self) -> Origin:
        """Return where the client is, as it is now: TLS may have begun meanwhile."""
        tls = self._peer.tls
        return Origin(
            service="pop3",
            address=self._peer.address,
            is_encrypted=self._peer.is_encrypted,
            channel_binding=tls.channel_binding if tls is not None else None,
            session_id=self._peer.session_id,
        )

    async def capa(self, command: Capa) -> None:
        """Say what is possible, before login and after it."""
        origin, authenticator = self._origin(), self._edge.authenticator
        person = self._person
        self.machine.send(
            capabilities(
                retention_of(person) if person else await self._edge.strictest.current(),
                authenticator.mechanisms(origin),
                has_passwords=authenticator.may_log_in(origin),
                has_tls=self.machine.can_start_tls,
            )
        )

    async def user_pass(self, command: UserPass) -> None:
        """Log in with a name and a password."""
        login = self._edge.authenticator.login(command.name, command.password, self._origin())
        await self._enter(login)

    async def apop(self, command: Apop) -> None:
        """Log in with a digest."""
        stamp = (self._stamp or "").encode()
        await self._enter(
            self._edge.authenticator.apop(command.name, stamp, command.digest, self._origin())
        )

    async def auth(self, command: Auth) -> None:
        """Begin a SASL exchange."""
        try:
            exchange = self._edge.authenticator.begin_sasl(command.mechanism, self._origin())
        except NotFoundError:
            self.machine.send(NO_SUCH_MECHANISM)
            return
        self._exchange = exchange
        initial = command.initial
        self._may_not_listen = initial is None and command.mechanism.upper() == PLUS_NAME
        await self._step(exchange, None if initial is None else initial.reveal())

    async def auth_response(self, command: AuthResponse) -> None:
        """Go one step further in a SASL exchange."""
        assert self._exchange is not None  # noqa: S101 - the machine's promise: AUTH came before
        self._may_not_listen = False
        await self._step(self._exchange, command.response.reveal())

    async def auth_cancel(self, command: AuthCancel) -> None:
        """Say that an exchange is over, to whoever waits for it (RFC 5034 §4)."""
        self._exchange = None
        if self._may_not_listen and await self._goes_on():
            self.machine.pass_over()
        else:
            self.machine.send(CANCELLED)

    async def _goes_on(self) -> bool:
        """Wait a little; tell whether the client said more meanwhile."""
        if self.machine.has_input:
            return True
        batches = self.machine.batches
        for _ in range(_DEAF_LOOKS):
            await asyncio.sleep(_DEAF_SECONDS / _DEAF_LOOKS)
            if self.machine.batches != batches:
                return True
        return False

    async def _step(self, exchange: SaslExchange, response: bytes | None) -> None:
        try:
            result = await exchange.step(response)
        except HatoError as fault:
            self.machine.send(refusal_of(fault))
            return
        if isinstance(result, bytes):
            self.machine.send(Challenge(result))
            return
        self._exchange = None
        await self._open(result)

    async def _enter(self, login: Awaitable[Login]) -> None:
        """Wait for the verdict, then open the maildrop."""
        try:
            verdict = await login
        except HatoError as fault:
            self.machine.send(refusal_of(fault))
        else:
            await self._open(verdict)

    async def _open_maildrop(self, login: Login) -> Maildrop:
        """Open it and let it count as a login; one that cannot be counted is closed again."""
        edge = self._edge
        drop = await edge.maildrops.open(login.account, login.person, edge.clock.now())
        try:
            await edge.authenticator.note_opened(login, self._origin())
        except BaseException:
            await drop.release()
            raise
        return drop

    async def _open(self, login: Login) -> None:
        """Open the maildrop of whoever was let in."""
        person = login.person
        try:
            self._place = self._edge.sessions.enter(person.person_id, self._peer.address)
            drop = await self._open_maildrop(login)
        except NotFoundError:
            self._leave()
            log.error("no-maildrop", session=self._peer.session_id, person=person.name)
            self.machine.send(NO_MAILDROP)
        except TooManySessionsError as fault:
            log_refusal(self._origin(), person.name, Why.TOO_MANY_SESSIONS)
            self.machine.send(refusal_of(fault))
        except HatoError as fault:
            self._leave()
            log.info("not-opened", session=self._peer.session_id, reason=repr(fault))
            self.machine.send(refusal_of(fault))
        else:
            if not self.machine.is_utf8:
                drop.use_surrogates()
            self._person = person
            self._log_login(person)
            logins = self._edge.authenticator.logins
            self._running = logins.enter(login, self._origin())
            may_stay = partial(logins.may_stay, self._running)
            self._transaction = Transaction(self.machine, self._peer, drop, may_stay)
            self._answer_as(self._transaction)
            if person.language is not None:
                self.machine.prefer(person.language)
            self.machine.send(_LOGGED_IN)

    def _answer_as(self, transaction: Transaction) -> None:
        """Let the transaction's handlers take the place of those that log in.

        In the dictionary that there is: the pump has it. An idle session should be small.
        """
        self.handlers.clear()
        self.handlers.update({Capa: self.capa, **transaction.handlers})
        transaction.handlers.clear()

    def _log_login(self, person: Person) -> None:
        """Write down who came from where, to which door, and how well protected."""
        peer, tls = self._peer, self._peer.tls
        protection = (
            {"tls": tls.version, "cipher": tls.cipher, "server_name": tls.server_name or ""}
            if tls is not None
            else {}
        )
        log.info(
            "login",
            session=peer.session_id,
            service="pop3",
            person=person.name,
            address=peer.address,
            port=peer.port,
            local_address=peer.local_address,
            local_port=peer.local_port,
            **protection,
        )
