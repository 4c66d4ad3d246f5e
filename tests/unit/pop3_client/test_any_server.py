"""Whatever a server says, in whatever pieces: events or an end, no exception, little memory."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hato.core.ids import MessageNumber
from hato.core.limits import SASL_LINE_OCTETS
from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_apop import make_apop
from hato.protocols.pop3.client_events import (
    BodyBegin,
    BodyChunk,
    BodyEnd,
    Challenge,
    ConversationBroken,
    Event,
    Greeting,
    LanguageList,
    Ok,
    Refused,
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

ONE = MessageNumber(1)
STAMPED = make_apop("ada", Secret("x"), b"<1.2@mx>")
QUESTIONS: list[Command] = [
    Capa(),
    Stls(),
    Utf8(),
    Lang(),
    Lang("ja"),
    UserPass("ada", Secret("x")),
    Auth("PLAIN", Secret("x")),
    AuthResponse(Secret("x")),
    AuthCancel(),
    Stat(),
    List(),
    List(ONE),
    Uidl(),
    Uidl(ONE),
    Retr(ONE),
    Top(ONE, 1),
    Dele(ONE),
    Noop(),
    Rset(),
    Quit(),
    *([STAMPED] if STAMPED else []),
]

lines = st.one_of(
    st.sampled_from(
        [
            b"+OK",
            b"+OK 1 2",
            b"+OK ready <1.2@mx>",
            b"-ERR [AUTH] no",
            b"-ERR",
            b"+ ",
            b"+ YWJj",
            b"+ !",
            b".",
            b"..",
            b"1 a",
            b"1 120",
            b"PIPELINING",
            b"2 " + b"u" * 80,
            b"",
        ]
    ),
    st.binary(max_size=40),
)
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""])
lengths = st.sampled_from([0, 0, 0, 0, 0, 0, 9_000, 70_000])
speeches = st.lists(st.tuples(lines, lengths, ends), max_size=30)
"""What a server says: a line, how many octets follow it, and how it ends."""

machines = st.builds(
    Pop3ClientMachine,
    is_encrypted=st.booleans(),
    may_log_in_plainly=st.booleans(),
    window=st.integers(1, 4),
)


def texts_of(event: Event) -> list[str]:
    """Return what of an event may be shown to a person."""
    match event:
        case Greeting() | Ok() | BodyBegin():
            return [event.text]
        case Refused() | ConversationBroken():
            return [event.text, event.code or ""]
        case LanguageList():
            return [word for pair in event.languages for word in pair]
        case _:
            return []


@given(
    machines,
    st.sampled_from([b"", b"+OK ready\r\n"]),
    speeches,
    st.integers(1, 20_000),
    st.lists(st.integers(0, len(QUESTIONS)), max_size=40),
)
@settings(deadline=None, max_examples=300)
def test_any_server(
    machine: Pop3ClientMachine,
    greeting: bytes,
    said: list[tuple[bytes, int, bytes]],
    piece_octets: int,
    choices: list[int],
) -> None:
    speech = greeting + b"".join([line + b"x" * length + end for line, length, end in said])
    # Megabytes octet by octet would only take long.
    piece_octets = max(piece_octets, len(speech) // 500)
    signal: Event | Signal = Signal.NEED_DATA
    for start in range(0, len(speech), piece_octets):
        machine.receive_data(speech[start : start + piece_octets])
        while isinstance(signal := machine.next_event(), Event):
            for text in texts_of(signal):
                assert text.replace("\u3000", "").isprintable()
            if isinstance(signal, BodyChunk):
                assert 0 < len(signal.data) <= piece_octets + 4 + SASL_LINE_OCTETS
            if isinstance(signal, ConversationBroken):
                assert machine.next_event() is Signal.CLOSED
            if isinstance(signal, BodyEnd | Challenge | Greeting | Ok | Refused):
                ask_something(machine, choices)
        ask_something(machine, choices)
        assert len(machine._lines) <= SASL_LINE_OCTETS
        assert machine.unanswered <= 4
        if signal is Signal.START_TLS:
            machine.tls_established()
            assert machine.capabilities is None
            assert machine.stamp is None
    machine.receive_eof()
    remaining = []
    while isinstance(signal := machine.next_event(), Event):
        remaining.append(signal)
    assert signal is Signal.CLOSED
    assert not any(isinstance(event, BodyEnd | Ok) for event in remaining)


def ask_something(machine: Pop3ClientMachine, choices: list[int]) -> None:
    """Send something that is allowed; see to it that no secret is said in the clear."""
    allowed = [command for command in QUESTIONS if machine.may_send(command)]
    if allowed and choices:
        machine.send(allowed[choices.pop() % len(allowed)])
    if not machine.is_encrypted and not machine._may_log_in_plainly:
        said = written(machine)
        assert b"PASS" not in said
        assert b"USER" not in said
        assert b"AUTH" not in said


def written(machine: Pop3ClientMachine) -> bytes:
    return b"".join(bytes(piece) for piece in machine.data_to_send())


@given(st.binary(max_size=200), st.sampled_from(QUESTIONS), st.integers(1, 200))
@settings(deadline=None)
def test_any_answer_to_any_question(answer: bytes, question: Command, piece_octets: int) -> None:
    machine = Pop3ClientMachine(may_log_in_plainly=True)
    machine.receive_data(b"+OK ready <1.2@mx>\r\n")
    assert isinstance(machine.next_event(), Greeting)
    if not machine.may_send(question) and not isinstance(question, AuthResponse | AuthCancel):
        machine.send(UserPass("ada", Secret("x")))
        machine.receive_data(b"+OK\r\n")
        assert machine.next_event() is Signal.NEED_DATA
        machine.receive_data(b"+OK\r\n")
        assert isinstance(machine.next_event(), Ok)
    elif not machine.may_send(question):
        machine.send(Auth("X"))
        machine.receive_data(b"+ \r\n")
        assert isinstance(machine.next_event(), Challenge)
    machine.send(question)
    signal: Event | Signal = Signal.NEED_DATA
    for start in range(0, len(answer), piece_octets):
        machine.receive_data(answer[start : start + piece_octets])
        while isinstance(signal := machine.next_event(), Event):
            assert all(text.isprintable() for text in texts_of(signal))
    machine.receive_eof()
    while isinstance(machine.next_event(), Event):
        pass
    assert machine.next_event() is Signal.CLOSED or signal is Signal.START_TLS
