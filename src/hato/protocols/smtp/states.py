"""Which command is legal when, and where it leads: tables, nothing else.

Called by the machine; the diagrams in docs/protocols are drawn from them.
Never decides anything.
Standards: RFC 5321 §4.1.4 (order of commands), RFC 2033 §4 (LMTP).
Fails never.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias


class State(StrEnum):
    """Where a conversation stands."""

    CONNECTED = "connected"
    """Greeted by us, not yet by the client."""

    READY = "ready"
    """No transaction is open."""

    SENDER = "sender"
    """MAIL was accepted, no recipient yet."""

    RECIPIENTS = "recipients"
    """At least one recipient was accepted."""

    MESSAGE = "message"
    """The octets of the message are being sent."""

    CLOSED = "closed"
    """Over."""


class Verb(StrEnum):
    """The commands, and the end of a message, which is answered like one."""

    LHLO = "LHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    END_OF_DATA = "."
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    HELP = "HELP"
    QUIT = "QUIT"


Table: TypeAlias = Mapping[State, Mapping[Verb, State]]
"""State and command lead to the state after a positive reply; what is missing is refused."""

LMTP: Final[Table] = {
    State.CONNECTED: {
        Verb.LHLO: State.READY,
        Verb.RSET: State.CONNECTED,
        Verb.NOOP: State.CONNECTED,
        Verb.VRFY: State.CONNECTED,
        Verb.HELP: State.CONNECTED,
        Verb.QUIT: State.CLOSED,
    },
    State.READY: {
        Verb.LHLO: State.READY,
        Verb.MAIL: State.SENDER,
        Verb.RSET: State.READY,
        Verb.NOOP: State.READY,
        Verb.VRFY: State.READY,
        Verb.HELP: State.READY,
        Verb.QUIT: State.CLOSED,
    },
    State.SENDER: {
        Verb.LHLO: State.READY,
        Verb.RCPT: State.RECIPIENTS,
        Verb.RSET: State.READY,
        Verb.NOOP: State.SENDER,
        Verb.VRFY: State.SENDER,
        Verb.HELP: State.SENDER,
        Verb.QUIT: State.CLOSED,
    },
    State.RECIPIENTS: {
        Verb.LHLO: State.READY,
        Verb.RCPT: State.RECIPIENTS,
        Verb.DATA: State.MESSAGE,
        Verb.RSET: State.READY,
        Verb.NOOP: State.RECIPIENTS,
        Verb.VRFY: State.RECIPIENTS,
        Verb.HELP: State.RECIPIENTS,
        Verb.QUIT: State.CLOSED,
    },
    State.MESSAGE: {
        Verb.END_OF_DATA: State.READY,
    },
    State.CLOSED: {},
}

RECOGNISED_ONLY: Final = frozenset(
    {"EXPN", "BDAT", "SEND", "SOML", "SAML", "TURN", "ETRN", "AUTH", "STARTTLS"}
)
"""Commands that exist and that we do not speak: 502 instead of 500 (RFC 5321 §4.2.4)."""
