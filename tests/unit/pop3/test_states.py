"""In every state every command does what the table says, and what has no rule is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hato.core.secret import Secret
from hato.protocols.machine import Farewell, Signal
from hato.protocols.pop3.commands import (
    Apop,
    AuthCancel,
    AuthResponse,
    Command,
    Pass,
    UserPass,
)
from hato.protocols.pop3.grammar import KEYWORDS, parse_command
from hato.protocols.pop3.states import AFTER_REFUSAL, AFTER_TLS, OVER, TABLE, State
from tests.unit.pop3.conversation import Conversation, conversation_with

LINES = {
    "CAPA": "CAPA",
    "STLS": "STLS",
    "UTF8": "UTF8",
    "LANG": "LANG ja",
    "USER": "USER ada",
    "PASS": "PASS secret",
    "APOP": "APOP ada c4c9334bac560ecc979e58001b3e22fb",
    "AUTH": "AUTH PLAIN",
    "STAT": "STAT",
    "LIST": "LIST",
    "UIDL": "UIDL",
    "RETR": "RETR 1",
    "TOP": "TOP 1 0",
    "DELE": "DELE 1",
    "NOOP": "NOOP",
    "RSET": "RSET",
    "QUIT": "QUIT",
}


def log_in_and_quit(conversation: Conversation) -> None:
    """Reach the UPDATE state."""
    conversation.log_in()
    conversation.say("QUIT")


TO_STATE: dict[State, Callable[[Conversation], object]] = {
    State.AUTHORIZATION: lambda conversation: None,
    State.USER_GIVEN: lambda conversation: conversation.say("USER ada"),
    State.EXCHANGE: lambda conversation: conversation.say("AUTH PLAIN"),
    State.HANDSHAKE: lambda conversation: conversation.say("STLS"),
    State.TRANSACTION: Conversation.log_in,
    State.UPDATE: log_in_and_quit,
    State.CLOSED: lambda conversation: conversation.say("QUIT"),
}


def in_state(state: State) -> Conversation:
    """Return a conversation that has come to a state by lawful means."""
    conversation = conversation_with(lambda one: None)
    TO_STATE[state](conversation)
    assert conversation.machine._state is state
    conversation.commands.clear()
    return conversation


def test_every_keyword_is_tried() -> None:
    assert set(LINES) == KEYWORDS
    assert set(TO_STATE) == set(TABLE) == set(State)


@pytest.mark.parametrize("keyword", LINES)
@pytest.mark.parametrize("state", [State.AUTHORIZATION, State.USER_GIVEN, State.TRANSACTION])
def test_a_command_goes_where_the_table_says(state: State, keyword: str) -> None:
    conversation = in_state(state)
    command = parse_command(LINES[keyword].encode())
    rule = TABLE[state].get(type(command))
    answer = conversation.say(LINES[keyword])
    after = conversation.machine._state
    if rule is None:
        assert answer.startswith(b"-ERR ")
        assert after is AFTER_REFUSAL.get(state, state)
        assert conversation.commands == []
    elif keyword == "AUTH":
        assert answer == b"+ \r\n"
        assert after is State.EXCHANGE
    else:
        assert answer.startswith(b"+OK ")
        assert after is rule.after_ok
        expected = UserPass("ada", Secret("secret")) if isinstance(command, Pass) else command
        assert conversation.commands == ([] if rule.is_answered_here else [expected])


@pytest.mark.parametrize("state", [State.UPDATE, State.CLOSED])
@pytest.mark.parametrize("keyword", LINES)
def test_when_it_is_over_nothing_is_answered(state: State, keyword: str) -> None:
    conversation = in_state(state)
    assert conversation.say(LINES[keyword]) == b""
    assert conversation.signal is (Signal.PARTED if state is State.UPDATE else Signal.CLOSED)
    assert conversation.commands == []


@pytest.mark.parametrize("keyword", LINES)
def test_before_the_handshake_nothing_is_answered(keyword: str) -> None:
    conversation = in_state(State.HANDSHAKE)
    assert conversation.say(LINES[keyword]) == b""
    assert conversation.signal is Signal.START_TLS
    assert conversation.commands == []


def test_the_handshake_leads_where_the_table_says() -> None:
    machine = in_state(State.HANDSHAKE).machine
    machine.tls_established()
    assert machine._state is AFTER_TLS[State.HANDSHAKE]


def test_a_conversation_that_ended_before_the_handshake_did_stays_ended() -> None:
    machine = in_state(State.HANDSHAKE).machine
    machine.say_farewell(Farewell.SHUTTING_DOWN)
    machine.tls_established()
    assert machine.next_command() is Signal.CLOSED


@pytest.mark.parametrize("keyword", [word for word in LINES if word not in {"NOOP", "CAPA"}])
def test_in_an_exchange_a_command_is_a_bad_response(keyword: str) -> None:
    conversation = in_state(State.EXCHANGE)
    line = LINES[keyword]
    if len(line) % 4 == 0 and line.isalnum():
        assert conversation.say(line).startswith(b"+OK")
        assert [type(command) for command in conversation.commands] == [AuthResponse]
    else:
        assert conversation.say(line).startswith(b"-ERR ")
        assert conversation.machine._state is State.AUTHORIZATION
        assert conversation.commands == []


@pytest.mark.parametrize("state", [State.AUTHORIZATION, State.USER_GIVEN])
@pytest.mark.parametrize("keyword", LINES)
def test_unencrypted_only_what_needs_no_login_is_allowed(state: State, keyword: str) -> None:
    conversation = Conversation(offers_tls=True)
    answer = conversation.say(LINES[keyword])
    allowed = keyword in {"CAPA", "STLS", "UTF8", "LANG", "QUIT"}
    assert answer.startswith(b"+OK " if allowed else b"-ERR ")
    assert not any(isinstance(one, UserPass | Apop) for one in conversation.commands)


def test_every_rule_ends_in_a_state_of_the_table() -> None:
    for rules in TABLE.values():
        for kind, rule in rules.items():
            assert issubclass(kind, Command)
            assert {rule.after_ok, rule.after_err} <= set(State)
    assert all(TABLE[state] == {} for state in OVER)
    assert AuthCancel in TABLE[State.EXCHANGE]
