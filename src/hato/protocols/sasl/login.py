"""LOGIN: name and password, each asked for; older than any standard, still what some clients know.

Called by services.auth (server) and clients (client).
Never checks a password; never asks whether TLS protects the line: its callers do.
Standards: none; a draft that never became an RFC says what programs do. Frame: RFC 4422 §3.
Fails never: an empty or undecodable answer is `Refused`.
"""

from __future__ import annotations

from hato.core.secret import Secret
from hato.protocols.sasl.saslprep import saslprep
from hato.protocols.sasl.steps import Challenge, PasswordOffered, Reason, Refused, ServerStep

NAME = "LOGIN"

_ASK_NAME = Challenge(b"Username:")
_ASK_PASSWORD = Challenge(b"Password:")


class LoginServer:
    """The server's side: two questions; the name may come as initial response."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._name: str | None = None

    def step(self, response: bytes | None) -> ServerStep:
        """Take the name, then the password."""
        if response is None:
            return _ASK_NAME
        if not response or b"\0" in response:
            return Refused(Reason.MALFORMED)
        if self._name is not None:
            return PasswordOffered(self._name, Secret(response), "")
        try:
            self._name = response.decode()
        except UnicodeDecodeError:
            return Refused(Reason.MALFORMED)
        return _ASK_PASSWORD


class LoginClient:
    """The client's side: answers by order, since servers word their questions differently."""

    sends_first = False
    is_satisfied = True
    """LOGIN asks nothing of the server; TLS must have done so."""

    def __init__(self, name: str, password: Secret) -> None:
        """Say who logs in."""
        prepared = saslprep(name)
        self._answers = [(prepared or "").encode(), password.reveal()]

    def step(self, challenge: bytes) -> bytes | Refused:
        """Answer the next question; an empty one is the beginning, answered by the first."""
        if not self._answers or not self._answers[0]:
            return Refused(Reason.MALFORMED)
        return self._answers.pop(0)
