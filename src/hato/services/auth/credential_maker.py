"""What is kept of a password: hash, SCRAM keys, and the secret itself only for APOP.

Called by services.accounts (new passwords) and services.auth (hashes that become our own).
Never writes anything; slow by intent: for the hashing threads.
Standards: RFC 5802 §5.1, RFC 7677 §4, RFC 1939 §7 (APOP).
Fails never; a password that SASLprep refuses gets no SCRAM keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from hato.core.ids import PersonId
from hato.core.limits import SCRAM_ITERATIONS
from hato.core.secret import Secret
from hato.protocols.sasl.scram_keys import derive_keys
from hato.services.auth.passwords import Passwords, make_app_hash, prepared_password
from hato.services.auth.vault import Vault
from hato.store.directory import Credential, CredentialId, ScramKeys

_SALT_OCTETS: Final = 16
_NEW: Final = CredentialId(0)


class CredentialMaker:
    """Makes credentials of one cost."""

    def __init__(
        self, passwords: Passwords, vault: Vault | None, *, iterations: int = SCRAM_ITERATIONS
    ) -> None:
        """`vault`: where the operator opted in to APOP; None keeps no recoverable secret."""
        self._passwords = passwords
        self._vault = vault
        self._iterations = iterations

    def make(
        self,
        person_id: PersonId,
        label: str,
        password: Secret,
        known: Sequence[Credential],
        now: int,
    ) -> Credential:
        """Make a credential: the main one (empty label) or an app password.

        `known`: the person's credentials so far. One of the same label is replaced: its id is kept,
        and the new one is younger, be it only by that second which `created` can tell.
        Salt and iterations of SCRAM belong to the person, since the server names them before it
        knows which password comes: they are those of her other credentials.
        """
        replaced = next((c for c in known if c.label == label), None)
        octets = prepared_password(password) or password.reveal()
        return Credential(
            credential_id=replaced.credential_id if replaced else _NEW,
            person_id=person_id,
            label=label,
            hashed=make_app_hash(octets) if label else self._passwords.make(octets),
            scram=self._scram_keys(password, [c for c in known if c.label != label]),
            recoverable=self._sealed(person_id, password),
            created=max(now, replaced.created + 1) if replaced else now,
            last_used=None,
        )

    def needs_upgrade(self, credential: Credential, password: Secret) -> bool:
        """Tell whether a credential would be made differently now that its password is known."""
        if not self._passwords.is_ours(credential.hashed):
            return True
        if credential.scram is None and prepared_password(password) is not None:
            return True
        return (credential.recoverable is None) is not (self._vault is None)

    def upgraded(
        self, credential: Credential, password: Secret, known: Sequence[Credential]
    ) -> Credential:
        """Return a credential as it would be made now; its password was just proven right."""
        hashed, scram = credential.hashed, credential.scram
        if not self._passwords.is_ours(hashed):
            hashed = self._passwords.make(prepared_password(password) or password.reveal())
        if scram is None:
            others = [c for c in known if c.credential_id != credential.credential_id]
            scram = self._scram_keys(password, others)
        recoverable = self._sealed(credential.person_id, password)
        return msgspec.structs.replace(
            credential, hashed=hashed, scram=scram, recoverable=recoverable
        )

    def _scram_keys(self, password: Secret, others: Sequence[Credential]) -> ScramKeys | None:
        prepared = prepared_password(password)
        if prepared is None:
            return None
        shared = next((c.scram for c in others if c.scram is not None), None)
        salt = shared.salt if shared else secrets.token_bytes(_SALT_OCTETS)
        iterations = shared.iterations if shared else self._iterations
        keys = derive_keys(prepared, salt, iterations)
        return ScramKeys(salt, iterations, keys.stored_key, keys.server_key)

    def _sealed(self, person_id: PersonId, password: Secret) -> bytes | None:
        return self._vault.seal(password, apop_purpose(person_id)) if self._vault else None


def apop_purpose(person_id: PersonId) -> str:
    """Return what a recoverable secret is sealed for."""
    return f"apop/{person_id}"
