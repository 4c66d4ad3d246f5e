"""An SMTP client's machine against servers that keep to no rule."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.smtp.client_commands import Auth, Ehlo, EndOfData, StartTls
from hato.protocols.smtp.client_events import ConversationBroken, Event, Fault, Greeting, Replied
from hato.protocols.smtp.commands import Mail, Rcpt
from tests.unit.smtp_client.dialogue import DATA, EHLO, MAIL, RCPT, Dialogue, codes


def fault_of(events: list[Event]) -> Fault:
    broken = events[-1]
    assert isinstance(broken, ConversationBroken)
    return broken.fault


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"+OK POP3 ready\r\n", Fault.NOT_SMTP),
        (b"HTTP/1.1 400 Bad Request\r\n", Fault.NOT_SMTP),
        (b"\x15\x03\x01\x00\x02\x02\x16", Fault.SPEAKS_TLS),
        (b"220 " + b"x" * 5000, Fault.OVERLONG),
        (b"220-x\r\n" * 300, Fault.NOT_SMTP),
        (b"220 hello\r\n250 what?\r\n", Fault.UNASKED),
        (b"220 hello\r\n421 4.3.2 going down\r\n", Fault.SAID_GOODBYE),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_openings_that_break_it(octets: bytes, fault: Fault) -> None:
    dialogue = Dialogue()
    assert fault_of(dialogue.hear_octets(octets)) is fault
    assert dialogue.signal is Signal.CLOSED


def test_a_greeting_that_turns_us_away_is_the_end() -> None:
    dialogue = Dialogue()
    (event,) = dialogue.hear("554 5.7.1 no service for you")
    assert isinstance(event, Greeting)
    assert event.reply.code == 554
    assert dialogue.signal is Signal.CLOSED


@pytest.mark.parametrize(
    "lines", [(b"what?",), (b"250-one", b"251 two"), (b"199 no",), (b"2500 no",), (b"",)]
)
def test_an_answer_that_is_none(lines: tuple[bytes, ...]) -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.machine.send(MAIL)
    assert fault_of(dialogue.hear(*lines)) is Fault.GARBAGE


def test_the_end_between_two_answers_differs_from_one_that_cuts() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    assert fault_of(dialogue.hear_end()) is Fault.CLOSED_BY_SERVER
    other = Dialogue()
    other.greet()
    other.machine.send(MAIL)
    assert fault_of(other.hear_end()) is Fault.CUT_OFF


def test_words_put_in_before_the_handshake_break_it() -> None:
    """RFC 3207 §4.2, the injection of CVE-2021-38371."""
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet("STARTTLS")
    dialogue.machine.send(StartTls())
    events = dialogue.hear_octets(b"220 go\r\n250-mail\r\n250 AUTH PLAIN\r\n")
    assert fault_of(events) is Fault.INJECTED
    dialogue.machine.tls_established()
    assert dialogue.machine.extensions is not None  # nothing is believed of it: it is over
    assert dialogue.signal is Signal.CLOSED


def test_an_answer_before_its_question_breaks_it() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.machine.receive_data(b"250 already\r\n")
    dialogue.machine.send(MAIL)
    assert fault_of(dialogue.events()) is Fault.UNASKED


def test_a_goodbye_ends_what_ran_ahead() -> None:
    dialogue = Dialogue()
    dialogue.greet("PIPELINING")
    dialogue.machine.send(MAIL)
    dialogue.machine.send(RCPT)
    events = dialogue.hear("421 4.3.2 shutting down")
    assert codes(events) == [421]
    assert fault_of(events) is Fault.SAID_GOODBYE


def test_no_secret_leaves_without_tls() -> None:
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet("AUTH PLAIN")
    with pytest.raises(ValueError, match="Auth may not be sent"):
        dialogue.machine.send(Auth("PLAIN", Secret("x")))
    assert dialogue.said() == ""


@pytest.mark.parametrize(
    "command",
    [
        Mail("ada@example.org>\r\nRCPT TO:<eve@example.net"),
        Mail("ada"),
        Mail("ada b@example.org"),
        Ehlo("a\r\nb"),
        Auth("PLAIN X"),
        Auth("PLAIN", Secret(b"x" * 12_000)),
    ],
)
def test_what_is_more_than_one_line_is_never_said(command: Mail | Ehlo | Auth) -> None:
    dialogue = Dialogue()
    dialogue.greet("AUTH PLAIN")
    with pytest.raises(ValueError, match=type(command).__name__):
        dialogue.machine.send(command)
    assert dialogue.said() == ""


def test_a_recipient_cannot_smuggle_a_command() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.machine.send(MAIL)
    dialogue.hear("250 ok")
    dialogue.said()
    with pytest.raises(ValueError, match="Rcpt"):
        dialogue.machine.send(Rcpt("bob@example.net>\r\nDATA\r\n"))
    assert dialogue.said() == ""


def test_what_cannot_be_shown_is_escaped() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.machine.send(MAIL)
    (event,) = dialogue.hear(b"550 5.7.1 \x1b[2J\xff no")
    assert isinstance(event, Replied)
    assert event.reply.lines == ("\\x1b[2J\\xff no",)


def test_no_letter_is_said_to_a_server_that_goes_on_hearing_commands() -> None:
    """It would take the letter's lines for commands (RFC 5321 §4.1.1.4: 354 asks for it)."""
    dialogue = Dialogue()
    dialogue.greet()
    for command, answer in ((MAIL, "250 ok"), (RCPT, "250 ok")):
        dialogue.machine.send(command)
        dialogue.hear(answer)
    dialogue.machine.send(DATA)
    assert fault_of(dialogue.hear("250 2.0.0 ok")) is Fault.GARBAGE
    dialogue.machine.send_octets(b"RCPT TO:<eve@example.net>\r\n", [])
    assert b"eve" not in b"".join(map(bytes, dialogue.machine.data_to_send()))


def test_a_letter_is_not_taken_where_more_is_asked_for() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    for command, answer in ((MAIL, "250 ok"), (RCPT, "250 ok"), (DATA, "354 go on")):
        dialogue.machine.send(command)
        dialogue.hear(answer)
    dialogue.machine.send_octets(b"x\r\n", [])
    dialogue.machine.send(EndOfData())
    assert fault_of(dialogue.hear("354 go on")) is Fault.GARBAGE


def test_a_letter_is_not_ended_twice_nor_without_data() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    with pytest.raises(ValueError, match="EndOfData"):
        dialogue.machine.send(EndOfData())
    with pytest.raises(ValueError, match="no letter is due"):
        dialogue.machine.send_octets(b"x", [])


@pytest.mark.parametrize("seed", range(40))
def test_any_octets_are_survived(seed: int) -> None:
    chance = random.Random(seed)
    parts = [b"250", b"-", b" ", b"\r\n", b"\n", b"421 x\r\n", b"354 go\r\n", b"334 \r\n", b"\x00"]
    dialogue = Dialogue()
    for command in (EHLO, MAIL, RCPT, DATA):
        octets = b"".join(chance.choices(parts, k=12))
        events = dialogue.hear_octets(octets)
        assert all(isinstance(event, Event) for event in events)
        if dialogue.machine.may_send(command):
            dialogue.machine.send(command)
    dialogue.hear_end()
    assert dialogue.signal is Signal.CLOSED


def test_an_endless_answer_costs_no_memory() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.machine.send(MAIL)
    tracemalloc.start()
    for _ in range(2_000):
        dialogue.hear_octets(b"250-" + b"x" * 4_000 + b"\r\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    assert dialogue.signal is Signal.CLOSED
