"""From what an SMTP server refuses, or how it ends, to errors of the domain: one place.

Called by the files of the SMTP client.
Never takes a busy server for a wrong password, nor a wrong password for a missing mechanism.
Standards: RFC 5321 §4.2.1 (4yz passes, 5yz does not), RFC 4954 §6, RFC 3463 §3.8.
Fails never.
"""

from __future__ import annotations

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
from hato.protocols.smtp.client_commands import Auth
from hato.protocols.smtp.client_events import ConversationBroken, Fault
from hato.protocols.smtp.client_replies import ServerReply

_LOSSES: Final = {
    Fault.CLOSED_BY_SERVER: Loss.CLOSED,
    Fault.CUT_OFF: Loss.CLOSED,
    Fault.SAID_GOODBYE: Loss.SAID_GOODBYE,
}
_NO_SUCH_MECHANISM: Final = frozenset({500, 501, 502, 504})
"""RFC 4954 §4: 504; some servers say that they do not know the command in that form."""
_WRONG: Final = frozenset({432, 534, 535})
"""RFC 4954 §6, RFC 4954 §4: another password is wanted, a stronger mechanism, or this is wrong."""


def error_of_greeting(reply: ServerReply) -> HatoError:
    """Return what it means to be refused with the first line (RFC 5321 §3.1)."""
    if reply.is_passing:
        return BusyError(Busy.PASSING_FAULT, reply.words)
    return TurnedAwayError(reply.words)


def error_of(reply: ServerReply) -> HatoError:
    """Return what a refusal means that is about no recipient and no login."""
    if reply.is_passing:
        return BusyError(Busy.PASSING_FAULT, reply.words)
    return RefusedForGoodError(reply.words)


def error_of_login(reply: ServerReply, method: str, words: str = "") -> HatoError:
    """Return what a refused login means; `words`: what the mechanism was told besides."""
    if reply.is_passing and reply.code not in _WRONG:
        return BusyError(Busy.PASSING_FAULT, reply.words)
    return WrongCredentialsError(method, " ".join(filter(None, (reply.words, words))))


def is_no_such_mechanism(asked: Auth, reply: ServerReply) -> bool:
    """Tell whether a server refuses a mechanism rather than a person."""
    return reply.code in _NO_SUCH_MECHANISM or (
        asked.initial is None and not reply.is_passing and reply.code not in _WRONG
    )


def error_of_end(broken: ConversationBroken) -> HatoError:
    """Return what the end of a conversation means."""
    loss = _LOSSES.get(broken.fault)
    if loss is None:
        return NonsenseError(broken.fault.name, broken.text)
    return ConnectionLostError(loss, broken.text)
