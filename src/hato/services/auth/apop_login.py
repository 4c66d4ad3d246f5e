"""Login by APOP: a digest of the greeting's stamp and the shared secret.

Called by services.auth.authenticator, only where the operator opted in.
Never keeps the secret in the clear; people without a recoverable one cannot log in this way.
Standards: RFC 1939 §7.
Fails with AuthenticationError, ThrottledError, LoginDelayError, UnavailableError.
"""

from __future__ import annotations

import hashlib
import hmac

from hato.core.clock import Clock
from hato.core.errors import DamagedError
from hato.core.log import log
from hato.core.secret import Secret
from hato.services.auth.admission import Admission
from hato.services.auth.credential_maker import apop_purpose
from hato.services.auth.origin import Login, Origin
from hato.services.auth.people_finder import find_by_login
from hato.services.auth.refusal import Why, why_of_person
from hato.services.auth.throttle import Throttle, attempt_by
from hato.services.auth.vault import Vault
from hato.store.directory import Credential, Directory, Person


class ApopLogin:
    """Checks digests."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        throttle: Throttle,
        admission: Admission,
        vault: Vault,
    ) -> None:
        """`vault`: what opens the recoverable secrets."""
        self._directory = directory
        self._clock = clock
        self._throttle = throttle
        self._admission = admission
        self._vault = vault

    async def login(self, name: str, stamp: bytes, digest: bytes, origin: Origin) -> Login:
        """Let somebody in whose digest (16 octets) is that of the stamp and her secret."""
        began = self._clock.monotonic()
        version = await self._directory.version()
        person = await find_by_login(self._directory, name)
        attempt = attempt_by(person, name, origin.address)
        async with self._throttle.attempting(attempt, origin):
            known: list[Credential] = []
            if person is not None and person.is_enabled:
                known = await self._directory.credentials(person.person_id)
            fitting = [c for c in known if self._fits(c, person, stamp, digest)]
            if not fitting:
                await self._throttle.count_failure(attempt)
        if person is None or not fitting:
            is_keyless = bool(known) and not any(c.recoverable for c in known)
            why = Why.NO_KEYS if is_keyless else why_of_person(person)
            raise await self._admission.refusal(began, attempt, origin, why)
        self._admission.greet(attempt)
        return await self._admission.let_in(person, fitting[0], version, origin)

    def _fits(
        self, credential: Credential, person: Person | None, stamp: bytes, digest: bytes
    ) -> bool:
        """Tell whether a digest was made of a credential's secret."""
        if credential.recoverable is None or person is None:
            return False
        try:
            secret = self._vault.open(credential.recoverable, apop_purpose(person.person_id))
        except DamagedError as fault:
            log.warning("recoverable-secret-unusable", person=person.name, reason=str(fault))
            return False
        return hmac.compare_digest(_digest(stamp, secret), digest)


def _digest(stamp: bytes, secret: Secret) -> bytes:
    """Return what APOP sends (MD5 is what it is defined with: hence the opt-in)."""
    return hashlib.md5(stamp + secret.reveal(), usedforsecurity=False).digest()
