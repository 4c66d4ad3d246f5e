"""Who gets in: the one place that every protocol asks.

Called by edges.
Never knows a protocol's replies; never lets a password be heard on an open line.
Standards: RFC 8314 §3 (TLS first), RFC 4422, RFC 5034, RFC 1939 §7.
Fails with AuthenticationError, ThrottledError, LoginDelayError, UnavailableError.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from hato.core.addresses import Networks
from hato.core.clock import Clock
from hato.core.errors import AuthenticationError, NotFoundError
from hato.core.limits import SCRAM_ITERATIONS
from hato.core.secret import Secret
from hato.core.settings import Settings
from hato.protocols.sasl import login, plain, scram_server
from hato.services.auth.admission import Admission
from hato.services.auth.apop_login import ApopLogin
from hato.services.auth.credential_maker import CredentialMaker
from hato.services.auth.origin import Login, Origin
from hato.services.auth.password_login import PasswordLogin
from hato.services.auth.passwords import Passwords
from hato.services.auth.refusal import Why, log_refusal
from hato.services.auth.running_logins import RunningLogins
from hato.services.auth.sasl_exchange import (
    PasswordExchange,
    Refuser,
    SaslExchange,
    ScramExchange,
)
from hato.services.auth.scram_login import ScramLogin
from hato.services.auth.secret_key import SecretKey
from hato.services.auth.throttle import Pause, Throttle
from hato.services.auth.vault import Vault
from hato.store.api import Store

_PASSWORD_MECHANISMS: Final = (plain.NAME, login.NAME)


class Authenticator:
    """Lets people in; one for each process."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        *,
        secret_key: Secret | None = None,
        passwords: Passwords | None = None,
        iterations: int = SCRAM_ITERATIONS,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`secret_key`: the installation's; None: read from the data folder when it is needed.

        Raises InvalidInputError for an unreadable network in `[auth] allow_plaintext_from`,
        UnavailableError where APOP is wanted without a usable key.
        """
        self._settings = settings
        key = SecretKey(Path(settings.data), secret_key)
        self._open_lines = Networks(settings.auth.allow_plaintext_from)
        directory, limits = store.directory, settings.limits
        vault = Vault(key.read()) if settings.auth.apop else None
        throttle = Throttle(store.counters, limits, clock, pause)
        self._admission = Admission(
            store, clock, throttle, pause=pause, failed_login_seconds=limits.failed_login_seconds
        )
        passwords = passwords or Passwords()
        self.logins = RunningLogins(directory, passwords)
        """Who is in; the process runs its `watch`."""
        maker = CredentialMaker(passwords, vault, iterations=iterations)
        self._password_login = PasswordLogin(
            directory, clock, throttle, self._admission, passwords, maker
        )
        self._scram_login = ScramLogin(
            directory, clock, throttle, self._admission, key.read, iterations=iterations
        )
        self._apop_login = (
            ApopLogin(directory, clock, throttle, self._admission, vault) if vault else None
        )
        self._refuser = Refuser(throttle, self._admission, clock)

    def may_log_in(self, origin: Origin) -> bool:
        """Tell whether logins are taken on this line: under TLS, or from named addresses."""
        return origin.is_encrypted or origin.address in self._open_lines

    def mechanisms(self, origin: Origin) -> tuple[str, ...]:
        """Return the SASL mechanisms for this line, the best first; none where none is taken."""
        if not self.may_log_in(origin):
            return ()
        if not self._settings.auth.scram:
            return _PASSWORD_MECHANISMS
        plus = (scram_server.PLUS_NAME,) if self._binding(origin) is not None else ()
        return (*plus, scram_server.NAME, *_PASSWORD_MECHANISMS)

    async def login(self, name: str, password: Secret, origin: Origin) -> Login:
        """Let somebody in by name and password."""
        self._refuse_open_line(name, origin)
        return await self._password_login.login(name, password, origin)

    async def apop(self, name: str, stamp: bytes, digest: bytes, origin: Origin) -> Login:
        """Let somebody in by APOP: `stamp` as greeted, `digest` of 16 octets (RFC 1939 §7)."""
        self._refuse_open_line(name, origin)
        if self._apop_login is None:
            log_refusal(origin, name, Why.MECHANISM)
            message = "APOP is not offered"
            raise AuthenticationError(message)
        return await self._apop_login.login(name, stamp, digest, origin)

    def begin_sasl(self, mechanism: str, origin: Origin) -> SaslExchange:
        """Begin an exchange. Raises NotFoundError: unknown, or not taken on this line."""
        name = mechanism.upper()
        if name not in self.mechanisms(origin):
            log_refusal(origin, "", Why.MECHANISM if self.may_log_in(origin) else Why.NO_TLS)
            raise NotFoundError(name)
        if name == plain.NAME:
            return PasswordExchange(
                plain.PlainServer(), self._password_login, self._refuser, origin
            )
        if name == login.NAME:
            return PasswordExchange(
                login.LoginServer(), self._password_login, self._refuser, origin
            )
        server = scram_server.ScramServer(
            channel_binding=self._binding(origin), is_plus=name == scram_server.PLUS_NAME
        )
        return ScramExchange(server, self._scram_login, self._refuser, origin)

    async def note_opened(self, login: Login, origin: Origin) -> None:
        """Remember that the mail of somebody let in could be opened: her login delay begins.

        What ends before, such as in a maildrop in use, is no login of hers (RFC 2449 §6.5).
        """
        await self._admission.note_opened(login.person, origin)

    async def close(self) -> None:
        """Write what was put off; let the threads end."""
        await self._admission.settle()
        self._password_login.close()

    async def settle(self) -> None:
        """Wait until last uses and upgraded hashes are written."""
        await self._admission.settle()

    def _binding(self, origin: Origin) -> bytes | None:
        """Return what -PLUS is bound to; None where it is not offered.

        A client that knows bindings and sees no -PLUS says `y`: right here and only here, because
        where -PLUS was offered somebody has hidden it from the client (RFC 5802 §6).
        """
        return origin.channel_binding if self._settings.auth.scram_plus else None

    def _refuse_open_line(self, name: str, origin: Origin) -> None:
        """Raise AuthenticationError where anybody could listen."""
        if not self.may_log_in(origin):
            log_refusal(origin, name, Why.NO_TLS)
            message = "no login without TLS from this address"
            raise AuthenticationError(message)
