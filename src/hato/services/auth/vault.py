"""Secrets that must be read again: encrypted under a key that is not in the database.

Called by services.auth (APOP), services.accounts and services.sources.
Never keeps a secret in the clear; a sealed one opens only for the purpose it was sealed for.
Standards: NIST SP 800-38D (AES-256-GCM).
Fails with SealedSecretError for what was changed or moved, KeyReplacedError for another key's.
"""

from __future__ import annotations

import hmac
import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hato.core.errors import KeyReplacedError, SealedSecretError
from hato.core.secret import Secret
from hato.services.auth.secret_key import derive

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_OCTETS: Final = 12
_KEY_ID_OCTETS: Final = 8
_FORMAT: Final = b"\x02"
"""Then the key's id, the nonce, and what AES-GCM made; the purpose is its associated data."""
_FORMAT_WITHOUT_KEY_ID: Final = b"\x01"
"""Of earlier versions: still opened, no longer made."""


class Vault:
    """Seals and opens small secrets."""

    def __init__(self, key: Secret) -> None:
        """Use a key derived from the installation's."""
        self._key = Secret(derive(key, "vault"))

    @cached_property
    def key_id(self) -> bytes:
        """Tells keys apart and says nothing about them; it stands in each sealed secret."""
        return derive(self._key, "key id")[:_KEY_ID_OCTETS]

    def seal(self, secret: Secret, purpose: str) -> bytes:
        """Encrypt; `purpose` (whose it is, what for) must be the same when it is opened."""
        nonce = secrets.token_bytes(_NONCE_OCTETS)
        content = self._cipher.encrypt(nonce, secret.reveal(), purpose.encode())
        return _FORMAT + self.key_id + nonce + content

    def open(self, sealed: bytes, purpose: str) -> Secret:
        """Decrypt. Raises SealedSecretError; KeyReplacedError where only the key is wrong."""
        mark, rest = sealed[:1], sealed[1:]
        if mark == _FORMAT:
            key_id, rest = rest[:_KEY_ID_OCTETS], rest[_KEY_ID_OCTETS:]
            if not hmac.compare_digest(key_id, self.key_id):
                raise KeyReplacedError(sealed_with=key_id.hex(), at_hand=self.key_id.hex())
        elif mark != _FORMAT_WITHOUT_KEY_ID:
            message = "a sealed secret has an unknown form"
            raise SealedSecretError(message)
        return self._decrypted(rest[:_NONCE_OCTETS], rest[_NONCE_OCTETS:], purpose)

    def _decrypted(self, nonce: bytes, content: bytes, purpose: str) -> Secret:
        """Undo `seal`. Raises SealedSecretError."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # see _cipher

        if len(nonce) != _NONCE_OCTETS:
            message = "a sealed secret is cut short"
            raise SealedSecretError(message)
        try:
            return Secret(self._cipher.decrypt(nonce, content, purpose.encode()))
        except InvalidTag:
            message = "a sealed secret does not open: it was changed, or is somebody else's"
            raise SealedSecretError(message) from None

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415  # 16 ms that
            AESGCM,  # only those pay who keep such secrets
        )

        return AESGCM(self._key.reveal())
