"""CRAM-MD5, the client's side: a keyed digest of the server's challenge.

Called by clients, only where the person asked for it by name.
Never sends the password; it does let whoever sees the exchange guess it at leisure (MD5 is fast),
and it does not show that the server knows it: only better than sending it in the clear.
Standards: RFC 2195 §2.
Fails never: what does not fit is `Refused`.
"""

from __future__ import annotations

import hmac
from typing import Final

from hato.core.secret import Secret
from hato.protocols.sasl.saslprep import saslprep
from hato.protocols.sasl.steps import Reason, Refused

NAME: Final = "CRAM-MD5"


class CramMd5Client:
    """One exchange: the server's challenge, our digest."""

    sends_first = False
    is_satisfied = True
    """CRAM-MD5 asks nothing of the server; TLS must have done so."""

    def __init__(self, name: str, password: Secret) -> None:
        """Say who logs in."""
        self._name = name
        self._password = password
        self._has_answered = False

    def step(self, challenge: bytes) -> bytes | Refused:
        """Return name and digest. The password's octets are taken as they are."""
        if not challenge or self._has_answered:
            return Refused(Reason.MALFORMED)
        name = saslprep(self._name)
        if not name or not self._password:
            return Refused(Reason.UNPREPARABLE)
        self._has_answered = True
        digest = hmac.digest(self._password.reveal(), challenge, "md5")
        return f"{name} {digest.hex()}".encode()
