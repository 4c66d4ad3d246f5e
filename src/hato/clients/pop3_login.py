"""Logging in to a POP3 server by the best method that both sides allow.

Called by `clients.pop3`.
Never tries a second method after a password was refused: that would lock people out; never
believes a server's yes that the mechanism did not prove; never uses what is outdated unasked.
Standards: RFC 5034 §4, RFC 1939 §7 (USER, PASS, APOP), RFC 6856 §2, RFC 8314 §3, RFC 7628 §3.
Fails with WrongCredentialsError, BusyError, RefusedForGoodError, NoLoginMethodError,
UnprovenServerError, InvalidInputError, and as a conversation does.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from hato.clients.errors import NoLoginMethodError, UnprovenServerError, WrongCredentialsError
from hato.clients.login import (
    IN_CLEAR,
    UNSAYABLE,
    Identity,
    error_of_reason,
    mechanism_for,
    mechanisms_for,
    words_about_token,
)
from hato.clients.pop3_conversation import Pop3Conversation
from hato.clients.pop3_refusals import error_of, is_no_such_mechanism
from hato.core.errors import HatoError, InvalidInputError
from hato.protocols.pop3.client_apop import make_apop
from hato.protocols.pop3.client_events import Challenge, Event, Refused
from hato.protocols.pop3.client_login import SaslLogin
from hato.protocols.pop3.commands import Apop, Auth, UserPass, Utf8
from hato.protocols.sasl.mechanisms import ClientMechanism

USER: Final = "USER"
"""USER and PASS."""
APOP: Final = "APOP"

_IN_CLEAR: Final = IN_CLEAR | {USER}
"""What shows the password itself: the last resort where there is no TLS."""


class Pop3Login:
    """One attempt to log in."""

    def __init__(self, conversation: Pop3Conversation, identity: Identity) -> None:
        """Prepare; the capabilities must be known if the server tells them."""
        self._conversation = conversation
        self._identity = identity
        self._machine = conversation.machine
        self._capabilities = conversation.machine.capabilities
        conversation.words.hide(identity.secret)

    async def run(self) -> str:
        """Log in, and return the method by which that was done."""
        await self._switch_to_utf8()
        for method in self._methods():
            if await self._try(method):
                return method
        offered = self._capabilities.lines if self._capabilities is not None else ()
        raise NoLoginMethodError(tuple(map(self._conversation.words.fit, offered)))

    async def _switch_to_utf8(self) -> None:
        """Ask for letters octet for octet; without it some servers wrap those with UTF-8 headers.

        It is a matter of before the login, and after TLS (RFC 6856 §2.1). Servers may refuse it,
        and some do that offer it: mail comes without it too.
        """
        if self._capabilities is not None and "UTF8" in self._capabilities:
            await self._conversation.ask(Utf8())

    def _methods(self) -> list[str]:
        """Return what both sides can do, the best first."""
        offered = self._capabilities.mechanisms if self._capabilities is not None else ()
        is_encrypted = self._machine.is_encrypted
        methods = mechanisms_for(
            self._identity,
            offered,
            has_binding=self._conversation.dialled.channel_binding is not None,
            is_encrypted=is_encrypted,
        )
        if self._identity.is_token:
            return methods
        if not offered or (self._capabilities is not None and USER in self._capabilities):
            methods.append(USER)
        if APOP in self._identity.outdated and self._machine.stamp is not None:
            methods.append(APOP)
        if not is_encrypted:
            methods.sort(key=_IN_CLEAR.__contains__)
        return methods

    async def _try(self, method: str) -> bool:
        """Log in by one method; False: the server does not have it after all."""
        match method:
            case "USER":
                await self._ask_plainly(UserPass(self._identity.name, self._identity.secret))
            case "APOP":
                stamp = self._machine.stamp or b""
                apop = make_apop(self._identity.name, self._identity.secret, stamp)
                if apop is None:
                    raise InvalidInputError(UNSAYABLE)
                await self._ask_plainly(apop)
            case _:
                offered = self._capabilities.mechanisms if self._capabilities is not None else ()
                mechanism = mechanism_for(
                    method, self._identity, self._conversation.dialled, offered
                )
                return await self._exchange(method, mechanism)
        return True

    async def _ask_plainly(self, command: UserPass | Apop) -> None:
        """Log in without SASL."""
        method = APOP if isinstance(command, Apop) else USER
        event = await self._ask(command)
        if isinstance(event, Refused):
            raise self._error_of(event, method)

    async def _ask(self, command: UserPass | Apop | Auth) -> Event:
        """Send what begins a login."""
        try:
            return await self._conversation.ask(command)
        except ValueError as fault:
            raise InvalidInputError(UNSAYABLE) from fault

    async def _exchange(self, method: str, mechanism: ClientMechanism) -> bool:
        """Carry out one SASL exchange; False: the server does not have the mechanism."""
        sasl = SaslLogin(method, mechanism, self._identity.initial)
        begin = sasl.begin()
        if begin is None:
            raise InvalidInputError(UNSAYABLE)
        event = await self._ask(begin)
        has_begun = isinstance(event, Challenge)
        while isinstance(event, Challenge):
            # SCRAM hashes for a while, which must not stop everybody else.
            answer = await asyncio.to_thread(sasl.answer, event)
            event = await self._conversation.ask(answer)
        if sasl.refusal is not None:
            raise error_of_reason(sasl.refusal, method)
        if isinstance(event, Refused):
            if not has_begun and is_no_such_mechanism(begin, event):
                return False
            words = self._conversation.words.fit(words_about_token(mechanism))
            raise self._error_of(event, method, words)
        if not sasl.is_proven:
            raise UnprovenServerError(f"{method}: yes without proof")
        return True

    def _error_of(self, refused: Refused, method: str, words: str = "") -> HatoError:
        """Return what a refused login means."""
        otherwise = partial(WrongCredentialsError, method)
        error = error_of(refused, otherwise, self._capabilities)
        if isinstance(error, WrongCredentialsError):
            return WrongCredentialsError(method, " ".join(filter(None, (error.words, words))))
        return error
