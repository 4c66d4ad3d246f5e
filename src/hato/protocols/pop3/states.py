"""The states of a POP3 session, and what may be said in each: data only.

Called by the machine; `docs/protocols` shows it as a diagram.
Never decides anything: a command that has no rule in a state is refused there.
Standards: RFC 1939 §4 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2 and §3.
Fails never.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from hato.protocols.pop3.commands import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)


class State(Enum):
    """Where a session stands."""

    AUTHORIZATION = auto()
    """Nobody is logged in (RFC 1939 §4)."""
    USER_GIVEN = auto()
    """The same, and USER has just been accepted."""
    EXCHANGE = auto()
    """A SASL exchange is going on: lines are responses, not commands (RFC 5034 §4)."""
    HANDSHAKE = auto()
    """STLS was accepted; TLS comes next (RFC 2595 §4)."""
    TRANSACTION = auto()
    """Somebody is logged in (RFC 1939 §5)."""
    UPDATE = auto()
    """QUIT has been answered after login: over (RFC 1939 §6)."""
    CLOSED = auto()
    """Over, with nothing deleted."""


class Rule(NamedTuple):
    """What becomes of the state when a command is answered."""

    after_ok: State
    after_err: State
    is_answered_here: bool = False
    """By the machine itself; the edge does not hear of it."""
    is_login: bool = False
    """Only where nobody can listen: under TLS or from an address that needs none (RFC 8314 §3)."""
    needs_stamp: bool = False
    """Known only where the greeting had a stamp (RFC 1939 §7)."""
    counts_failures: bool = False
    """A refusal counts against FAILED_LOGINS_PER_CONNECTION, whatever it says: each is logged.

    Only a maildrop in use does not: that may be over at the next try."""


_A: Final = State.AUTHORIZATION
_G: Final = State.USER_GIVEN
_E: Final = State.EXCHANGE
_T: Final = State.TRANSACTION

TABLE: Final[dict[State, dict[type, Rule]]] = {
    State.AUTHORIZATION: {
        Capa: Rule(_A, _A),
        Stls: Rule(State.HANDSHAKE, _A, is_answered_here=True),
        Utf8: Rule(_A, _A, is_answered_here=True),
        Lang: Rule(_A, _A, is_answered_here=True),
        User: Rule(_G, _A, is_answered_here=True, is_login=True),
        Apop: Rule(_T, _A, is_login=True, needs_stamp=True, counts_failures=True),
        Auth: Rule(_T, _A, is_login=True, counts_failures=True),
        Quit: Rule(State.CLOSED, State.CLOSED, is_answered_here=True),
    },
    State.USER_GIVEN: {
        Capa: Rule(_G, _G),
        Stls: Rule(State.HANDSHAKE, _A, is_answered_here=True),
        Utf8: Rule(_G, _G, is_answered_here=True),
        Lang: Rule(_G, _G, is_answered_here=True),
        # RFC 1939 §7 does not foresee a second USER; it replaces the first: people mistype.
        User: Rule(_G, _A, is_answered_here=True, is_login=True),
        Pass: Rule(_T, _A, is_login=True, counts_failures=True),
        Quit: Rule(State.CLOSED, State.CLOSED, is_answered_here=True),
    },
    State.EXCHANGE: {
        AuthResponse: Rule(_T, _A, is_login=True, counts_failures=True),
        AuthCancel: Rule(_A, _A),
    },
    State.HANDSHAKE: {},
    State.TRANSACTION: {
        Capa: Rule(_T, _T),
        Lang: Rule(_T, _T, is_answered_here=True),
        Stat: Rule(_T, _T),
        List: Rule(_T, _T),
        Uidl: Rule(_T, _T),
        Retr: Rule(_T, _T),
        Top: Rule(_T, _T),
        Dele: Rule(_T, _T),
        Noop: Rule(_T, _T, is_answered_here=True),
        Rset: Rule(_T, _T),
        Quit: Rule(State.UPDATE, State.UPDATE),
    },
    State.UPDATE: {},
    State.CLOSED: {},
}
"""Each state, and each command that is legal there, by its class."""

AFTER_CHALLENGE: Final[dict[State, State]] = {
    State.AUTHORIZATION: State.EXCHANGE,
    State.EXCHANGE: State.EXCHANGE,
}
"""Where an answer that is neither yes nor no leads (RFC 5034 §4)."""

AFTER_TLS: Final[dict[State, State]] = {State.HANDSHAKE: State.AUTHORIZATION}
"""Where the handshake leads: back to the beginning (RFC 2595 §4)."""

AFTER_REFUSAL: Final[dict[State, State]] = {
    State.USER_GIVEN: State.AUTHORIZATION,
    State.EXCHANGE: State.AUTHORIZATION,
}
"""Where a line that the machine refuses leads: PASS must follow its USER immediately (RFC 1939
§7), and a response that is not base64 ends its exchange (RFC 5034 §4). Elsewhere it changes
nothing."""

OVER: Final = frozenset({State.UPDATE, State.CLOSED})
"""Nothing is read any more."""
