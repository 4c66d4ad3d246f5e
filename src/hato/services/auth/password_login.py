"""Login by a password that is shown: USER and PASS, PLAIN, LOGIN, and later the web.

Called by services.auth.authenticator and services.auth.sasl_exchange.
Never hashes twice what it knows already; never hashes on the event loop.
Standards: RFC 4616 §2 (authorization identity).
Fails with AuthenticationError, ThrottledError, LoginDelayError, UnavailableError.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from hato.core.addresses import subscriber_of
from hato.core.clock import Clock
from hato.core.errors import ConflictError, NotFoundError
from hato.core.secret import Secret
from hato.services.auth.admission import Admission
from hato.services.auth.credential_maker import CredentialMaker
from hato.services.auth.hashing_threads import HashingThreads
from hato.services.auth.origin import Login, Origin
from hato.services.auth.passwords import Passwords, forms_of, is_app_hash
from hato.services.auth.people_finder import find_by_login, is_called
from hato.services.auth.refusal import Why, why_of_person
from hato.services.auth.remembered import Remembered, RightPassword
from hato.services.auth.same_secret import find_same
from hato.services.auth.throttle import Attempt, Throttle, attempt_by
from hato.store.directory import Credential, CredentialId, Directory, Person


class Found(msgspec.Struct, frozen=True):
    """Whose password it is."""

    person: Person
    credential: Credential


class PasswordLogin:
    """Checks names and passwords."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        throttle: Throttle,
        admission: Admission,
        passwords: Passwords,
        maker: CredentialMaker,
    ) -> None:
        """Begin with nothing remembered."""
        self._directory = directory
        self._clock = clock
        self._throttle = throttle
        self._admission = admission
        self._passwords = passwords
        self._maker = maker
        self._threads = HashingThreads()
        self._remembered = Remembered(clock)
        self._upgrading: set[CredentialId] = set()

    async def login(self, name: str, password: Secret, origin: Origin, acts_as: str = "") -> Login:
        """Let somebody in by name and password.

        What was right a short while ago from the same address is right without a hash as long as
        nothing has changed about the person, and passes any throttle: nobody else can know it.
        `acts_as` must mean the same person, or be empty.
        """
        began = self._clock.monotonic()
        version = await self._directory.version()
        subscriber = subscriber_of(origin.address)
        digest = self._remembered.digest(name, password, subscriber)
        entry = self._remembered.find_right(digest)
        if entry is not None and await self._is_still_right(digest, entry, name, version):
            found = Found(entry.person, entry.credential)
        else:
            person = await find_by_login(self._directory, name)
            attempt = attempt_by(person, name, origin.address)
            was_wrong = self._remembered.was_wrong(digest, version)
            checked = None if was_wrong else await self._check(attempt, person, password, origin)
            if checked is None:
                if not was_wrong:  # it is not kept for longer because it is tried again
                    self._remembered.keep_wrong(digest, version)
                why = why_of_person(person)
                raise await self._admission.refusal(began, attempt, origin, why)
            found = checked
            self._remembered.keep_right(digest, found.person, found.credential, version)
        if acts_as and not await is_called(self._directory, found.person, acts_as):
            attempt = attempt_by(found.person, name, origin.address)
            raise await self._admission.refusal(began, attempt, origin, Why.ACTS_FOR_ANOTHER)
        return await self._admission.let_in(found.person, found.credential, version, origin)

    def close(self) -> None:
        """Let the hashing threads end."""
        self._threads.close()

    async def _check(
        self, attempt: Attempt, person: Person | None, password: Secret, origin: Origin
    ) -> Found | None:
        """Check a password that nothing is known of; None when it is wrong. It is counted."""
        async with self._throttle.attempting(attempt, origin):
            may_enter = person is not None and person.is_enabled
            known: Sequence[Credential] = ()
            if person is not None and may_enter:
                known = await self._directory.credentials(person.person_id)
            credential = await self._find_fitting(known, forms_of(password))
            if person is None or credential is None:
                await self._throttle.count_failure(attempt)
                return None
        self._admission.greet(attempt)
        is_outdated = self._maker.needs_upgrade(credential, password)
        if is_outdated and credential.credential_id not in self._upgrading:
            self._admission.later(self._upgrade(credential, password))
        return Found(person, credential)

    async def _find_fitting(
        self, known: Sequence[Credential], forms: Sequence[bytes]
    ) -> Credential | None:
        """Find the credential that a password belongs to: app passwords first, they are cheap."""
        if not forms:
            return None
        for credential in known:
            if is_app_hash(credential.hashed) and self._passwords.fits(credential.hashed, forms[0]):
                return credential
        slow = [credential for credential in known if not is_app_hash(credential.hashed)]
        return await self._threads.run(partial(_find_slowly, self._passwords, slow, forms))

    async def _is_still_right(
        self, digest: bytes, entry: RightPassword, name: str, version: int
    ) -> bool:
        """Look again at a remembered password if anything has changed in the directory."""
        if entry.version == version:
            return True
        person = await find_by_login(self._directory, name)
        if person is not None and person.person_id == entry.person.person_id and person.is_enabled:
            known = await self._directory.credentials(person.person_id)
            credential = find_same(known, entry.credential, self._passwords)
            if credential is not None:
                entry.person, entry.credential, entry.version = person, credential, version
                return True
        self._remembered.drop(digest)
        return False

    async def _upgrade(self, credential: Credential, password: Secret) -> None:
        """Make an imported or outdated credential one of ours, unless it was changed meanwhile."""
        self._upgrading.add(credential.credential_id)
        try:
            known = await self._directory.credentials(credential.person_id)
            work = partial(self._maker.upgraded, credential, password, known)
            upgraded = await self._threads.run(work)
            await self._directory.put_credential(upgraded, replacing=credential.hashed)
        except (ConflictError, NotFoundError):
            return
        finally:
            self._upgrading.discard(credential.credential_id)


def _find_slowly(
    passwords: Passwords, credentials: Sequence[Credential], forms: Sequence[bytes]
) -> Credential | None:
    """Try every form on every hash; where there is no hash, work as long for nothing."""
    for form in forms:
        for credential in credentials:
            if passwords.fits(credential.hashed, form):
                return credential
        if not credentials:
            passwords.waste(form)
    return None
