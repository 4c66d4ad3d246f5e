"""The states of an SMTP conversation as its client sees it, and what may be said in each: data.

Called by the client's machine.
Never decides anything: a command that has no rule in a state is the caller's bug.
Standards: RFC 5321 §4.1.4 (order), RFC 3207 §4.2, RFC 4954 §4, RFC 2920 §3.1 (what may be alone).
Fails never.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from hato.protocols.smtp.client_commands import (
    Auth,
    AuthCancel,
    AuthResponse,
    ClientCommand,
    Ehlo,
    EndOfData,
    StartTls,
)
from hato.protocols.smtp.commands import Data, Mail, Quit, Rcpt, Rset


class State(Enum):
    """Where a conversation stands."""

    CONNECTED = auto()
    """Greeted, or newly under TLS: nothing is known of the server."""
    HANDSHAKE = auto()
    """STARTTLS was accepted; TLS comes next."""
    READY = auto()
    """EHLO was answered; no transaction is open."""
    EXCHANGE = auto()
    """A SASL exchange is going on: lines are responses, not commands."""
    TRANSACTION = auto()
    """MAIL was said."""
    MESSAGE = auto()
    """The octets of the letter are due."""
    CLOSED = auto()
    """Over."""


class Rule(NamedTuple):
    """What becomes of the state when a command is answered."""

    after_yes: State
    after_no: State
    is_login: bool = False
    """Says who somebody is: not where others could listen."""
    may_run_ahead: bool = False
    """May be said before what was said before it is answered, where PIPELINING is offered."""


_CONNECTED, _READY, _CLOSED = State.CONNECTED, State.READY, State.CLOSED
_TRANSACTION, _EXCHANGE = State.TRANSACTION, State.EXCHANGE
_QUIT: Final = Rule(_CLOSED, _CLOSED)
_RSET: Final = Rule(_READY, _READY)

TABLE: Final[Mapping[State, Mapping[type[ClientCommand], Rule]]] = {
    State.CONNECTED: {Ehlo: Rule(_READY, _CONNECTED), Quit: _QUIT},
    State.HANDSHAKE: {},
    State.READY: {
        Ehlo: Rule(_READY, _CONNECTED),
        StartTls: Rule(State.HANDSHAKE, _READY),
        Auth: Rule(_READY, _READY, is_login=True),
        Mail: Rule(_TRANSACTION, _READY),
        Rset: _RSET,
        Quit: _QUIT,
    },
    State.EXCHANGE: {
        AuthResponse: Rule(_READY, _READY, is_login=True),
        AuthCancel: Rule(_READY, _READY),
    },
    State.TRANSACTION: {
        Rcpt: Rule(_TRANSACTION, _TRANSACTION, may_run_ahead=True),
        Data: Rule(State.MESSAGE, _TRANSACTION),
        Rset: _RSET,
        Quit: _QUIT,
    },
    State.MESSAGE: {EndOfData: Rule(_READY, _READY)},
    State.CLOSED: {},
}
