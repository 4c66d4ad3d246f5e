"""The machine answers by itself whatever the edge need not hear of."""

from __future__ import annotations

import pytest

from hato.core.language import Language
from hato.core.limits import (
    BAD_COMMANDS_AFTER_LOGIN,
    BAD_COMMANDS_BEFORE_LOGIN,
    FAILED_LOGINS_PER_CONNECTION,
    LINE_WITHOUT_END_OCTETS,
    PENDING_OUTPUT_OCTETS,
    POP3_COMMAND_OCTETS,
    SASL_LINE_OCTETS,
)
from hato.core.secret import Secret
from hato.protocols.machine import Farewell, Signal
from hato.protocols.pop3 import texts
from hato.protocols.pop3.commands import Auth, AuthCancel, AuthResponse, Retr, Stat, UserPass
from hato.protocols.pop3.replies import (
    Begin,
    Challenge,
    Chunk,
    Code,
    DropListing,
    End,
    Err,
    Message,
    Ok,
)
from tests.unit.pop3.conversation import Conversation

REFUSED = Err(texts.REFUSED, code=Code.AUTH)


def trusted() -> Conversation:
    """Return a conversation with an address that may log in without TLS."""
    return Conversation(may_log_in_plainly=True)


def logged_in() -> Conversation:
    """Return a conversation after login."""
    conversation = trusted()
    conversation.log_in()
    return conversation


# The beginning


def test_it_greets_without_a_stamp_where_there_is_no_apop() -> None:
    conversation = trusted()
    assert conversation.greeting == b"+OK mx.example.org POP3 server ready\r\n"
    answer = conversation.say("APOP ada c4c9334bac560ecc979e58001b3e22fb")
    assert answer == b"-ERR Unknown command\r\n"


def test_it_greets_with_the_stamp_that_apop_needs() -> None:
    conversation = Conversation(may_log_in_plainly=True, stamp="<1896.697170952@mx.example.org>")
    assert conversation.greeting == b"+OK POP3 server ready <1896.697170952@mx.example.org>\r\n"
    conversation.say("APOP ada c4c9334bac560ecc979e58001b3e22fb")
    assert conversation.machine.is_logged_in


def test_the_greeting_is_ascii_whatever_language_is_preferred() -> None:
    assert Conversation(preferred=Language.JAPANESE).greeting.isascii()


# Logging in


def test_user_and_pass_reach_the_edge_as_one() -> None:
    conversation = trusted()
    conversation.say("USER ada", "PASS tan staaf")
    assert conversation.commands == [UserPass("ada", Secret("tan staaf"))]


def test_everything_in_one_segment_is_answered_in_order() -> None:
    conversation = trusted()
    answer = conversation.say("USER ada", "PASS secret", "STAT", "NOOP", "QUIT", "STAT")
    assert answer.count(b"\r\n") == 5
    assert b"+OK 2 320\r\n" in answer
    assert conversation.signal is Signal.PARTED


def test_the_last_user_before_pass_counts() -> None:
    conversation = trusted()
    conversation.say("USER ada", "USER ben", "PASS secret")
    assert conversation.commands == [UserPass("ben", Secret("secret"))]


@pytest.mark.parametrize("between", ["NOOP", "FROB", "STAT", "USER a b", "AUTH PLAIN"])
def test_a_refused_line_between_user_and_pass_spoils_both(between: str) -> None:
    conversation = trusted()
    conversation.say("USER ada", between)
    assert conversation.say("PASS secret").startswith(b"-ERR ")
    assert conversation.commands == []


@pytest.mark.parametrize("between", ["CAPA", "LANG ja", "LANG", "UTF8"])
def test_questions_between_user_and_pass_spoil_nothing(between: str) -> None:
    conversation = trusted()
    conversation.say("USER ada", between, "PASS secret")
    assert conversation.machine.is_logged_in


def test_after_a_failed_pass_user_is_needed_again() -> None:
    conversation = trusted()
    conversation.refuse_logins(REFUSED)
    conversation.say("USER ada", "PASS wrong")
    assert conversation.say("PASS secret").startswith(b"-ERR ")
    assert len(conversation.commands) == 1


def test_too_many_failed_logins_end_it() -> None:
    conversation = trusted()
    conversation.refuse_logins(REFUSED)
    for _ in range(FAILED_LOGINS_PER_CONNECTION):
        assert conversation.signal is Signal.NEED_DATA
        answer = conversation.say("USER ada", "PASS wrong")
        assert answer.endswith(b"-ERR [AUTH] Name or password is wrong\r\n")
    assert conversation.signal is Signal.CLOSED


@pytest.mark.parametrize(
    "refusal",
    [
        Err(texts.NO_SUCH_MECHANISM),
        Err(texts.THROTTLED, {"seconds": 60}, code=Code.SYS_TEMP),
        Err(texts.UNAVAILABLE, code=Code.SYS_TEMP),
    ],
)
def test_whoever_can_make_us_log_refusals_has_as_few_tries(refusal: Err) -> None:
    conversation = trusted()
    conversation.answers[Auth] = [refusal]
    for _ in range(FAILED_LOGINS_PER_CONNECTION):
        assert conversation.signal is Signal.NEED_DATA
        conversation.say("AUTH X")
    assert conversation.signal is Signal.CLOSED


def test_a_busy_maildrop_is_no_failed_login() -> None:
    conversation = trusted()
    conversation.refuse_logins(Err(texts.IN_USE, code=Code.IN_USE))
    for _ in range(FAILED_LOGINS_PER_CONNECTION + 1):
        conversation.say("USER ada", "PASS secret")
    assert conversation.signal is Signal.NEED_DATA


# AUTH


def test_an_exchange_goes_back_and_forth() -> None:
    conversation = trusted()
    assert conversation.say("AUTH LOGIN") == b"+ \r\n"
    conversation.answers[AuthResponse] = [Challenge(b"Password:")]
    assert conversation.say("YWRh") == b"+ UGFzc3dvcmQ6\r\n"
    conversation.answers[AuthResponse] = [Ok(texts.LOGGED_IN)]
    assert conversation.say("c2VjcmV0", "STAT").endswith(b"+OK 2 320\r\n")
    assert conversation.commands == [
        Auth("LOGIN"),
        AuthResponse(Secret("ada")),
        AuthResponse(Secret("secret")),
        Stat(),
    ]


def test_an_initial_response_that_suffices_needs_no_challenge() -> None:
    conversation = trusted()
    conversation.answers[Auth] = [Ok(texts.LOGGED_IN)]
    answer = conversation.say("AUTH PLAIN AGFkYQBzZWNyZXQ=", "STAT")
    assert answer == b"+OK Logged in, maildrop locked\r\n+OK 2 320\r\n"


def test_an_exchange_can_be_cancelled() -> None:
    conversation = trusted()
    assert conversation.say("AUTH PLAIN", "*") == b"+ \r\n-ERR Authentication cancelled\r\n"
    assert conversation.commands == [Auth("PLAIN", None), AuthCancel()]
    conversation.log_in()


def test_a_response_may_be_long() -> None:
    conversation = trusted()
    line = b"QUFB" * ((SASL_LINE_OCTETS - 2) // 4)
    assert conversation.say("AUTH XOAUTH2", line).endswith(b"maildrop locked\r\n")


def test_a_response_that_is_too_long_ends_the_exchange() -> None:
    conversation = trusted()
    line = b"QUFB" * (SASL_LINE_OCTETS // 4)
    answer = conversation.say("AUTH XOAUTH2", line, "CAPA")
    assert b"-ERR This line is too long\r\n+OK Capabilities" in answer


def test_an_initial_response_must_fit_into_a_command() -> None:
    conversation = trusted()
    answer = conversation.say(b"AUTH PLAIN " + b"QUFB" * 64)
    assert answer == b"-ERR This line is too long\r\n"
    assert conversation.commands == []


# Bad lines


def test_a_command_of_255_octets_is_read_and_one_of_256_is_not() -> None:
    conversation = trusted()
    name = "x" * (POP3_COMMAND_OCTETS - len("USER \r\n"))
    assert conversation.say(f"USER {name}") == b"+OK Now the password, please\r\n"
    assert conversation.say(f"USER {name}x") == b"-ERR This line is too long\r\n"


def test_an_over_long_line_is_refused_once_however_it_arrives() -> None:
    conversation = logged_in()
    answers = [conversation.say_octets(b"A" * 100) for _ in range(40)]
    assert b"".join(answers) == b"-ERR This line is too long\r\n"
    assert conversation.say_octets(b"\r\nSTAT\r\n") == b"+OK 2 320\r\n"


def test_a_line_without_end_ends_it() -> None:
    conversation = logged_in()
    pieces = range(LINE_WITHOUT_END_OCTETS // 1024 + 2)
    answer = b"".join(conversation.say_octets(b"A" * 1024) for _ in pieces)
    assert answer == b"-ERR This line is too long\r\n-ERR This line has no end, closing\r\n"
    assert conversation.signal is Signal.CLOSED


@pytest.mark.parametrize("end", [b"\r\n", b""])
def test_a_line_that_comes_in_one_piece_is_refused_once_however_long(end: bytes) -> None:
    conversation = logged_in()
    answer = conversation.say_octets(b"A" * 70_000 + end)
    assert answer == b"-ERR This line is too long\r\n"
    assert conversation.say_octets(b"\r\nSTAT\r\n"[len(end) :]) == b"+OK 2 320\r\n"


def test_commands_may_come_octet_by_octet() -> None:
    conversation = trusted()
    answers = [
        conversation.say_octets(bytes([octet])) for octet in b"USER ada\r\nPASS secret\r\nSTAT\r\n"
    ]
    assert b"".join(answers).endswith(b"+OK 2 320\r\n")


def test_a_bare_lf_ends_no_command_and_what_follows_is_not_obeyed() -> None:
    conversation = logged_in()
    answer = conversation.say_octets(b"NOOP\nDELE 1\r\nSTAT\r\n")
    assert answer.startswith(b"-ERR A command ends with CR and LF")
    assert answer.endswith(b"+OK 2 320\r\n")
    assert answer.count(b"\r\n") == 2
    assert conversation.commands == [Stat()]


def test_a_bare_lf_is_refused_at_once_and_many_end_it() -> None:
    conversation = trusted()
    assert conversation.say_octets(b"CAPA\n").startswith(b"-ERR ")
    assert conversation.say_octets(b"QUIT\n") == b""
    assert conversation.say_octets(b"QUIT\n").startswith(b"-ERR Too many")
    assert conversation.signal is Signal.CLOSED


def test_a_bare_lf_in_an_exchange_ends_the_exchange() -> None:
    conversation = trusted()
    answer = conversation.say_octets(b"AUTH PLAIN\r\nAGFkYQBzZWNyZXQ=\nSTAT\r\n")
    assert answer.startswith(b"+ \r\n-ERR A command ends with")
    assert not conversation.machine.is_logged_in
    assert conversation.commands == [Auth("PLAIN")]


def test_bad_commands_before_login_end_it() -> None:
    conversation = trusted()
    for _ in range(BAD_COMMANDS_BEFORE_LOGIN - 1):
        assert conversation.say("FROB") == b"-ERR Unknown command\r\n"
    assert conversation.say("FROB", "USER ada") == (
        b"-ERR Unknown command\r\n-ERR Too many bad commands, goodbye\r\n"
    )
    assert conversation.signal is Signal.CLOSED


def test_bad_commands_after_login_end_it_unless_good_ones_come_between() -> None:
    conversation = logged_in()
    for _ in range(3):
        for _ in range(BAD_COMMANDS_AFTER_LOGIN - 1):
            conversation.say("FROB")
        conversation.say("NOOP")
    assert conversation.say("STAT") == b"+OK 2 320\r\n"
    for _ in range(BAD_COMMANDS_AFTER_LOGIN):
        conversation.say("FROB")
    assert conversation.signal is Signal.CLOSED


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "POST /mail HTTP/1.0", "PRI * HTTP/2.0"])
def test_a_web_browser_is_sent_away_before_its_body_can_be_obeyed(line: str) -> None:
    conversation = trusted()
    answer = conversation.say(line, "Host: x", "", "USER ada", "PASS secret", "DELE 1")
    assert answer == b"-ERR This is a POP3 server, not a web server; goodbye\r\n"
    assert conversation.signal is Signal.CLOSED
    assert conversation.commands == []


def test_a_tls_greeting_on_the_plain_port_is_told_what_to_do() -> None:
    conversation = Conversation(offers_tls=True)
    answer = conversation.say_octets(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500)
    assert answer == b"-ERR This port begins without TLS: use STLS, or port 995\r\n"
    assert conversation.signal is Signal.CLOSED


# STLS


def test_stls_throws_away_what_was_injected_behind_it() -> None:
    conversation = Conversation(offers_tls=True)
    assert conversation.say("STLS", "USER eve") == b"+OK Begin TLS negotiation\r\n"
    assert conversation.signal is Signal.START_TLS
    assert len(conversation.machine._lines) == 0
    conversation.machine.receive_data(b"PASS x\r\nhalf a li")
    conversation.machine.tls_established()
    assert conversation.say("PASS secret").startswith(b"-ERR ")
    assert conversation.commands == []


def test_stls_forgets_name_language_and_utf8() -> None:
    conversation = Conversation(may_log_in_plainly=True, offers_tls=True)
    conversation.say("UTF8", "LANG ja", "USER eve", "STLS")
    conversation.machine.tls_established()
    assert conversation.machine.is_utf8 is False
    answer = conversation.say("PASS secret")
    assert answer.startswith(b"-ERR ")
    assert answer.isascii()


def test_stls_is_possible_once_and_only_where_it_is_offered() -> None:
    conversation = Conversation(offers_tls=True)
    before = conversation.machine.can_start_tls
    conversation.say("STLS")
    conversation.machine.tls_established()
    assert (before, conversation.machine.can_start_tls) == (True, False)
    assert conversation.say("STLS") == b"-ERR TLS cannot be started here\r\n"
    conversation.say("USER ada", "PASS secret")
    assert conversation.machine.is_logged_in
    assert Conversation().say("STLS").startswith(b"-ERR ")


def test_after_login_stls_is_neither_possible_nor_announced() -> None:
    conversation = Conversation(may_log_in_plainly=True, offers_tls=True)
    conversation.log_in()
    assert not conversation.machine.can_start_tls
    assert conversation.say("STLS") == b"-ERR This command is not allowed now\r\n"


def test_tls_greets_no_second_time() -> None:
    conversation = Conversation(offers_tls=True)
    conversation.say("STLS")
    conversation.machine.tls_established()
    assert conversation.say_octets(b"") == b""


# Languages


def test_lang_lists_and_chooses() -> None:
    conversation = trusted()
    listing = "+OK Languages follow\r\nen English\r\nja 日本語\r\n.\r\n"
    assert conversation.say("LANG") == listing.encode()
    assert conversation.say("LANG ja") == "+OK ja これからは日本語で答えます\r\n".encode()
    assert conversation.say("NOPE") == "-ERR 知らないコマンドです\r\n".encode()
    assert conversation.say("LANG en-GB") == b"+OK en Replies are in English from now on\r\n"


def test_a_language_that_is_not_there_changes_nothing() -> None:
    conversation = trusted()
    conversation.say("LANG ja")
    assert conversation.say("LANG MUL").startswith("-ERR その言語".encode())
    assert conversation.say("NOPE").startswith("-ERR 知らない".encode())


def test_lang_star_means_what_the_operator_prefers_and_after_login_what_the_person_does() -> None:
    conversation = trusted()
    assert conversation.say("LANG *").startswith(b"+OK en ")
    conversation.log_in()
    conversation.machine.prefer(Language.JAPANESE)
    assert conversation.say("NOOP").isascii()
    assert conversation.say("LANG *").startswith(b"+OK ja ")


def test_without_lang_only_a_client_in_utf8_mode_gets_the_preferred_language() -> None:
    conversation = Conversation(may_log_in_plainly=True, preferred=Language.JAPANESE)
    assert conversation.say("NOPE").isascii()
    assert not conversation.say("UTF8").isascii()
    assert conversation.machine.is_utf8
    assert conversation.say("LANG en").isascii()


# Bodies


def test_dots_that_begin_a_line_are_doubled() -> None:
    conversation = logged_in()
    data = b".first\r\nno . here\r\n..two\r\n.\r\n"
    conversation.answers[Retr] = [Message(data, [0, 19, 26])]
    assert conversation.say("RETR 1") == (
        b"+OK 29 octets\r\n..first\r\nno . here\r\n...two\r\n..\r\n.\r\n"
    )


def test_a_message_in_chunks_is_the_same_on_the_wire() -> None:
    conversation = logged_in()
    conversation.answers[Retr] = [
        Begin(texts.MESSAGE, {"octets": 12}),
        Chunk(b"a\r"),
        Chunk(b"\n.b\r\n.", [1, 5]),
        Chunk(b"c\r\n"),
        End(),
    ]
    assert conversation.say("RETR 1") == b"+OK 12 octets\r\na\r\n..b\r\n..c\r\n.\r\n"


@pytest.mark.parametrize("data", [b"no end", b"lf\n", b"cr\r", b"a\r\nb"])
def test_a_message_without_its_last_line_end_gets_one(data: bytes) -> None:
    conversation = logged_in()
    conversation.answers[Retr] = [Message(data)]
    assert conversation.say("RETR 1").endswith(data + b"\r\n.\r\n")
    chunks = [Chunk(data[:1]), Chunk(data[1:])]
    conversation.answers[Retr] = [Begin(texts.MESSAGE, {"octets": 9}), *chunks, End()]
    assert conversation.say("RETR 1").endswith(data + b"\r\n.\r\n")


@pytest.mark.parametrize("data", [b"", b"\r\n", b"a\r\n"])
def test_a_message_with_its_last_line_end_gets_no_other(data: bytes) -> None:
    conversation = logged_in()
    conversation.answers[Retr] = [Message(data)]
    size = len(data)
    assert conversation.say("RETR 1") == b"+OK %d octets\r\n" % size + data + b".\r\n"


def test_a_message_is_not_copied() -> None:
    conversation = logged_in()
    data = b"x" * 5000 + b"\r\n"
    conversation.machine.receive_data(b"RETR 1\r\n")
    conversation.machine.next_command()
    conversation.machine.send(Message(data))
    assert any(piece is data for piece in conversation.machine.data_to_send())


def test_it_pauses_when_the_peer_must_read() -> None:
    conversation = logged_in()
    machine = conversation.machine
    machine.receive_data(b"RETR 1\r\n" * 100)
    assert isinstance(machine.next_command(), Retr)
    machine.send(Message(b"x" * (PENDING_OUTPUT_OCTETS + 1)))
    assert machine.next_command() is Signal.PAUSED
    machine.data_to_send()
    assert isinstance(machine.next_command(), Retr)


def test_a_flood_of_commands_that_the_machine_answers_pauses_too() -> None:
    conversation = logged_in()
    conversation.machine.receive_data(b"NOOP\r\n" * 10_000)
    assert conversation.machine.next_command() is Signal.PAUSED
    assert conversation.machine.pending_octets < PENDING_OUTPUT_OCTETS + 512


# The end


def test_what_came_before_the_end_of_input_is_answered() -> None:
    conversation = trusted()
    conversation.machine.receive_data(b"USER ada\r\nPASS secret\r\nSTAT\r\nNOO")
    conversation.machine.receive_eof()
    assert conversation.say_octets(b"").endswith(b"+OK 2 320\r\n")
    assert conversation.signal is Signal.CLOSED


@pytest.mark.parametrize("reason", [Farewell.IDLE_TIMED_OUT, Farewell.LOGIN_TIMED_OUT])
def test_a_timeout_says_nothing(reason: Farewell) -> None:
    conversation = logged_in()
    conversation.machine.say_farewell(reason)
    assert conversation.say_octets(b"") == b""
    assert conversation.signal is Signal.CLOSED


def test_a_shutdown_says_that_it_is_temporary() -> None:
    conversation = logged_in()
    conversation.machine.say_farewell(Farewell.SHUTTING_DOWN)
    assert conversation.say("QUIT").startswith(b"-ERR [SYS/TEMP] The server is shutting down")
    assert conversation.signal is Signal.CLOSED
    assert conversation.commands == []


def test_a_shutdown_lets_the_command_that_is_being_answered_finish() -> None:
    machine = logged_in().machine
    machine.receive_data(b"STAT\r\nSTAT\r\n")
    assert machine.next_command() == Stat()
    machine.say_farewell(Farewell.SHUTTING_DOWN)
    machine.send(DropListing(1, 2))
    assert machine.next_command() is Signal.CLOSED
    assert b"".join(machine.data_to_send()).startswith(b"+OK 1 2\r\n-ERR [SYS/TEMP] ")


def test_one_connection_too_many_hears_that_instead_of_the_greeting() -> None:
    fresh = Conversation().machine.__class__("mx.example.org")
    fresh.say_farewell(Farewell.TOO_MANY_CONNECTIONS)
    assert fresh.next_command() is Signal.CLOSED
    assert b"".join(fresh.data_to_send()) == (
        b"-ERR [SYS/TEMP] Too many connections; try again later\r\n"
    )


@pytest.mark.parametrize("reason", list(Farewell))
def test_no_farewell_is_mistaken_for_the_rest_of_a_message(reason: Farewell) -> None:
    machine = logged_in().machine
    machine.receive_data(b"RETR 1\r\n")
    machine.next_command()
    machine.send(Begin(texts.MESSAGE, {"octets": 9}))
    machine.send(Chunk(b"half of "))
    if reason is Farewell.TOO_MANY_CONNECTIONS:
        return
    machine.say_farewell(reason)
    octets = b"".join(bytes(piece) for piece in machine.data_to_send())
    assert octets == b"+OK 9 octets\r\nhalf of "
    if reason not in {Farewell.SHUTTING_DOWN, Farewell.LOGIN_REVOKED}:  # those let it finish
        machine.send(End())
        assert machine.next_command() is Signal.CLOSED
        assert machine.pending_octets == 0


def test_after_a_farewell_a_late_verdict_logs_nobody_in() -> None:
    conversation = trusted()
    machine = conversation.machine
    machine.receive_data(b"USER ada\r\nPASS secret\r\n")
    machine.next_command()
    machine.say_farewell(Farewell.LOGIN_TIMED_OUT)
    machine.send(Ok(texts.LOGGED_IN))
    assert not machine.is_logged_in
    assert machine.next_command() is Signal.CLOSED
    assert b"Logged in" not in conversation.take()


def test_an_exchange_that_was_given_up_can_be_passed_over() -> None:
    machine = Conversation(is_encrypted=True).machine
    machine.data_to_send()
    machine.receive_data(b"AUTH PLAIN\r\n")
    machine.next_command()
    machine.send(Challenge(b""))
    machine.receive_data(b"*\r\n")
    assert machine.next_command() == AuthCancel()
    machine.pass_over()
    assert machine.next_command() is Signal.NEED_DATA
    assert b"".join(map(bytes, machine.data_to_send())) == b"+ \r\n"
    machine.receive_data(b"USER ada\r\n")
    machine.next_command()
    assert b"".join(map(bytes, machine.data_to_send())).startswith(b"+OK ")
