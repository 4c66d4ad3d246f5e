"""Servers that lie, stammer, inject or never end: one fault, no secret said, no memory taken."""

from __future__ import annotations

import pytest

from hato.core.ids import MessageNumber
from hato.core.limits import POP3_ANSWER_OCTETS, SASL_LINE_OCTETS
from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.pop3.client_events import (
    ConversationBroken,
    Fault,
    Greeting,
    Ok,
    Refused,
)
from hato.protocols.pop3.commands import Auth, Capa, Noop, Retr, Stls
from tests.unit.pop3_client.dialogue import LOGIN, Dialogue, fault_of, logged_in


@pytest.mark.parametrize(
    "line",
    [
        b"220 mx.example.org ESMTP",
        b"* OK IMAP4rev1",
        b"HTTP/1.0 400 Bad Request",
        b"SSH-2.0-OpenSSH",
        b"",
        b"+ok ready",
        b"+OKAY",
        b"OK",
        b"\0\0\0",
    ],
)
def test_something_else_is_listening(line: bytes) -> None:
    dialogue = Dialogue()
    events = dialogue.hear(line)
    assert fault_of(events) is Fault.NOT_POP3
    assert dialogue.signal is Signal.CLOSED


@pytest.mark.parametrize("octets", [b"\x15\x03\x01\x00\x02\x02\x0a", b"\x16\x03\x03\x00\x7a"])
def test_a_server_that_speaks_tls_is_recognised(octets: bytes) -> None:
    assert Dialogue(is_encrypted=False).hear_octets(octets) == [
        ConversationBroken(Fault.SPEAKS_TLS)
    ]


def test_a_greeting_that_never_comes() -> None:
    assert fault_of(Dialogue().hear_end()) is Fault.CUT_OFF


def test_the_beginning_of_a_greeting_is_shown() -> None:
    dialogue = Dialogue()
    dialogue.hear_octets(b"-ERR [SYS/TEMP] too many conn")
    expected = ConversationBroken(Fault.CUT_OFF, "SYS/TEMP", "too many conn")
    assert dialogue.hear_end() == [expected]


@pytest.mark.parametrize("line", [b"what?", b"* OK", b"+OKok", b"", b".", b"+ abc", b"\xff"])
def test_neither_yes_nor_no(line: bytes) -> None:
    dialogue = logged_in()
    dialogue.ask(Noop())
    assert fault_of(dialogue.hear(line)) is Fault.GARBAGE


def test_what_breaks_it_can_be_shown() -> None:
    dialogue = logged_in()
    dialogue.ask(Noop())
    assert dialogue.hear(b"\x1b]0;x\x07") == [
        ConversationBroken(Fault.GARBAGE, None, "\\x1b]0;x\\x07")
    ]


def test_texts_and_codes_can_be_shown() -> None:
    dialogue = logged_in()
    dialogue.ask(Noop())
    line = b"-ERR [\x1b/x\xff] \x1b[2J\xe9"
    assert dialogue.hear(line) == [Refused(Noop(), "\\x1b/X\\XFF", "\\x1b[2J\\xe9", line)]


@pytest.mark.parametrize("start", [b"+OK ", b"-ERR ", b"x"])
@pytest.mark.parametrize("piece_octets", [1000, 1 << 20])
def test_a_line_without_end(start: bytes, piece_octets: int) -> None:
    for dialogue in (
        Dialogue(piece_octets=piece_octets),
        logged_in(piece_octets=piece_octets),
    ):
        if dialogue.machine.is_logged_in:
            dialogue.ask(Noop())
        assert fault_of(dialogue.hear_octets(start + b"x" * POP3_ANSWER_OCTETS)) is Fault.OVERLONG


def test_a_challenge_without_end() -> None:
    dialogue = Dialogue(piece_octets=1000)
    dialogue.greet()
    dialogue.ask(Auth("X"))
    assert fault_of(dialogue.hear_octets(b"+ " + b"A" * SASL_LINE_OCTETS)) is Fault.OVERLONG


def test_a_second_answer_is_not_taken_for_the_next_one() -> None:
    dialogue = logged_in()
    dialogue.ask(Noop())
    assert fault_of(dialogue.hear("+OK", "+OK nobody asked")) is Fault.UNASKED
    assert dialogue.ask(Noop()) == ""


def test_an_answer_that_lies_there_before_the_question_keeps_the_question_back() -> None:
    dialogue = Dialogue()
    dialogue.machine.receive_data(b"+OK ready\r\n+OK in adv")
    assert isinstance(dialogue.machine.next_event(), Greeting)
    assert dialogue.ask(LOGIN) == ""
    assert dialogue.events() == [ConversationBroken(Fault.UNASKED, None, "in adv")]


def test_an_answer_to_user_that_says_more_keeps_the_password_back() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(LOGIN)
    assert fault_of(dialogue.hear("+OK go on", "+OK welcome")) is Fault.UNASKED
    assert dialogue.said() == ""


def test_a_challenge_nobody_waits_for() -> None:
    dialogue = logged_in()
    assert fault_of(dialogue.hear("+ YWJj")) is Fault.UNASKED


def test_a_goodbye_between_two_answers() -> None:
    dialogue = logged_in()
    assert dialogue.hear("-ERR [SYS/TEMP] shutting down") == [
        ConversationBroken(Fault.SAID_GOODBYE, "SYS/TEMP", "shutting down")
    ]


def test_a_goodbye_that_crosses_a_question() -> None:
    dialogue = logged_in()
    dialogue.machine.receive_data(b"-ERR [SYS/TEMP] shutting down\r\n")
    assert dialogue.ask(Noop()) == ""
    assert dialogue.events() == [
        ConversationBroken(Fault.SAID_GOODBYE, "SYS/TEMP", "shutting down")
    ]


def in_clear() -> Dialogue:
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet()
    dialogue.ask(Stls())
    return dialogue


@pytest.mark.parametrize("more", [b"+OK injected\r\n", b"+", b"\r\n", b"\x16\x03\x03"])
def test_what_follows_the_answer_to_stls_breaks_it(more: bytes) -> None:
    dialogue = in_clear()
    assert dialogue.hear_octets(b"+OK go\r\n" + more) == [ConversationBroken(Fault.INJECTED)]
    assert dialogue.signal is Signal.CLOSED
    dialogue.machine.tls_established()
    assert not dialogue.machine.is_encrypted
    assert dialogue.ask(LOGIN) == ""
    assert dialogue.events() == []


def test_what_comes_before_the_handshake_breaks_it() -> None:
    dialogue = in_clear()
    dialogue.hear("+OK go")
    assert dialogue.signal is Signal.START_TLS
    assert fault_of(dialogue.hear("+OK injected")) is Fault.INJECTED


def test_what_was_not_looked_at_before_the_handshake_breaks_it() -> None:
    dialogue = in_clear()
    dialogue.hear("+OK go")
    dialogue.machine.receive_data(b"+OK injected\r\n")
    dialogue.machine.tls_established()
    assert not dialogue.machine.is_encrypted
    assert fault_of(dialogue.events()) is Fault.INJECTED


def test_the_end_instead_of_the_handshake() -> None:
    dialogue = in_clear()
    dialogue.hear("+OK go")
    assert fault_of(dialogue.hear_end()) is Fault.CUT_OFF


def test_octet_by_octet_stls_is_the_same() -> None:
    dialogue = Dialogue(is_encrypted=False, piece_octets=1)
    dialogue.greet()
    dialogue.ask(Stls())
    (event,) = dialogue.hear("+OK go")
    assert isinstance(event, Ok)
    assert dialogue.signal is Signal.START_TLS


def test_no_login_without_tls_whatever_the_server_says() -> None:
    """A server, or somebody before it, that hides STLS gets no secret."""
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet()
    dialogue.learn("USER", "SASL PLAIN")
    for command in (LOGIN, Auth("PLAIN", Secret("\0ada\0secret"))):
        assert not dialogue.machine.may_send(command)
        with pytest.raises(ValueError, match="may not be sent"):
            dialogue.machine.send(command)
    assert dialogue.said() == ""


def test_after_a_fault_nothing_is_heard_or_kept() -> None:
    dialogue = logged_in()
    dialogue.ask(Capa())
    assert fault_of(dialogue.hear("huh")) is Fault.GARBAGE
    assert dialogue.hear_octets(b"x" * 1_000_000) == []
    assert len(dialogue.machine._lines) == 0
    assert dialogue.hear_end() == []
    assert dialogue.machine.room == 0


def test_a_broken_conversation_says_nothing_that_waited() -> None:
    dialogue = logged_in("PIPELINING")
    dialogue.machine.send(Noop())
    dialogue.machine.send(Retr(MessageNumber(1)))
    assert fault_of(dialogue.hear("huh")) is Fault.GARBAGE
    assert dialogue.said() == ""
