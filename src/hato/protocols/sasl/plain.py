"""PLAIN: name and password in one message, both sides.

Called by services.auth (server) and clients (client).
Never checks a password; never asks whether TLS protects the line: its callers do.
Standards: RFC 4616.
Fails never: a message that is not of the grammar is `Refused`.
"""

from __future__ import annotations

from hato.core.secret import Secret
from hato.protocols.sasl.saslprep import saslprep
from hato.protocols.sasl.steps import Challenge, PasswordOffered, Reason, Refused, ServerStep

NAME = "PLAIN"


class PlainServer:
    """The server's side: one message."""

    def step(self, response: bytes | None) -> ServerStep:
        """Read `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).

        Names must be UTF-8. The password's octets are taken as they are: old hashes were made
        from passwords in other character sets.
        """
        if response is None:
            return Challenge(b"")
        parts = response.split(b"\0")
        if len(parts) != 3 or not parts[1] or not parts[2]:
            return Refused(Reason.MALFORMED)
        try:
            return PasswordOffered(parts[1].decode(), Secret(parts[2]), parts[0].decode())
        except UnicodeDecodeError:
            return Refused(Reason.MALFORMED)


class PlainClient:
    """The client's side."""

    sends_first = True
    is_satisfied = True
    """PLAIN asks nothing of the server; TLS must have done so."""

    def __init__(self, name: str, password: Secret, acts_as: str = "") -> None:
        """Say who logs in; `acts_as` only where it is somebody else."""
        self._name = name
        self._password = password
        self._acts_as = acts_as

    def step(self, challenge: bytes) -> bytes | Refused:
        """Return the message."""
        if challenge:
            return Refused(Reason.MALFORMED)
        name, acts_as = saslprep(self._name), saslprep(self._acts_as)
        password = self._password.reveal()
        if not name or acts_as is None or not password or b"\0" in password:
            return Refused(Reason.UNPREPARABLE)
        return b"\0".join((acts_as.encode(), name.encode(), password))
