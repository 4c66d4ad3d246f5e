"""What is asked, what is answered and what becomes of it, command by command."""

from __future__ import annotations

import pytest

from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_events import (
    BodyBegin,
    BodyChunk,
    BodyEnd,
    Challenge,
    ConversationBroken,
    DropListing,
    Event,
    Fault,
    Greeting,
    LanguageList,
    ListingEnd,
    Oddity,
    OddRow,
    Ok,
    Refused,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.commands import (
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Command,
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
    UserPass,
    Utf8,
)
from tests.unit.pop3_client.dialogue import LOGIN, Dialogue, fault_of, logged_in

ONE = MessageNumber(1)
LETTER = b"Subject: x\r\n\r\n.\r\n"
ROWS = ["1 120", "2 200", "."]

ANSWERED: list[tuple[Command, str, list[str], list[Event]]] = [
    (Stat(), "STAT", ["+OK 2 320"], [DropListing(Stat(), 2, 320)]),
    (List(), "LIST", ["+OK", *ROWS], [ScanRows(List(), [(ONE, 120), (MessageNumber(2), 200)]),
                                      ListingEnd(List())]),
    (List(ONE), "LIST 1", ["+OK 1 120"], [ScanRows(List(ONE), [(ONE, 120)])]),
    (Uidl(), "UIDL", ["+OK", "1 a/../b", "."], [UniqueIdRows(Uidl(), [(ONE, b"a/../b")]),
                                                ListingEnd(Uidl())]),
    (Uidl(ONE), "UIDL 1", ["+OK 1 a"], [UniqueIdRows(Uidl(ONE), [(ONE, b"a")])]),
    (Retr(ONE), "RETR 1", ["+OK 17 octets", "Subject: x", "", "..", "."],
     [BodyBegin(Retr(ONE), "17 octets"), BodyChunk(LETTER), BodyEnd(Retr(ONE), 17, False)]),
    (Top(ONE, 0), "TOP 1 0", ["+OK", "Subject: x", "", "."],
     [BodyBegin(Top(ONE, 0), ""), BodyChunk(b"Subject: x\r\n\r\n"),
      BodyEnd(Top(ONE, 0), 14, False)]),
    (Dele(ONE), "DELE 1", ["+OK gone"], [Ok(Dele(ONE), "gone", b"+OK gone")]),
    (Noop(), "NOOP", ["+OK"], [Ok(Noop(), "", b"+OK")]),
    (Rset(), "RSET", ["+OK"], [Ok(Rset(), "", b"+OK")]),
    (Lang("ja"), "LANG ja", ["+OK ja はい"], [Ok(Lang("ja"), "ja はい", "+OK ja はい".encode())]),
    (Lang(), "LANG", ["+OK", "en English", "x", "."],
     [LanguageList(Lang(), (("en", "English"), ("x", "")))]),
]  # fmt: skip
every_answer = pytest.mark.parametrize(
    ("command", "line", "answer", "events"), ANSWERED, ids=[line for _, line, _, _ in ANSWERED]
)


@every_answer
def test_each_command_and_its_answer(
    command: Command, line: str, answer: list[str], events: list[Event]
) -> None:
    dialogue = logged_in()
    assert dialogue.ask(command) == line
    assert dialogue.hear(*answer) == events
    assert dialogue.signal is Signal.NEED_DATA
    assert dialogue.machine.unanswered == 0


@every_answer
def test_each_command_refused(
    command: Command, line: str, answer: list[str], events: list[Event]
) -> None:
    dialogue = logged_in()
    dialogue.ask(command)
    no = "-ERR [SYS/TEMP] not now"
    assert dialogue.hear(no) == [Refused(command, "SYS/TEMP", "not now", no.encode())]
    assert dialogue.machine.room == 1
    assert dialogue.machine.is_logged_in


@every_answer
def test_an_answer_cut_off_is_never_whole(
    command: Command, line: str, answer: list[str], events: list[Event]
) -> None:
    octets = "".join(f"{one}\r\n" for one in answer).encode()
    for length in range(len(octets)):
        dialogue = logged_in()
        dialogue.ask(command)
        heard = dialogue.hear_octets(octets[:length]) + dialogue.hear_end()
        assert fault_of(heard) is Fault.CUT_OFF
        assert events[-1] not in heard
        assert dialogue.signal is Signal.CLOSED


def test_the_greeting_and_its_stamp() -> None:
    dialogue = Dialogue()
    line = "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>"
    (greeting,) = dialogue.hear(line)
    stamp = b"<1896.697170952@dbc.mtview.ca.us>"
    assert greeting == Greeting(line.removeprefix("+OK "), line.encode(), stamp)
    assert dialogue.machine.stamp == stamp


@pytest.mark.parametrize("words", ["<>", "<abc>", "<a@b", "<a @b>", "<a@\x07b>", "a@b", "<a@é>"])
def test_a_stamp_that_is_no_message_id_is_none(words: str) -> None:
    (greeting,) = Dialogue().hear(f"+OK ready {words}")
    assert isinstance(greeting, Greeting)
    assert greeting.stamp is None


def test_a_greeting_that_refuses_is_the_end() -> None:
    dialogue = Dialogue()
    no = "-ERR [SYS/TEMP] too many connections"
    expected = Refused(None, "SYS/TEMP", "too many connections", no.encode())
    assert dialogue.hear(no, "and more") == [expected]
    assert dialogue.signal is Signal.CLOSED
    assert len(dialogue.machine._lines) == 0


def test_name_and_password_are_one_question() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    assert dialogue.ask(LOGIN) == "USER ada"
    assert dialogue.hear("+OK go on") == []
    assert dialogue.said() == "PASS secret"
    assert dialogue.hear("+OK in") == [Ok(LOGIN, "in", b"+OK in")]
    assert dialogue.machine.is_logged_in


def test_a_refused_name_keeps_the_password_here() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(LOGIN)
    no = "-ERR [AUTH] who?"
    assert dialogue.hear(no) == [Refused(LOGIN, "AUTH", "who?", no.encode())]
    assert dialogue.said() == ""
    assert dialogue.machine.may_send(LOGIN)


def test_a_refused_password_can_be_tried_again() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(LOGIN)
    dialogue.hear("+OK")
    assert dialogue.said() == "PASS secret"
    (refused,) = dialogue.hear("-ERR [IN-USE] locked")
    assert isinstance(refused, Refused)
    assert (refused.command, refused.code) == (LOGIN, "IN-USE")
    assert dialogue.ask(LOGIN) == "USER ada"


def test_stls_leads_to_the_handshake_and_back_to_the_beginning() -> None:
    dialogue = Dialogue(is_encrypted=False)
    dialogue.hear("+OK ready <1.2@mx>")
    dialogue.learn("STLS", "PIPELINING")
    assert dialogue.ask(Stls()) == "STLS"
    assert dialogue.hear("+OK begin") == [Ok(Stls(), "begin", b"+OK begin")]
    assert dialogue.signal is Signal.START_TLS
    assert not dialogue.machine.may_send(Capa())
    dialogue.machine.tls_established()
    assert dialogue.machine.is_encrypted
    assert dialogue.machine.capabilities is None
    assert dialogue.machine.stamp is None
    assert not dialogue.machine.may_send(Stls())
    assert dialogue.ask(LOGIN) == "USER ada"


def test_stls_refused_leaves_it_in_clear() -> None:
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet()
    dialogue.ask(Stls())
    (refused,) = dialogue.hear("-ERR no")
    assert isinstance(refused, Refused)
    assert not dialogue.machine.is_encrypted
    assert not dialogue.machine.may_send(LOGIN)


def test_a_login_forgets_what_the_server_could_do() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.learn("PIPELINING")
    dialogue.ask(LOGIN)
    dialogue.hear("+OK")
    dialogue.hear("+OK")
    assert dialogue.machine.capabilities is None
    assert dialogue.machine.room == 1


def test_a_sasl_exchange() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    auth, response = Auth("X"), AuthResponse(Secret("abc"))
    assert dialogue.ask(auth) == "AUTH X"
    assert dialogue.hear("+ eHl6") == [Challenge(auth, b"xyz", b"+ eHl6")]
    assert not dialogue.machine.may_send(Capa())
    assert dialogue.ask(response) == "YWJj"
    assert dialogue.hear("+ ") == [Challenge(response, b"", b"+ ")]
    assert dialogue.ask(response) == "YWJj"
    assert dialogue.hear("+OK in") == [Ok(response, "in", b"+OK in")]
    assert dialogue.machine.is_logged_in


def test_a_challenge_that_is_not_base64_is_answered_by_giving_up() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(Auth("X"))
    assert dialogue.hear("+ go ahead") == [Challenge(Auth("X"), None, b"+ go ahead")]
    assert dialogue.ask(AuthCancel()) == "*"
    (refused,) = dialogue.hear("-ERR cancelled")
    assert isinstance(refused, Refused)
    assert dialogue.machine.may_send(Auth("Y"))


def test_a_long_challenge_and_a_long_token_pass() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    token = Secret(b"t" * 3000)
    assert len(dialogue.ask(Auth("XOAUTH2", token))) == len("AUTH XOAUTH2 ") + 4000
    (challenge,) = dialogue.hear(b"+ " + b"AAAA" * 2500)
    assert isinstance(challenge, Challenge)
    assert challenge.data == bytes(7500)


def test_quit_is_the_end_whatever_is_answered() -> None:
    for answer in ("+OK bye", "-ERR some deleted messages not removed"):
        for dialogue in (logged_in(), Dialogue()):
            if not dialogue.machine.is_logged_in:
                dialogue.greet()
            assert dialogue.ask(Quit()) == "QUIT"
            (event,) = dialogue.hear(answer, "junk")
            assert isinstance(event, Ok | Refused)
            assert dialogue.signal is Signal.CLOSED
            assert dialogue.hear_end() == []
            assert dialogue.ask(Noop()) == ""


def test_without_an_answer_to_quit_nothing_is_known() -> None:
    dialogue = logged_in()
    dialogue.ask(Quit())
    assert dialogue.hear_end() == [ConversationBroken(Fault.CUT_OFF)]


def test_the_end_between_two_answers_is_no_cut() -> None:
    assert logged_in().hear_end() == [ConversationBroken(Fault.CLOSED_BY_SERVER)]


def test_utf8_excludes_stls() -> None:
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet()
    assert dialogue.ask(Utf8()) == "UTF8"
    assert not dialogue.machine.may_send(Stls())
    dialogue.hear("+OK")
    assert not dialogue.machine.may_send(Stls())


@pytest.mark.parametrize(
    "command", [LOGIN, Auth("PLAIN"), Stat(), Retr(ONE), AuthCancel(), User("a"), Pass(Secret("b"))]
)
def test_what_may_not_be_said_in_clear_or_before_login_is_a_bug(command: Command) -> None:
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet()
    assert not dialogue.machine.may_send(command)
    with pytest.raises(ValueError, match="may not be sent now"):
        dialogue.machine.send(command)
    assert dialogue.said() == ""


def test_in_clear_a_login_is_possible_where_it_was_allowed() -> None:
    dialogue = Dialogue(is_encrypted=False, may_log_in_plainly=True)
    dialogue.greet()
    assert dialogue.ask(LOGIN) == "USER ada"


def test_nothing_is_said_before_the_greeting() -> None:
    machine = Pop3ClientMachine()
    assert machine.room == 0
    assert not machine.may_send(Capa())


@pytest.mark.parametrize(
    "login",
    [
        UserPass("a b", Secret("x")),
        UserPass("ada", Secret("a\r\nDELE 1")),
        UserPass("ada", Secret("x" * 300)),
        UserPass("", Secret("x")),
    ],
)
def test_a_login_that_cannot_be_written_is_not_begun(login: UserPass) -> None:
    dialogue = Dialogue()
    dialogue.greet()
    with pytest.raises(ValueError, match="cannot be written"):
        dialogue.machine.send(login)
    assert dialogue.said() == ""
    assert dialogue.machine.unanswered == 0


@pytest.mark.parametrize(
    ("command", "answer", "event"),
    [
        (Stat(), "+OK many", OddRow(Stat(), None, b"many", Oddity.MALFORMED)),
        (List(ONE), "+OK", OddRow(List(ONE), None, b"", Oddity.MALFORMED)),
        (List(ONE), "+OK 2 5", OddRow(List(ONE), MessageNumber(2), b"2 5", Oddity.OTHER_NUMBER)),
        (Uidl(ONE), "+OK 2 a", OddRow(Uidl(ONE), MessageNumber(2), b"2 a", Oddity.OTHER_NUMBER)),
        (Uidl(ONE), "+OK 1 ", OddRow(Uidl(ONE), ONE, b"", Oddity.MALFORMED)),
    ],
)
def test_an_answer_that_does_not_say_what_it_should(
    command: Command, answer: str, event: Event
) -> None:
    dialogue = logged_in()
    dialogue.ask(command)
    assert dialogue.hear(answer) == [event]
    assert dialogue.machine.room == 1


def test_a_line_that_ends_with_lf_alone_is_understood() -> None:
    dialogue = logged_in()
    dialogue.ask(Uidl())
    events = dialogue.hear_octets(b"+OK\n1 a\n.\n")
    assert events == [UniqueIdRows(Uidl(), [(ONE, b"a")]), ListingEnd(Uidl())]
