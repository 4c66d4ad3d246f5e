"""Passwords and app passwords of people: set, listed, revoked.

Called by services.accounts.accounts.
Never shows a password but once: an app password, to whoever asked for it.
Standards: none; what is kept stands in services.auth.credential_maker.
Fails with InvalidInputError, one sentence for the person.
"""

from __future__ import annotations

import asyncio
import unicodedata

from hato.core.clock import Clock
from hato.core.errors import AlreadyExistsError, InvalidInputError
from hato.core.limits import PASSWORD_OCTETS
from hato.core.secret import Secret
from hato.services.accounts import texts
from hato.services.auth.credential_maker import CredentialMaker
from hato.services.auth.imported_hashes import split_scheme
from hato.services.auth.passwords import is_known_hash, make_app_password, prepared_password
from hato.store.directory import Credential, CredentialId, Directory, Person

_LABEL_CHARACTERS = 64


class Credentials:
    """Writes credentials."""

    def __init__(self, directory: Directory, maker: CredentialMaker, clock: Clock) -> None:
        """Begin."""
        self._directory = directory
        self._maker = maker
        self._clock = clock

    async def set_password(self, person: Person, password: Secret) -> None:
        """Set the main password. Raises InvalidInputError."""
        check_password(password)
        await self._put(person, "", password)

    async def set_hash(self, person: Person, hashed: str) -> None:
        """Set the main password by a hash from another server; `{PLAIN}` is hashed at once.

        It becomes a hash of ours at the next login. Raises InvalidInputError.
        """
        check_hash(hashed)
        scheme, rest = split_scheme(hashed)
        if scheme == "PLAIN":
            await self._put(person, "", Secret(rest))
            return
        known = await self._directory.credentials(person.person_id)
        main = next((c.credential_id for c in known if not c.label), CredentialId(0))
        now = self._clock.now()
        kept = Credential(main, person.person_id, "", f"{{{scheme}}}{rest}", None, None, now, None)
        await self._directory.put_credential(kept)

    async def add_app_password(self, person: Person, label: str) -> Secret:
        """Draw a password for one device and return it: it is never seen again."""
        label = _checked_label(label)
        known = await self._directory.credentials(person.person_id)
        if any(credential.label == label for credential in known):
            raise InvalidInputError(texts.LABEL_EXISTS, name=person.name, label=label)
        password = Secret(make_app_password())
        try:
            await self._put(person, label, password)
        except AlreadyExistsError as fault:
            raise InvalidInputError(texts.LABEL_EXISTS, name=person.name, label=label) from fault
        return password

    async def app_passwords(self, person: Person) -> list[Credential]:
        """Return somebody's app passwords, by label, with their last use."""
        return [c for c in await self._directory.credentials(person.person_id) if c.label]

    async def revoke_app_password(self, person: Person, label: str) -> None:
        """End the password of one device. Raises InvalidInputError."""
        label = _checked_label(label)
        for credential in await self.app_passwords(person):
            if credential.label == label:
                await self._directory.remove_credential(credential.credential_id)
                return
        raise InvalidInputError(texts.NO_SUCH_LABEL, name=person.name, label=label)

    async def _put(self, person: Person, label: str, password: Secret) -> None:
        """Hash in a thread, then write."""
        known = await self._directory.credentials(person.person_id)
        made = await asyncio.to_thread(
            self._maker.make, person.person_id, label, password, known, self._clock.now()
        )
        await self._directory.put_credential(made)


def check_password(password: Secret) -> None:
    """Raise InvalidInputError for what cannot be a password."""
    if not password:
        raise InvalidInputError(texts.NO_PASSWORD)
    if len(password.reveal()) > PASSWORD_OCTETS:
        raise InvalidInputError(texts.PASSWORD_TOO_LONG, limit=PASSWORD_OCTETS)
    if prepared_password(password) is None:
        raise InvalidInputError(texts.PASSWORD_UNUSABLE)


def check_hash(hashed: str) -> None:
    """Raise InvalidInputError for a hash that could not be checked here."""
    scheme, rest = split_scheme(hashed)
    if not is_known_hash(hashed):
        raise InvalidInputError(texts.HASH_UNKNOWN, scheme=scheme)
    if scheme == "PLAIN":
        check_password(Secret(rest))


def _checked_label(label: str) -> str:
    """Return a device's name in one form. Raises InvalidInputError."""
    one = unicodedata.normalize("NFC", label.strip())
    if not one or len(one) > _LABEL_CHARACTERS or not one.isprintable():
        raise InvalidInputError(texts.NO_LABEL, label=label)
    return one
