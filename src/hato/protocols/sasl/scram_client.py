"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's side.

Called by clients, which draw the nonce and know the channel.
Never sends the password; never counts as satisfied before the server has proven itself.
Standards: RFC 5802, RFC 7677, RFC 9266 (tls-exporter).
Fails never: whatever does not fit is `Refused`. The second step is slow by intent (PBKDF2).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TypeAlias

from hato.core.secret import Secret
from hato.protocols.sasl import scram_keys, scram_messages
from hato.protocols.sasl.saslprep import saslprep
from hato.protocols.sasl.scram_messages import to_base64, write_name
from hato.protocols.sasl.scram_server import BINDING_TYPE
from hato.protocols.sasl.steps import Reason, Refused

DeriveKeys: TypeAlias = Callable[[bytes, bytes, int], scram_keys.DerivedKeys]
"""From a prepared password, a salt and a number of iterations to the keys."""


class ScramClient:
    """One exchange: first message, final message, the server's signature."""

    sends_first = True

    def __init__(
        self,
        name: str,
        password: Secret,
        *,
        nonce: str,
        channel_binding: bytes | None = None,
        is_plus: bool = False,
        derive: DeriveKeys = scram_keys.derive_keys,
    ) -> None:
        """Begin.

        `nonce`: fresh random printable ASCII without comma. `channel_binding`: the channel's
        `tls-exporter` data, None where it cannot be had. `is_plus`: whether the server offered
        -PLUS and this is it. `derive` computes the keys of a password, or remembers them.
        """
        self._name = name
        self._password = password
        self._nonce = nonce
        self._derive = derive
        self._bound = channel_binding if is_plus and channel_binding is not None else None
        if self._bound is not None:
            self._header = f"p={BINDING_TYPE},,".encode()
        else:
            self._header = b"n,," if channel_binding is None else b"y,,"
        self._bare = b""
        self._signature = b""
        self.is_satisfied = False

    def step(self, challenge: bytes) -> bytes | Refused:
        """Take the server's challenge (empty at the beginning), return the response."""
        if not self._bare:
            return self._begin(challenge)
        if not self._signature:
            return self._prove(challenge)
        return self._check(challenge)

    def _begin(self, challenge: bytes) -> bytes | Refused:
        """Say who we are."""
        name = saslprep(self._name)
        if challenge or not name:
            return Refused(Reason.MALFORMED if challenge else Reason.UNPREPARABLE)
        self._bare = f"n={write_name(name)},r={self._nonce}".encode()
        return self._header + self._bare

    def _prove(self, challenge: bytes) -> bytes | Refused:
        """Answer salt and iterations with a proof."""
        first = scram_messages.read_server_first(challenge)
        if isinstance(first, Reason):
            return Refused(first)
        if not first.nonce.startswith(self._nonce) or first.nonce == self._nonce:
            return Refused(Reason.UNREASONABLE)
        password = _prepared(self._password)
        if password is None:
            return Refused(Reason.UNPREPARABLE)
        binding = to_base64(self._header + (self._bound or b""))
        final = b"c=" + binding + b",r=" + first.nonce.encode()
        auth_message = b",".join((self._bare, challenge, final))
        keys = self._derive(password, first.salt, first.iterations)
        self._signature = scram_keys.server_signature(keys.server_key, auth_message)
        return final + b",p=" + to_base64(scram_keys.client_proof(keys, auth_message))

    def _check(self, challenge: bytes) -> bytes | Refused:
        """Check that the server knows our keys; answer with the empty response."""
        signature = scram_messages.read_server_final(challenge)
        if isinstance(signature, Reason):
            return Refused(signature)
        if self.is_satisfied or not hmac.compare_digest(signature, self._signature):
            return Refused(Reason.SERVER_UNPROVEN)
        self.is_satisfied = True
        return b""


def _prepared(password: Secret) -> bytes | None:
    """Return the password as SCRAM hashes it, or None when SASLprep refuses it."""
    try:
        prepared = saslprep(password.reveal().decode())
    except UnicodeDecodeError:
        return None
    return prepared.encode() if prepared else None
