"""One SASL exchange of a POP3 client: from the mechanism's messages to AUTH and its responses.

Called by clients, which hand each Challenge in and send what comes back.
Never sends an initial response that would make the command too long, unless it is told to.
Standards: RFC 5034 §4, RFC 4422 §3.
Fails with AuthCancel where the server says what does not fit; `refusal` tells why.
"""

from __future__ import annotations

import binascii
from enum import Enum, auto

from hato.core.limits import POP3_COMMAND_OCTETS
from hato.core.secret import Secret
from hato.protocols.pop3.client_events import Challenge
from hato.protocols.pop3.commands import Auth, AuthCancel, AuthResponse
from hato.protocols.sasl.mechanisms import ClientMechanism
from hato.protocols.sasl.steps import Reason, Refused


class InitialResponse(Enum):
    """Whether the client's first message stands on the line of AUTH."""

    WHERE_IT_FITS = auto()
    """In lines of up to 255 octets, as RFC 5034 §4 has it."""
    NEVER = auto()
    """Exchange takes XOAUTH2 in two lines only, and closes the connection otherwise."""
    ALWAYS = auto()
    """However long: for servers that do not ask for it with an empty challenge."""


class SaslLogin:
    """One exchange; a step may be slow (SCRAM hashes), so that it belongs in a thread."""

    def __init__(
        self,
        name: str,
        mechanism: ClientMechanism,
        initial: InitialResponse = InitialResponse.WHERE_IT_FITS,
    ) -> None:
        """Prepare to log in by the mechanism that the server calls `name`."""
        self._name = name
        self._mechanism = mechanism
        self._initial = initial
        self._held: bytes | None = None
        self.refusal: Reason | None = None
        """Why we gave the exchange up."""

    def begin(self) -> Auth | None:
        """Return the command that begins; None: name or password cannot be said, see `refusal`."""
        if not self._mechanism.sends_first:
            return Auth(self._name)
        first = self._mechanism.step(b"")
        if isinstance(first, Refused):
            self.refusal = first.reason
            return None
        if self._may_stand_in_command(first):
            return Auth(self._name, Secret(first))
        self._held = first
        return Auth(self._name)

    def _may_stand_in_command(self, first: bytes) -> bool:
        """Decide between one line and two."""
        if self._initial is not InitialResponse.WHERE_IT_FITS:
            return self._initial is InitialResponse.ALWAYS
        encoded = len(binascii.b2a_base64(first, newline=False)) or 1
        return len(f"AUTH {self._name} \r\n") + encoded <= POP3_COMMAND_OCTETS

    def answer(self, challenge: Challenge) -> AuthResponse | AuthCancel:
        """Return what answers a challenge."""
        response = self._respond(challenge.data)
        if isinstance(response, Refused):
            self.refusal = response.reason
            return AuthCancel()
        return AuthResponse(Secret(response))

    def _respond(self, data: bytes | None) -> bytes | Refused:
        """Say what was held back, or what the mechanism has to say."""
        if data is None:
            return Refused(Reason.MALFORMED)
        if self._held is None:
            return self._mechanism.step(data)
        held, self._held = self._held, None
        return Refused(Reason.MALFORMED) if data else held

    @property
    def is_proven(self) -> bool:
        """Whether a yes of the server may be believed: it has shown what the mechanism demands."""
        return self.refusal is None and self._held is None and self._mechanism.is_satisfied
