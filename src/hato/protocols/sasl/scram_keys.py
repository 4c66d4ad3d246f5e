"""The arithmetic of SCRAM-SHA-256: keys from a password, signatures and proofs from keys.

Called by both sides of SCRAM, by services.auth (makes the keys to be kept).
Never draws a random number: salts and nonces are passed in.
Standards: RFC 5802 §3, RFC 7677.
Fails never: a proof of the wrong length simply does not fit.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple, Protocol


class Keys(Protocol):
    """What a server keeps of a password; salt and iterations stand beside it."""

    @property
    def stored_key(self) -> bytes:
        """H(ClientKey)."""
        ...

    @property
    def server_key(self) -> bytes:
        """HMAC(SaltedPassword, "Server Key")."""
        ...


class DerivedKeys(NamedTuple):
    """What follows from a password, a salt and a number of iterations."""

    client_key: bytes
    stored_key: bytes
    server_key: bytes


def derive_keys(password: bytes, salt: bytes, iterations: int) -> DerivedKeys:
    """Compute the keys of a prepared password; slow by intent (it releases the GIL)."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    client_key = _hmac(salted, b"Client Key")
    return DerivedKeys(client_key, _hash(client_key), _hmac(salted, b"Server Key"))


def client_proof(keys: DerivedKeys, auth_message: bytes) -> bytes:
    """Return what shows the server that the client knows the password."""
    return _xor(keys.client_key, _hmac(keys.stored_key, auth_message))


def fits(proof: bytes, stored_key: bytes, auth_message: bytes) -> bool:
    """Tell whether a client's proof was made from the password behind `stored_key`."""
    signature = _hmac(stored_key, auth_message)
    if len(proof) != len(signature):
        return False
    client_key = _xor(proof, signature)
    return hmac.compare_digest(_hash(client_key), stored_key)


def server_signature(server_key: bytes, auth_message: bytes) -> bytes:
    """Return what shows the client that the server knows the keys."""
    return _hmac(server_key, auth_message)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _hash(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
