"""One SASL exchange of a POP3 client: from the mechanism's messages to AUTH and its responses.

Called by clients, which hand each Challenge in and send what comes back.
Never sends an initial response that would make the command too long, unless it is told to.
Standards: RFC 5034 §4, RFC 4422 §3.
Fails with AuthCancel where the server says what does not fit; `refusal` tells why.
"""

from __future__ import annotations

from hato.core.limits import POP3_COMMAND_OCTETS
from hato.core.secret import Secret
from hato.protocols.pop3.client_events import Challenge
from hato.protocols.pop3.commands import Auth, AuthCancel, AuthResponse
from hato.protocols.sasl.exchange import Exchange, InitialResponse
from hato.protocols.sasl.mechanisms import ClientMechanism


class SaslLogin(Exchange):
    """One exchange, in the lines of POP3."""

    def __init__(
        self,
        name: str,
        mechanism: ClientMechanism,
        initial: InitialResponse = InitialResponse.WHERE_IT_FITS,
    ) -> None:
        """Prepare to log in by the mechanism that the server calls `name`."""
        super().__init__(name, mechanism, initial, POP3_COMMAND_OCTETS)

    def begin(self) -> Auth | None:
        """Return the command that begins; None: name or password cannot be said, see `refusal`."""
        first = self.open()
        if self.refusal is not None:
            return None
        return Auth(self.name, None if first is None else Secret(first))

    def answer(self, challenge: Challenge) -> AuthResponse | AuthCancel:
        """Return what answers a challenge."""
        response = self.respond(challenge.data)
        return AuthCancel() if response is None else AuthResponse(Secret(response))
