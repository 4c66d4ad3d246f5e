"""From what a POP3 server refuses, or how it ends, to errors of the domain: one place.

Called by the files of the POP3 client.
Never takes a busy server for a wrong password, nor a wrong password for a missing mechanism.
Standards: RFC 2449 §8, RFC 3206 §4 and §5.
Fails never.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from hato.clients.errors import (
    Busy,
    BusyError,
    NonsenseError,
    RefusedForGoodError,
    TurnedAwayError,
    WrongCredentialsError,
)
from hato.core.errors import HatoError
from hato.net.dial_errors import ConnectionLostError, Loss
from hato.protocols.pop3.client_capabilities import Capabilities
from hato.protocols.pop3.client_events import ConversationBroken, Fault, Refused
from hato.protocols.pop3.commands import Auth

_LOSSES: Final = {
    Fault.CLOSED_BY_SERVER: Loss.CLOSED,
    Fault.CUT_OFF: Loss.CLOSED,
    Fault.SAID_GOODBYE: Loss.SAID_GOODBYE,
}
_NO_SUCH_MECHANISM: Final = re.compile(
    r"\b(unknown|unsupported|unrecogni[sz]ed|invalid|no such|unavailable)\W+"
    r"(\w+\W+){0,2}(mechanism|command|method|type)\b"
    r"|\b(mechanism|command|method|type)\W+(\w+\W+){0,2}"
    r"(unknown|unsupported|unavailable|not (available|recogni[sz]ed|known))"
    r"|\bnot (supported|implemented|offered)\b|\bunimplemented\b",
    re.IGNORECASE,
)
"""How servers say it, which have no code for it (RFC 5034 §4 names none)."""
_WORDS_LOOKED_AT: Final = 512


def error_of(
    refused: Refused,
    otherwise: Callable[[str], HatoError],
    capabilities: Capabilities | None = None,
) -> HatoError:
    """Return what a refusal means; `otherwise` makes the error of one whose code does not tell."""
    return _error_of_code(refused.code, refused.text, capabilities) or otherwise(refused.text)


def error_of_greeting(refused: Refused) -> HatoError:
    """Return what it means to be refused with the first line (RFC 1939 §4): no one logged in yet.

    A server that is busy says so by its code (RFC 3206 §4); whatever else it says is its refusal.
    """
    error = error_of(refused, TurnedAwayError)
    return error if isinstance(error, BusyError) else TurnedAwayError(refused.text)


def _error_of_code(
    code: str | None, words: str, capabilities: Capabilities | None = None
) -> HatoError | None:
    """Return what a response code means; None: nothing that is known here."""
    name, _, argument = (code or "").partition(" ")
    match name:
        case "IN-USE":
            return BusyError(Busy.IN_USE, words)
        case "LOGIN-DELAY":
            told = int(argument) if argument.isascii() and argument.isdigit() else None
            if told is None and capabilities is not None:
                told = capabilities.login_delay_seconds
            return BusyError(Busy.LOGIN_DELAY, words, told)
        case "SYS/TEMP":
            return BusyError(Busy.PASSING_FAULT, words)
        case "SYS/PERM":
            return RefusedForGoodError(words)
        case "AUTH":
            return WrongCredentialsError("AUTH", words)
        case _:
            return None


def error_of_end(broken: ConversationBroken) -> HatoError:
    """Return what the end of a conversation means."""
    loss = _LOSSES.get(broken.fault)
    if loss is None:
        return NonsenseError(broken.fault.name, broken.text)
    known = _error_of_code(broken.code, broken.text)
    return known if isinstance(known, BusyError) else ConnectionLostError(loss, broken.text)


def is_no_such_mechanism(asked: Auth, refused: Refused) -> bool:
    """Tell whether a server refuses a mechanism rather than a person.

    That is so where nothing of the person was said yet, or where the server's words say it.
    """
    if refused.code is not None:
        return False
    if asked.initial is None:
        return True
    return _NO_SUCH_MECHANISM.search(refused.text[:_WORDS_LOOKED_AT]) is not None
