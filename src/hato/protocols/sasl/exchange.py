"""One SASL exchange, seen from the client, whatever protocol carries it.

Called by the client's side of POP3 and SMTP, which put its messages into their own lines.
Never sends an initial response that would make the command too long, unless it is told to.
Standards: RFC 4422 §3, RFC 5034 §4, RFC 4954 §4.
Fails with None where the server says what does not fit; `refusal` tells why.
"""

from __future__ import annotations

import binascii
from enum import Enum, auto

from hato.protocols.sasl.mechanisms import ClientMechanism
from hato.protocols.sasl.steps import Reason, Refused


class InitialResponse(Enum):
    """Whether the client's first message stands on the line of AUTH."""

    WHERE_IT_FITS = auto()
    """In lines as long as the protocol lets a command be (RFC 5034 §4, RFC 4954 §4)."""
    NEVER = auto()
    """Exchange takes XOAUTH2 in two lines only, and closes the connection otherwise."""
    ALWAYS = auto()
    """However long: for servers that do not ask for it with an empty challenge."""


class Exchange:
    """One exchange; a step may be slow (SCRAM hashes), so that it belongs in a thread."""

    def __init__(
        self, name: str, mechanism: ClientMechanism, initial: InitialResponse, command_octets: int
    ) -> None:
        """Prepare to log in by the mechanism that the server calls `name`.

        `command_octets`: how long the line of AUTH may be, its CRLF included.
        """
        self.name = name
        self._mechanism = mechanism
        self._initial = initial
        self._command_octets = command_octets
        self._held: bytes | None = None
        self.refusal: Reason | None = None
        """Why we gave the exchange up."""

    def open(self) -> bytes | None:
        """Return the initial response of the command that begins; None: it has none.

        Where name or password cannot be said `refusal` is set: then nothing is to be sent.
        """
        if not self._mechanism.sends_first:
            return None
        first = self._mechanism.step(b"")
        if isinstance(first, Refused):
            self.refusal = first.reason
            return None
        if self._may_stand_in_command(first):
            return first
        self._held = first
        return None

    def _may_stand_in_command(self, first: bytes) -> bool:
        """Decide between one line and two."""
        if self._initial is not InitialResponse.WHERE_IT_FITS:
            return self._initial is InitialResponse.ALWAYS
        encoded = len(binascii.b2a_base64(first, newline=False)) or 1
        return len(f"AUTH {self.name} \r\n") + encoded <= self._command_octets

    def respond(self, challenge: bytes | None) -> bytes | None:
        """Return what answers a challenge; None: the exchange is to be cancelled.

        `challenge`: None where it was no base64.
        """
        response = self._step(challenge)
        if isinstance(response, Refused):
            self.refusal = response.reason
            return None
        return response

    def _step(self, challenge: bytes | None) -> bytes | Refused:
        """Say what was held back, or what the mechanism has to say."""
        if challenge is None:
            return Refused(Reason.MALFORMED)
        if self._held is None:
            return self._mechanism.step(challenge)
        held, self._held = self._held, None
        return Refused(Reason.MALFORMED) if challenge else held

    @property
    def is_proven(self) -> bool:
        """Whether a yes of the server may be believed: it has shown what the mechanism demands."""
        return self.refusal is None and self._held is None and self._mechanism.is_satisfied


def decode_base64(text: bytes) -> bytes | None:
    """Decode as strictly as RFC 5034 §4 demands; None where it is not base64."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return None
