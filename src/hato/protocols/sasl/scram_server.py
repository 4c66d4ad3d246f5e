"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side.

Called by services.auth, which looks the person's keys up and draws the nonce.
Never sees a password; never says whether the name or the proof was wrong.
Standards: RFC 5802, RFC 7677, RFC 9266 (tls-exporter).
Fails never: whatever does not fit is `Refused`.
"""

from __future__ import annotations

from collections.abc import Sequence

from hato.protocols.sasl import scram_keys, scram_messages
from hato.protocols.sasl.scram_keys import Keys
from hato.protocols.sasl.scram_messages import ClientFirst, to_base64
from hato.protocols.sasl.steps import (
    Challenge,
    KeysWanted,
    Proven,
    Reason,
    Refused,
    ServerStep,
)

NAME = "SCRAM-SHA-256"
PLUS_NAME = "SCRAM-SHA-256-PLUS"
BINDING_TYPE = "tls-exporter"


class ScramServer:
    """One exchange: first message, `offer`, final message, the client's empty response."""

    def __init__(self, *, channel_binding: bytes | None, is_plus: bool) -> None:
        """Begin.

        `channel_binding`: the channel's `tls-exporter` data, None where there is none; -PLUS is
        advertised exactly where there is. `is_plus`: whether the client chose -PLUS.
        """
        self._channel_binding = channel_binding
        self._is_plus = is_plus
        self._first: ClientFirst | None = None
        self._keys: Sequence[Keys] = ()
        self._nonce = ""
        self._server_first = b""
        self._proven: Proven | None = None

    def step(self, response: bytes | None) -> ServerStep:
        """Take the client's response. After `KeysWanted`, call `offer` before the next step."""
        if self._proven is not None:
            return Refused(Reason.MALFORMED) if response else self._proven
        if self._server_first:
            return self._check_final(response or b"")
        if self._first is not None:
            return Refused(Reason.MALFORMED)
        return Challenge(b"") if response is None else self._read_first(response)

    def offer(self, keys: Sequence[Keys], salt: bytes, iterations: int, nonce: str) -> Challenge:
        """Give the keys that would be accepted; return the server's first message.

        All were made with this salt and number of iterations; none means that nobody can prove
        anything. `nonce`: fresh random printable ASCII without comma.
        """
        if self._first is None:
            return Challenge(b"")
        self._keys = keys
        self._nonce = self._first.nonce + nonce
        encoded_salt = to_base64(salt).decode()
        self._server_first = f"r={self._nonce},s={encoded_salt},i={iterations}".encode()
        return Challenge(self._server_first)

    def _read_first(self, response: bytes) -> ServerStep:
        """Check the first message and its channel binding flag (RFC 5802 §6)."""
        first = scram_messages.read_client_first(response)
        if isinstance(first, Reason):
            return Refused(first)
        if first.is_bound:
            if self._channel_binding is None or first.binding != BINDING_TYPE or not self._is_plus:
                return Refused(Reason.BINDING_UNSUPPORTED)
        elif self._is_plus:
            return Refused(Reason.BINDING_UNSUPPORTED)
        elif first.binding == "y" and self._channel_binding is not None:
            return Refused(Reason.DOWNGRADED)
        self._first = first
        return KeysWanted(first.name, first.acts_as)

    def _check_final(self, response: bytes) -> ServerStep:
        """Check nonce, channel binding and proof against every key."""
        final = scram_messages.read_client_final(response)
        if isinstance(final, Reason):
            return Refused(final)
        first = self._first
        if first is None or final.nonce != self._nonce:
            return Refused(Reason.MALFORMED)
        bound = (self._channel_binding or b"") if first.is_bound else b""
        if final.binding != first.header + bound:
            return Refused(Reason.BINDING_DIFFERS)
        auth_message = b",".join((first.bare, self._server_first, final.without_proof))
        fitting = [
            index
            for index, keys in enumerate(self._keys)
            if scram_keys.fits(final.proof, keys.stored_key, auth_message)
        ]
        if not fitting:
            return Refused(Reason.WRONG_PROOF)
        self._proven = Proven(fitting[0])
        signature = scram_keys.server_signature(self._keys[fitting[0]].server_key, auth_message)
        return Challenge(b"v=" + to_base64(signature))
