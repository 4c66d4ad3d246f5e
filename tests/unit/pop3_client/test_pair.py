"""Our client and our server, machine to machine: whole segments, and octet by octet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby

import pytest

from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.pop3 import commands, texts
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_apop import make_apop
from hato.protocols.pop3.client_events import (
    BodyBegin,
    BodyChunk,
    BodyEnd,
    CapabilityList,
    Challenge,
    DropListing,
    Event,
    Greeting,
    LanguageList,
    ListingEnd,
    Ok,
    Refused,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.client_login import SaslLogin
from hato.protocols.pop3.commands import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    UserPass,
    Utf8,
)
from hato.protocols.pop3.replies import Begin, Capabilities, Code, End, Err, Message, Rows
from hato.protocols.pop3.replies import ScanListing as ScanReply
from hato.protocols.pop3.replies import UniqueIdListing as UniqueIdReply
from hato.protocols.sasl.plain import PlainClient
from tests.unit.pop3.conversation import Conversation

ONE, TWO = MessageNumber(1), MessageNumber(2)
LOGIN = UserPass("ada", Secret("secret"))


class Pair:
    """Both machines, and the wire between them."""

    def __init__(self, *, piece_octets: int, is_encrypted: bool = True) -> None:
        self.server = Conversation(
            is_encrypted=is_encrypted, offers_tls=not is_encrypted, stamp="<1.2@mx>"
        )
        self.client = Pop3ClientMachine(is_encrypted=is_encrypted)
        self._piece_octets = piece_octets
        self.signal = Signal.NEED_DATA
        self.greeting = self._carry(self.server.greeting)

    def ask(self, *questions: Command) -> list[Event]:
        """Let the client ask; return what it hears until nobody has anything to say."""
        for command in questions:
            self.client.send(command)
        events: list[Event] = []
        while self.client.pending_octets:
            said = b"".join(bytes(piece) for piece in self.client.data_to_send())
            for piece in self._pieces(said):
                events += self._carry(self.server.say_octets(piece))
        return events

    def shake_hands(self) -> None:
        """Begin TLS on both sides."""
        assert self.signal is Signal.START_TLS
        assert self.server.signal is Signal.START_TLS
        self.client.tls_established()
        self.server.machine.tls_established()

    def _carry(self, octets: bytes) -> list[Event]:
        events: list[Event] = []
        for piece in self._pieces(octets):
            self.client.receive_data(piece)
            while isinstance(event := self.client.next_event(), Event):
                events.append(event)
            self.signal = event
        return events

    def _pieces(self, octets: bytes) -> Iterator[bytes]:
        for start in range(0, len(octets), self._piece_octets):
            yield octets[start : start + self._piece_octets]


@pytest.fixture(params=[1, 1 << 20], ids=["octet by octet", "whole"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(piece_octets=request.param)


@pytest.fixture
def inside(pair: Pair) -> Pair:
    pair.ask(LOGIN)
    assert pair.client.is_logged_in
    assert pair.server.machine.is_logged_in
    pair.server.commands.clear()
    return pair


@pytest.fixture(params=[1, 1 << 20], ids=["octet by octet", "whole"])
def in_clear(request: pytest.FixtureRequest) -> Pair:
    return Pair(piece_octets=request.param, is_encrypted=False)


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


EXPECTED: list[tuple[Command, list[type[Event]]]] = [
    (Capa(), [CapabilityList]),
    (Stat(), [DropListing]),
    (List(), [ScanRows, ListingEnd]),
    (Uidl(), [UniqueIdRows, ListingEnd]),
    (Retr(ONE), [BodyBegin, BodyChunk, BodyEnd]),
    (Top(ONE, 0), [BodyBegin, BodyChunk, BodyEnd]),
    (Dele(ONE), [Ok]),
    (Noop(), [Ok]),
    (Rset(), [Ok]),
    (Lang("ja"), [Ok]),
    (Lang("xx"), [Refused]),
    (Lang(), [LanguageList]),
    (Quit(), [Ok]),
]


@pytest.mark.parametrize(("command", "expected"), EXPECTED, ids=repr)
def test_every_command_after_login(
    inside: Pair, command: Command, expected: list[type[Event]]
) -> None:
    events = inside.ask(command)
    assert [kind for kind, _ in groupby(kinds(events))] == expected
    if not isinstance(command, Noop | Lang):
        assert inside.server.commands == [command]
    assert inside.signal is (Signal.CLOSED if isinstance(command, Quit) else Signal.NEED_DATA)


def test_no_command_was_forgotten() -> None:
    known = {kind for kind in vars(commands).values() if isinstance(kind, type)}
    known = {kind for kind in known if issubclass(kind, Command)}
    before = {Stls, Utf8, UserPass, Apop, Auth, AuthResponse, AuthCancel}
    inner = {Command, commands.User, commands.Pass}
    assert known - inner == before | {type(command) for command, _ in EXPECTED}


def test_the_greeting_has_the_stamp(pair: Pair) -> None:
    (greeting,) = pair.greeting
    assert isinstance(greeting, Greeting)
    assert greeting.stamp == b"<1.2@mx>"


def test_a_letter_is_the_same_on_both_sides(inside: Pair) -> None:
    letter = b"Subject: x\r\n\r\n.\r\n..\r\na\n.\nb\r\n"
    inside.server.answers[Retr] = [Message(letter, [14, 17])]
    events = inside.ask(Retr(ONE))
    assert b"".join(event.data for event in events if isinstance(event, BodyChunk)) == letter
    assert events[-1] == BodyEnd(Retr(ONE), len(letter), has_bare_cr_or_lf=True)


def test_listings_are_the_same_on_both_sides(inside: Pair) -> None:
    events = inside.ask(List()) + inside.ask(Uidl())
    scan = [row for event in events if isinstance(event, ScanRows) for row in event.rows]
    ids = [row for event in events if isinstance(event, UniqueIdRows) for row in event.rows]
    assert scan == [(1, 120), (2, 200)]
    assert ids == [(1, b"a"), (2, b"b")]


def test_questions_about_one_message(inside: Pair) -> None:
    inside.server.answers |= {List: [ScanReply(2, 200)], Uidl: [UniqueIdReply(2, "b")]}
    assert inside.ask(List(TWO)) == [ScanRows(List(TWO), [(TWO, 200)])]
    assert inside.ask(Uidl(TWO)) == [UniqueIdRows(Uidl(TWO), [(TWO, b"b")])]


def test_refusals_keep_their_code(inside: Pair) -> None:
    inside.server.answers[Retr] = [Err(texts.NO_SUCH_MESSAGE, code=Code.SYS_TEMP)]
    (refused,) = inside.ask(Retr(ONE))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.text) == ("SYS/TEMP", "There is no such message")


def test_a_window(inside: Pair) -> None:
    inside.server.answers[Capa] = [Capabilities(("PIPELINING",))]
    inside.ask(Capa())
    events = inside.ask(Uidl(), Retr(ONE), Retr(TWO), Dele(ONE), Stat())
    assert [event.command for event in events if isinstance(event, BodyEnd)] == [
        Retr(ONE),
        Retr(TWO),
    ]
    assert isinstance(events[-1], DropListing)
    assert inside.client.unanswered == 0


def test_stls_then_everything_anew(in_clear: Pair) -> None:
    (event,) = in_clear.ask(Stls())
    assert isinstance(event, Ok)
    in_clear.shake_hands()
    assert kinds(in_clear.ask(Capa())) == [CapabilityList]
    assert kinds(in_clear.ask(LOGIN)) == [Ok]
    assert in_clear.server.machine.is_logged_in


def test_utf8_and_languages_before_login(pair: Pair) -> None:
    assert kinds(pair.ask(Utf8())) == [Ok]
    assert pair.server.machine.is_utf8
    (refused,) = [e for e in pair.ask(Lang("xx")) if isinstance(e, Refused)]
    assert refused.command == Lang("xx")
    (chosen,) = pair.ask(Lang("ja"))
    assert isinstance(chosen, Ok)
    assert chosen.text == "ja これからは日本語で答えます"


def test_a_refused_login_and_a_second_try(pair: Pair) -> None:
    pair.server.refuse_logins(Err(texts.IN_USE, code=Code.IN_USE))
    (refused,) = pair.ask(LOGIN)
    assert isinstance(refused, Refused)
    assert (refused.command, refused.code) == (LOGIN, "IN-USE")
    assert pair.client.may_send(LOGIN)


def test_apop(pair: Pair) -> None:
    assert pair.client.stamp is not None
    apop = make_apop("ada", Secret("secret"), pair.client.stamp)
    assert apop is not None
    assert apop.digest == hashlib.md5(b"<1.2@mx>secret").digest()
    assert kinds(pair.ask(apop)) == [Ok]
    assert pair.server.commands == [apop]
    assert pair.client.is_logged_in


def test_sasl(pair: Pair) -> None:
    login = SaslLogin("PLAIN", PlainClient("ada", Secret("x" * 300)))
    auth = login.begin()
    assert auth == Auth("PLAIN")
    (challenge,) = pair.ask(auth)
    assert isinstance(challenge, Challenge)
    response = login.answer(challenge)
    assert kinds(pair.ask(response)) == [Ok]
    assert pair.server.commands == [auth, response]
    assert login.is_proven
    assert pair.client.is_logged_in


def test_sasl_given_up(pair: Pair) -> None:
    pair.ask(Auth("PLAIN"))
    (refused,) = pair.ask(AuthCancel())
    assert isinstance(refused, Refused)
    assert pair.client.may_send(LOGIN)


def test_quit_before_login(pair: Pair) -> None:
    assert kinds(pair.ask(Quit())) == [Ok]
    assert pair.signal is Signal.CLOSED
    assert pair.server.signal is Signal.CLOSED


def test_many_rows(inside: Pair) -> None:
    rows = b"".join(b"%d u%d\r\n" % (number, number) for number in range(1, 2001))
    inside.server.answers[Uidl] = [Begin(texts.UNIQUE_ID_LISTING), Rows(rows), End()]
    events = inside.ask(Uidl())
    ids = [row for event in events if isinstance(event, UniqueIdRows) for row in event.rows]
    assert ids == [(number, b"u%d" % number) for number in range(1, 2001)]
