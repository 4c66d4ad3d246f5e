"""Login by SCRAM: the person's keys for the exchange, and what follows its outcome.

Called by services.auth.sasl_exchange.
Never shows whether somebody exists: strangers get a salt too, always the same one.
Standards: RFC 5802 §5.1, RFC 7677 §4.
Fails with AuthenticationError, ThrottledError, LoginDelayError, UnavailableError.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

import msgspec

from hato.core.clock import Clock
from hato.core.errors import UnavailableError
from hato.core.limits import SCRAM_ITERATIONS
from hato.core.log import log
from hato.core.secret import Secret
from hato.protocols.sasl.scram_server import ScramServer
from hato.protocols.sasl.steps import Reason, Refused, ServerStep
from hato.services.auth.admission import Admission
from hato.services.auth.origin import Login, Origin
from hato.services.auth.people_finder import find_by_login, is_called
from hato.services.auth.refusal import Why, why_of_person, why_of_step
from hato.services.auth.secret_key import derive
from hato.services.auth.throttle import Attempt, Throttle, attempt_by
from hato.services.names import normalized_address
from hato.store.directory import Credential, Directory, Person, ScramKeys

_SALT_OCTETS: Final = 16


class Claim(msgspec.Struct, frozen=True):
    """Who somebody says she is, and the keys with which she can prove it."""

    attempt: Attempt
    person: Person | None
    credentials: tuple[Credential, ...]
    keys: tuple[ScramKeys, ...]
    """Of `credentials`, in the same order; all of the salt and iterations below."""
    salt: bytes
    iterations: int
    why: Why
    """Why a proof does not fit, if it does not."""
    version: int
    """The directory's, as of which all this is known."""


class ScramLogin:
    """Looks keys up and settles outcomes."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        throttle: Throttle,
        admission: Admission,
        secret_key: Callable[[], Secret],
        *,
        iterations: int = SCRAM_ITERATIONS,
    ) -> None:
        """`secret_key`: the installation's, read when it is first needed."""
        self._directory = directory
        self._clock = clock
        self._throttle = throttle
        self._admission = admission
        self._secret_key = secret_key
        self._iterations = iterations

    async def claim(self, name: str, acts_as: str, origin: Origin) -> Claim:
        """Find the keys for a name. Raises ThrottledError, UnavailableError."""
        version = await self._directory.version()
        person = await find_by_login(self._directory, name)
        attempt = attempt_by(person, name, origin.address)
        async with self._throttle.attempting(attempt, origin):
            known = await self._directory.credentials(person.person_id) if person else []
        usable = _of_one_salt(known)
        if person is None or not usable:
            salt = await self._decoy_salt(person.name if person else name)
            why = Why.NO_KEYS if person and person.is_enabled else why_of_person(person)
            return Claim(attempt, None, (), (), salt, self._iterations, why, version)
        shared = usable[0][1]
        is_herself = not acts_as or await is_called(self._directory, person, acts_as)
        if not person.is_enabled or not is_herself:
            why = Why.ACTS_FOR_ANOTHER if person.is_enabled else Why.DISABLED
            return Claim(attempt, None, (), (), shared.salt, shared.iterations, why, version)
        credentials, keys = zip(*usable, strict=True)
        why = Why.WRONG_PASSWORD
        return Claim(
            attempt, person, credentials, keys, shared.salt, shared.iterations, why, version
        )

    async def prove(
        self, claim: Claim, mechanism: ScramServer, proof: bytes, origin: Origin
    ) -> ServerStep:
        """Let the mechanism check a proof. Raises AuthenticationError, ThrottledError."""
        began = self._clock.monotonic()
        async with self._throttle.attempting(claim.attempt, origin):
            step = mechanism.step(proof)
            if isinstance(step, Refused):
                await self._throttle.count_failure(claim.attempt)
        if isinstance(step, Refused):
            is_wrong = step.reason is Reason.WRONG_PROOF
            why = claim.why if is_wrong else why_of_step(step)
            raise await self._admission.refusal(began, claim.attempt, origin, why)
        return step

    async def let_in(self, claim: Claim, key_index: int, origin: Origin) -> Login:
        """Let in who has proven to know the key at `key_index`.

        Raises LoginDelayError, UnavailableError.
        """
        if claim.person is None:
            message = "there are no keys to prove"
            raise UnavailableError(message)
        self._admission.greet(claim.attempt)
        credential = claim.credentials[key_index]
        return await self._admission.let_in(claim.person, credential, claim.version, origin)

    async def _decoy_salt(self, name: str) -> bytes:
        """Return the salt of somebody without keys: for every spelling of a name the same."""
        domains = await self._directory.domains()
        if "@" not in name and len(domains) == 1:
            name = f"{name}@{domains[0]}"
        one = normalized_address(name) or name
        return hmac.digest(self._decoy_key, one.encode("utf-8", "replace"), "sha256")[:_SALT_OCTETS]

    @cached_property
    def _decoy_key(self) -> bytes:
        try:
            return derive(self._secret_key(), "scram-decoy")
        except UnavailableError as fault:
            log.warning("secret-key-unusable", reason=str(fault))
            return secrets.token_bytes(32)


def _of_one_salt(known: Sequence[Credential]) -> list[tuple[Credential, ScramKeys]]:
    """Return the credentials that one exchange can prove, with their keys."""
    keyed = [(credential, credential.scram) for credential in known if credential.scram]
    return [
        (credential, keys)
        for credential, keys in keyed
        if (keys.salt, keys.iterations) == (keyed[0][1].salt, keyed[0][1].iterations)
    ]
