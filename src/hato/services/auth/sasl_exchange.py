"""SASL exchanges as an edge sees them: responses in, challenges out, at last a Login.

Called by edges, which decode and encode as their protocol wants.
Never tells a malformed response from a wrong password: both are refused alike.
Standards: RFC 4422 §3, RFC 5034 §4 (the last SCRAM message travels as a challenge).
Fails with AuthenticationError, ThrottledError, LoginDelayError, UnavailableError.
"""

from __future__ import annotations

import secrets
from typing import Protocol

from hato.core.clock import Clock
from hato.core.errors import AuthenticationError
from hato.protocols.sasl.login import LoginServer
from hato.protocols.sasl.plain import PlainServer
from hato.protocols.sasl.scram_server import ScramServer
from hato.protocols.sasl.steps import Challenge, KeysWanted, PasswordOffered, Proven, ServerStep
from hato.services.auth.admission import Admission
from hato.services.auth.origin import Login, Origin
from hato.services.auth.password_login import PasswordLogin
from hato.services.auth.refusal import why_of_step
from hato.services.auth.scram_login import Claim, ScramLogin
from hato.services.auth.throttle import Attempt, Throttle, attempt_by


class SaslExchange(Protocol):
    """One exchange; over when a step returned a Login or raised."""

    async def step(self, response: bytes | None) -> bytes | Login:
        """Take the client's response (None: no initial one), return a challenge or a Login.

        Raises AuthenticationError, ThrottledError, LoginDelayError, UnavailableError.
        """
        ...


class Refuser:
    """Ends an exchange that did not come as far as a name and a proof."""

    def __init__(self, throttle: Throttle, admission: Admission, clock: Clock) -> None:
        """Begin."""
        self._throttle = throttle
        self._admission = admission
        self._clock = clock

    async def refusal(
        self, attempt: Attempt | None, origin: Origin, step: ServerStep | None = None
    ) -> AuthenticationError:
        """Count a failure and return the error to raise; `step`: how the mechanism ended."""
        attempt = attempt or attempt_by(None, "", origin.address)
        await self._throttle.count_failure(attempt)
        began, why = self._clock.monotonic(), why_of_step(step)
        return await self._admission.refusal(began, attempt, origin, why)


class PasswordExchange:
    """PLAIN and LOGIN."""

    def __init__(
        self,
        mechanism: PlainServer | LoginServer,
        password_login: PasswordLogin,
        refuser: Refuser,
        origin: Origin,
    ) -> None:
        """Begin."""
        self._mechanism: PlainServer | LoginServer | None = mechanism
        self._password_login = password_login
        self._refuser = refuser
        self._origin = origin

    async def step(self, response: bytes | None) -> bytes | Login:
        """Take a response; the last one is checked."""
        step = self._mechanism.step(response) if self._mechanism else None
        if isinstance(step, Challenge):
            return step.data
        self._mechanism = None
        if not isinstance(step, PasswordOffered):
            raise await self._refuser.refusal(None, self._origin, step)
        return await self._password_login.login(
            step.name, step.password, self._origin, step.acts_as
        )


class ScramExchange:
    """SCRAM-SHA-256 and SCRAM-SHA-256-PLUS."""

    def __init__(
        self, mechanism: ScramServer, scram_login: ScramLogin, refuser: Refuser, origin: Origin
    ) -> None:
        """Begin."""
        self._mechanism = mechanism
        self._scram_login = scram_login
        self._refuser = refuser
        self._origin = origin
        self._claim: Claim | None = None
        self._is_over = False

    async def step(self, response: bytes | None) -> bytes | Login:
        """Take a response: the first message, the proof, and at last nothing."""
        if self._is_over:
            raise await self._refuser.refusal(None, self._origin)
        self._is_over = True
        step = await self._take(response)
        if isinstance(step, Challenge):
            self._is_over = False
            return step.data
        if isinstance(step, Proven) and self._claim is not None:
            return await self._scram_login.let_in(self._claim, step.key_index, self._origin)
        attempt = self._claim.attempt if self._claim else None
        raise await self._refuser.refusal(attempt, self._origin, step)

    async def _take(self, response: bytes | None) -> ServerStep:
        """Let the mechanism read a response, with what it needs of the directory."""
        if self._claim is None:
            return await self._begin(response)
        if response:
            login, claim = self._scram_login, self._claim
            return await login.prove(claim, self._mechanism, response, self._origin)
        return self._mechanism.step(response)

    async def _begin(self, response: bytes | None) -> ServerStep:
        """Read the first message and answer it with the person's salt."""
        step = self._mechanism.step(response)
        if not isinstance(step, KeysWanted):
            return step
        claim = self._claim = await self._scram_login.claim(step.name, step.acts_as, self._origin)
        nonce = secrets.token_urlsafe(18)
        return self._mechanism.offer(claim.keys, claim.salt, claim.iterations, nonce)
