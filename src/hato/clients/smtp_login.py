"""Logging in to a submission server by the best method that both sides allow.

Called by `clients.smtp`.
Never tries a second method after a password was refused: that would lock people out; never
believes a server's yes that the mechanism did not prove; never uses what is outdated unasked.
Standards: RFC 4954 §4 and §6, RFC 8314 §3.3, RFC 7628 §3.
Fails with WrongCredentialsError, BusyError, NoLoginMethodError, UnprovenServerError,
InvalidInputError, and as a conversation does.
"""

from __future__ import annotations

import asyncio

from hato.clients.errors import NoLoginMethodError, UnprovenServerError
from hato.clients.login import (
    UNSAYABLE,
    Identity,
    error_of_reason,
    mechanism_for,
    mechanisms_for,
    words_about_token,
)
from hato.clients.smtp_conversation import SmtpConversation
from hato.clients.smtp_refusals import error_of_login, is_no_such_mechanism
from hato.core.errors import InvalidInputError
from hato.core.limits import SMTP_AUTH_OCTETS
from hato.core.secret import Secret
from hato.protocols.sasl.exchange import Exchange
from hato.protocols.sasl.mechanisms import ClientMechanism
from hato.protocols.smtp.client_commands import Auth, AuthCancel, AuthResponse
from hato.protocols.smtp.client_events import Challenge


class SmtpLogin:
    """One attempt to log in."""

    def __init__(self, conversation: SmtpConversation, identity: Identity) -> None:
        """Prepare; EHLO must have been answered."""
        self._conversation = conversation
        self._identity = identity
        extensions = conversation.machine.extensions
        self._offered = extensions.mechanisms if extensions is not None else ()
        conversation.words.hide(identity.secret)

    async def run(self) -> str:
        """Log in, and return the method by which that was done."""
        dialled = self._conversation.dialled
        for method in mechanisms_for(
            self._identity,
            self._offered,
            has_binding=dialled.channel_binding is not None,
            is_encrypted=self._conversation.machine.is_encrypted,
        ):
            mechanism = mechanism_for(method, self._identity, dialled, self._offered)
            if await self._exchange(method, mechanism):
                return method
        raise NoLoginMethodError(tuple(map(self._conversation.words.fit, self._offered)))

    async def _exchange(self, method: str, mechanism: ClientMechanism) -> bool:
        """Carry out one SASL exchange; False: the server does not have the mechanism."""
        exchange = Exchange(method, mechanism, self._identity.initial, SMTP_AUTH_OCTETS)
        first = exchange.open()
        if exchange.refusal is not None:
            raise InvalidInputError(UNSAYABLE)
        begin = Auth(method, None if first is None else Secret(first))
        try:
            answer = await self._conversation.ask(begin)
        except ValueError as fault:
            raise InvalidInputError(UNSAYABLE) from fault
        has_begun = isinstance(answer, Challenge)
        while isinstance(answer, Challenge):
            # SCRAM hashes for a while, which must not stop everybody else.
            response = await asyncio.to_thread(exchange.respond, answer.data)
            said = AuthCancel() if response is None else AuthResponse(Secret(response))
            answer = await self._conversation.ask(said)
        if exchange.refusal is not None:
            raise error_of_reason(exchange.refusal, method)
        if not answer.is_yes:
            if not has_begun and is_no_such_mechanism(begin, answer):
                return False
            words = self._conversation.words.fit(words_about_token(mechanism))
            raise error_of_login(answer, method, words)
        if not exchange.is_proven:
            raise UnprovenServerError(f"{method}: yes without proof")
        return True
