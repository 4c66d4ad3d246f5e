"""LMTP as a conversation: who may say what when, and what is answered."""

from __future__ import annotations

import pytest

from hato.core.limits import BAD_COMMANDS_AFTER_LOGIN, SMTP_COMMANDS_WITHOUT_MESSAGE
from hato.protocols.machine import Farewell, Signal
from hato.protocols.smtp import commands, replies, states
from hato.protocols.smtp.commands import DataFault
from hato.protocols.smtp.server import LMTP, Dialect
from hato.protocols.smtp.states import State, Verb
from tests.unit.smtp.conversation import (
    DISK_FULL,
    GREETING,
    SAVED,
    Conversation,
    codes_of,
    envelope,
)


def test_the_client_is_greeted_and_told_what_it_can_ask_for() -> None:
    conversation = Conversation(greet=False, message_octets=1000)
    assert conversation.say(b"") == GREETING
    assert conversation.say(b"LHLO client.example.net\r\n") == (
        b"250-mail.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000\r\n"
    )


def test_each_recipient_is_answered_in_order() -> None:
    """RFC 2033 §4.2, also twice for one who was named twice."""
    conversation = Conversation()
    said = conversation.say(envelope("ben", "nobody", "cleo", "ben"))
    assert codes_of(said) == [
        "250 2.1.0",
        "250 2.1.5",
        "550 5.1.1",
        "250 2.1.5",
        "250 2.1.5",
        "354",
    ]
    said = conversation.say(b"Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n")
    assert codes_of(said) == ["250 2.0.0"] * 3 + ["221 2.0.0"]
    assert conversation.is_closed
    (taken,) = conversation.taken
    assert taken.octets == b"Subject: x\r\n\r\n.dot\r\n"
    assert taken.recipients == ["ben@example.org", "cleo@example.org", "ben@example.org"]


def test_data_without_a_recipient_is_refused_with_503() -> None:
    """RFC 2033 §4.2."""
    conversation = Conversation()
    said = conversation.say(envelope("nobody"))
    assert codes_of(said) == ["250 2.1.0", "550 5.1.1", "503 5.5.1"]
    assert codes_of(conversation.say(b"NOOP\r\n")) == ["250 2.0.0"]


def test_an_empty_message_is_a_message() -> None:
    conversation = Conversation()
    conversation.say(envelope())
    assert codes_of(conversation.say(b".\r\n")) == ["250 2.0.0"]
    assert conversation.taken[0].octets == b""


@pytest.mark.parametrize("verb", ["HELO", "EHLO", "ehlo"])
def test_the_greetings_of_smtp_are_refused(verb: str) -> None:
    """RFC 2033 §4.1 recommends 500."""
    conversation = Conversation(greet=False)
    assert codes_of(conversation.say(f"{verb} x\r\n".encode()))[1:] == ["500 5.5.1"]


@pytest.mark.parametrize("verb", sorted(states.RECOGNISED_ONLY))
def test_commands_that_we_do_not_speak_are_told_apart_from_nonsense(verb: str) -> None:
    """RFC 5321 §4.2.4."""
    conversation = Conversation()
    assert codes_of(conversation.say(f"{verb} x\r\n".encode())) == ["502 5.5.1"]
    assert codes_of(conversation.say(b"NONSENSE\r\n")) == ["500 5.5.2"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<a@b>", "503 5.5.1"),
        (b"RCPT TO:<a@b>", "503 5.5.1"),
        (b"DATA", "503 5.5.1"),
        (b"NOOP", "250 2.0.0"),
        (b"NOOP whatever", "250 2.0.0"),
        (b"HELP", "214 2.0.0"),
        (b"HELP MAIL", "214 2.0.0"),
        (b"VRFY ada", "252 2.5.0"),
        (b"RSET", "250 2.0.0"),
        (b"QUIT", "221 2.0.0"),
        (b"", "500 5.5.2"),
        (b".", "500 5.5.2"),
    ],
)
def test_before_lhlo(line: bytes, code: str) -> None:
    """RFC 5321 §4.1.4: what is no transaction needs no greeting."""
    conversation = Conversation(greet=False)
    assert codes_of(conversation.say(line + b"\r\n"))[1:] == [code]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"LHLO", "501 5.5.4"),
        (b"LHLO (x)", "501 5.5.4"),
        (b"MAIL", "501 5.5.4"),
        (b"MAIL FROM:<a@>", "501 5.1.7"),
        (b"MAIL FROM:<a@b> X=1", "555 5.5.4"),
        ("MAIL FROM:<鳩@b>".encode(), "550 5.6.7"),
        (b"RCPT TO:<a@b>", "503 5.5.1"),
        (b"DATA", "503 5.5.1"),
        (b"VRFY", "501 5.5.4"),
        (b"RSET now", "501 5.5.4"),
        (b"QUIT now", "501 5.5.4"),
        (b"NO\tOP", "500 5.5.2"),
        (b"NOOP \0", "500 5.5.2"),
        (b"NOOP a\rb", "500 5.5.2"),
        (b"NOOP \x1b[2J", "500 5.5.2"),
        (b"NOOP \xff", "500 5.5.2"),
        ("NOOP 鳩".encode(), "250 2.0.0"),
        (b"noop   ", "250 2.0.0"),
        (b" NOOP", "500 5.5.2"),
    ],
)
def test_after_lhlo(line: bytes, code: str) -> None:
    conversation = Conversation()
    assert codes_of(conversation.say(line + b"\r\n")) == [code]
    assert codes_of(conversation.say(b"RSET\r\n")) == ["250 2.0.0"]


def test_within_a_transaction() -> None:
    conversation = Conversation()
    conversation.say(b"MAIL FROM:<a@b>\r\n")
    assert codes_of(conversation.say(b"MAIL FROM:<a@b>\r\n")) == ["503 5.5.1"]
    assert codes_of(conversation.say(b"RCPT TO:<a@b> X=1\r\n")) == ["555 5.5.4"]
    assert codes_of(conversation.say(b"RCPT TO:<a@>\r\n")) == ["501 5.1.3"]
    assert codes_of(conversation.say("RCPT TO:<鳩@b>\r\n".encode())) == ["553 5.6.7"]
    assert codes_of(conversation.say(b"RCPT TO:<a@b>\r\nDATA x\r\n")) == ["250 2.1.5", "501 5.5.4"]
    assert codes_of(conversation.say(b"NOOP\r\nVRFY x\r\nHELP\r\nDATA\r\n"))[-1] == "354"


@pytest.mark.parametrize("line", [b"RSET\r\n", b"LHLO again.example\r\n"])
def test_a_transaction_is_forgotten_on_demand(line: bytes) -> None:
    conversation = Conversation()
    conversation.say(b"MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<c@d>\r\n")
    assert conversation.say(line).startswith(b"250")
    assert codes_of(conversation.say(b"RCPT TO:<c@d>\r\n")) == ["503 5.5.1"]
    said = conversation.say(envelope("ben") + b"\r\n.\r\n")
    assert codes_of(said) == ["250 2.1.0", "250 2.1.5", "354", "250 2.0.0"]
    said = conversation.say("MAIL FROM:<a@b>\r\nRCPT TO:<鳩@d>\r\n".encode())
    assert codes_of(said) == ["250 2.1.0", "553 5.6.7"]


def test_a_message_announced_too_large_is_refused_at_once() -> None:
    """RFC 1870 §6.1; what was sent in the same batch does the connection no harm."""
    conversation = Conversation(message_octets=1000)
    batch = b"MAIL FROM:<a@b> SIZE=1001\r\n" + b"RCPT TO:<c@d>\r\n" * 60 + b"DATA\r\n"
    assert codes_of(conversation.say(batch)) == ["552 5.3.4"] + ["503 5.5.1"] * 61
    assert codes_of(conversation.say(b"MAIL FROM:<a@b> SIZE=1000\r\n")) == ["250 2.1.0"]


def test_a_message_that_turns_out_too_large_is_refused_for_each_recipient() -> None:
    """RFC 1870 §6.3: at its true end; the edge hears at once that there is nothing to keep."""
    conversation = Conversation(message_octets=1000)
    conversation.say(envelope("ben", "cleo"))
    assert conversation.say(b"x" * 998 + b"\r\n" + b"y\r\n") == b""
    assert conversation.faults == [DataFault.TOO_LARGE]
    assert conversation.say(b"z\r\n" * 100_000) == b""
    assert codes_of(conversation.say(b".\r\nNOOP\r\n")) == ["552 5.3.4"] * 2 + ["250 2.0.0"]
    said = conversation.say(envelope() + b"x" * 998 + b"\r\n.\r\n")
    assert codes_of(said)[-1] == "250 2.0.0"
    assert len(conversation.taken) == 1


def test_after_a_message_refused_for_everybody_only_the_new_recipients_count() -> None:
    conversation = Conversation(recipients=3, message_octets=100)
    conversation.verdict = DISK_FULL
    conversation.say(envelope("ben", "cleo"))
    assert codes_of(conversation.say(b"x\r\n.\r\n")) == ["452 4.3.1"] * 2
    conversation.verdict = SAVED
    said = conversation.say(envelope("ben", "cleo", "dora"))
    assert codes_of(said) == ["250 2.1.0", *["250 2.1.5"] * 3, "354"]
    said = conversation.say(bytes(101) + b"\r\n.\r\nNOOP\r\n")
    assert codes_of(said) == ["552 5.3.4"] * 3 + ["250 2.0.0"]


def test_a_recipient_too_many_is_asked_for_later() -> None:
    """RFC 5321 §4.5.3.1.10: 452, and those before it are served."""
    conversation = Conversation(recipients=3)
    said = conversation.say(envelope("a", "b", "nobody", "c", "d", "e"))
    assert codes_of(said) == [
        "250 2.1.0",
        "250 2.1.5",
        "250 2.1.5",
        "550 5.1.1",
        "250 2.1.5",
        "452 4.5.3",
        "452 4.5.3",
        "354",
    ]
    assert codes_of(conversation.say(b"x\r\n.\r\n")) == ["250 2.0.0"] * 3


def test_a_batch_of_many_commands_is_answered_in_order() -> None:
    conversation = Conversation(recipients=1000)
    names = [f"{'nobody' if number % 3 == 0 else 'ben'}" for number in range(1000)]
    said = codes_of(conversation.say(envelope(*names)))
    expected = ["550 5.1.1" if name == "nobody" else "250 2.1.5" for name in names]
    assert said == ["250 2.1.0", *expected, "354"]


def test_the_next_envelope_may_come_with_the_end_of_a_message() -> None:
    """RFC 2920 §3.1."""
    conversation = Conversation()
    conversation.say(envelope())
    for _ in range(3):
        said = conversation.say(b"Subject: x\r\n\r\n.\r\n" + envelope("a", "b"))
        assert codes_of(said)[-4:] == ["250 2.1.0", "250 2.1.5", "250 2.1.5", "354"]
    assert [len(taken.recipients) for taken in conversation.taken] == [1, 2, 2]


def test_replies_that_nobody_reads_are_not_piled_up() -> None:
    conversation = Conversation()
    machine = conversation.machine
    machine.receive_data(b"VRFY x\r\n" * 900)
    machine.receive_data(b"MAIL FROM:<a@b>\r\n" + b"RCPT TO:<nobody@x>\r\n" * 90)
    while isinstance(command := machine.next_command(), commands.Vrfy):
        machine.send(replies.Reply(252, "2.5.0", ("x" * 400,)))
    assert command is Signal.PAUSED
    assert 65_536 < machine.pending_octets < 66_500
    assert machine.data_to_send()
    assert machine.pending_octets == 0
    assert isinstance(machine.next_command(), commands.Vrfy)


@pytest.mark.parametrize("octets", [512, 1000, 2000, 2048])
def test_a_long_command_is_read(octets: int) -> None:
    conversation = Conversation()
    line = b"NOOP " + b"x" * (octets - 7) + b"\r\n"
    assert codes_of(conversation.say(line)) == ["250 2.0.0"]


@pytest.mark.parametrize("piece", [0, 1, 100])
def test_a_longer_command_is_refused_once(piece: int) -> None:
    conversation = Conversation()
    line = b"NOOP " + b"x" * 5000 + b"\r\nNOOP\r\n"
    assert codes_of(conversation.say(line, piece)) == ["500 5.5.2", "250 2.0.0"]


def test_a_command_without_end_ends_the_conversation() -> None:
    conversation = Conversation()
    said = b"".join(conversation.say(b"A" * 4096) for _ in range(40))
    assert codes_of(said) == ["500 5.5.2", "421 4.7.0"]
    assert conversation.is_closed


@pytest.mark.parametrize("piece", [0, 1])
def test_nothing_of_a_line_with_a_bare_lf_is_obeyed(piece: int) -> None:
    """RFC 5321 §2.3.8: an address that smuggles a line in does not get it obeyed."""
    conversation = Conversation()
    conversation.say(b"MAIL FROM:<a@b>\r\n")
    said = conversation.say(b"RCPT TO:<c@d>\nRCPT TO:<e@f>\r\nDATA\r\n", piece)
    assert codes_of(said) == ["500 5.5.2", "503 5.5.1"]


def test_who_speaks_only_lf_is_told_each_time_and_then_left() -> None:
    conversation = Conversation()
    said = codes_of(conversation.say(b"NOOP\n" * 100))
    assert said == ["500 5.5.2"] * BAD_COMMANDS_AFTER_LOGIN + ["421 4.7.0"]


def test_strangers_get_three_tries() -> None:
    conversation = Conversation(greet=False)
    said = conversation.say(b"GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n\r\n")
    assert codes_of(said)[1:] == ["500 5.5.2"] * 3 + ["421 4.7.0"]
    assert conversation.is_closed


def test_a_message_lets_the_count_of_bad_commands_begin_anew() -> None:
    conversation = Conversation()
    for _ in range(3):
        assert codes_of(conversation.say(b"X\r\n" * 15)) == ["500 5.5.2"] * 15
        conversation.say(envelope() + b"x\r\n.\r\n")
    assert not conversation.is_closed


def test_addresses_that_others_wrote_are_not_the_relays_fault() -> None:
    conversation = Conversation()
    conversation.say(b"MAIL FROM:<a@b>\r\n")
    said = conversation.say(b"RCPT TO:<not an address>\r\n" * 100)
    assert codes_of(said) == ["501 5.1.3"] * 100


def test_commands_that_bring_no_message_nearer_come_to_an_end() -> None:
    conversation = Conversation(recipients=100)
    said = codes_of(conversation.say(b"NOOP\r\n" * 3000))
    assert said == ["250 2.0.0"] * (100 + SMTP_COMMANDS_WITHOUT_MESSAGE - 1) + ["421 4.7.0"]
    assert conversation.is_closed


def test_after_the_client_has_closed_what_it_asked_is_answered() -> None:
    conversation = Conversation()
    conversation.machine.receive_data(envelope() + b"x\r\n.\r\nNOOP\r\nNOO")
    said = conversation.end()
    assert codes_of(said)[-2:] == ["250 2.0.0", "250 2.0.0"]
    assert conversation.is_closed


def test_a_message_cut_off_is_no_message() -> None:
    conversation = Conversation()
    conversation.say(envelope() + b"Subject: x\r\n\r\nhalf\r\n.")
    assert conversation.end() == b""
    assert conversation.is_closed
    assert conversation.taken == []


@pytest.mark.parametrize("reason", list(Farewell))
def test_a_farewell_is_421_or_silence(reason: Farewell) -> None:
    conversation = Conversation()
    conversation.machine.say_farewell(reason)
    said = conversation.say(b"NOOP\r\n")
    assert conversation.is_closed
    assert said.startswith(b"421 4.") if reason is not Farewell.DAMAGED_MIDWAY else said == b""


def test_a_client_that_finds_no_room_is_not_greeted() -> None:
    conversation = Conversation(greet=False)
    conversation.machine.say_farewell(Farewell.TOO_MANY_CONNECTIONS)
    assert codes_of(conversation.say(b"")) == ["421 4.7.0"]


def test_a_farewell_waits_for_the_answer_that_is_being_made() -> None:
    """Else the client would take it for the message's reply and send the message again."""
    conversation = Conversation()
    conversation.say(envelope("a", "b"))
    machine = conversation.machine
    machine.receive_data(b"x\r\n.\r\nNOOP\r\n")
    assert isinstance(machine.next_command(), commands.DataChunk)
    assert isinstance(machine.next_command(), commands.DataEnd)
    machine.say_farewell(Farewell.SHUTTING_DOWN)
    for _ in range(2):
        machine.send(replies.Reply(250, "2.0.0", ("Saved",)))
    assert machine.next_command() is Signal.CLOSED
    said = b"".join(bytes(piece) for piece in machine.data_to_send())
    assert codes_of(said) == ["250 2.0.0", "250 2.0.0", "421 4.3.2"]


def test_a_fault_of_ours_does_not_wait() -> None:
    conversation = Conversation()
    machine = conversation.machine
    machine.receive_data(b"NOOP\r\n")
    assert isinstance(machine.next_command(), commands.Noop)
    machine.say_farewell(Farewell.INTERNAL_FAULT)
    assert codes_of(b"".join(bytes(piece) for piece in machine.data_to_send())) == ["421 4.3.0"]
    assert machine.next_command() is Signal.CLOSED


def test_tls_begins_anew() -> None:
    """RFC 3207 §4.2: nothing that was said before counts, nor what arrived before."""
    conversation = Conversation()
    conversation.say(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n")
    conversation.machine.receive_data(b"DATA\r\nNO")
    conversation.machine.tls_established()
    assert codes_of(conversation.say(b"MAIL FROM:<a@b>\r\n")) == ["503 5.5.1"]


def test_the_machine_speaks_other_dialects_with_another_table() -> None:
    """As SMTP does: one reply for a message, whoever it is for."""
    table = {state: dict(row) for state, row in states.LMTP.items()}
    table[State.SENDER][Verb.DATA] = State.MESSAGE
    smtp = Dialect("ESMTP", table, ("PIPELINING",), frozenset(), has_reply_per_recipient=False)
    conversation = Conversation(smtp, greet=False)
    assert conversation.say(b"").startswith(b"220 mail.example.org ESMTP")
    conversation.say(b"LHLO x\r\n")
    said = conversation.say(envelope("a", "b") + b"x\r\n.\r\n")
    assert codes_of(said)[-2:] == ["354", "250 2.0.0"]
    said = conversation.say(envelope("a", "b") + b"x\n.\r\n.\r\n")
    assert codes_of(said)[-2:] == ["354", "550 5.6.0"]


def test_every_state_of_the_table_has_its_way_out() -> None:
    assert set(LMTP.table) == set(State)
    leading_out = {state for state, row in LMTP.table.items() if row}
    assert leading_out == set(State) - {State.CLOSED}
