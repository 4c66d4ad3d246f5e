"""Secrets that must be read again: encrypted under a key that is not in the database.

Called by services.auth (APOP) and services.accounts.
Never keeps a secret in the clear; a sealed one opens only for the purpose it was sealed for.
Standards: NIST SP 800-38D (AES-256-GCM).
Fails with DamagedError for what was changed, moved, or sealed under another key.
"""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hato.core.errors import DamagedError
from hato.core.secret import Secret
from hato.services.auth.secret_key import derive

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_OCTETS: Final = 12
_FORMAT: Final = b"\x01"


class Vault:
    """Seals and opens small secrets."""

    def __init__(self, key: Secret) -> None:
        """Use a key derived from the installation's."""
        self._key = Secret(derive(key, "vault"))

    def seal(self, secret: Secret, purpose: str) -> bytes:
        """Encrypt; `purpose` (whose it is, what for) must be the same when it is opened."""
        nonce = secrets.token_bytes(_NONCE_OCTETS)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, secret.reveal(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> Secret:
        """Decrypt. Raises DamagedError."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # see _cipher

        nonce, content = sealed[1 : 1 + _NONCE_OCTETS], sealed[1 + _NONCE_OCTETS :]
        if not sealed.startswith(_FORMAT) or len(nonce) != _NONCE_OCTETS:
            message = "a sealed secret has an unknown form"
            raise DamagedError(message)
        try:
            return Secret(self._cipher.decrypt(nonce, content, purpose.encode()))
        except InvalidTag:
            message = "a sealed secret does not open: was secret.key replaced?"
            raise DamagedError(message) from None

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415  # 16 ms that
            AESGCM,  # only those pay who keep such secrets
        )

        return AESGCM(self._key.reveal())
