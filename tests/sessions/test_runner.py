"""The transcript runner itself, against a server so small that it can be read here."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sessions.patterns import octets_of, pattern_of
from tests.sessions.player import Player, TranscriptMismatchError, is_served_form_of
from tests.sessions.transcript import Expect, Send, TranscriptError, read_transcript
from tests.system.letters import LETTERS, header_and_body, top_of
from tests.system.lmtp import stuff
from tests.system.people import Person
from tests.system.wire import Pace, Wire

PREFIX = b"Return-Path: <sender@example.net>\r\nReceived: by x\r\n\tfrom y\r\n"


class TinyPop3Server:
    """Answers from a table; remembers what it read, and in which pieces."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self.answers = answers
        self.pieces: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and wait for the conversations to end."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            connection.sendall(b"+OK tiny\r\n")
            pending = b""
            while piece := connection.recv(4096):
                self.pieces.append(piece)
                pending += piece
                while b"\r\n" in pending:
                    command, pending = pending.split(b"\r\n", 1)
                    connection.sendall(self.answers.get(command, b"-ERR what?\r\n"))
                    if command == b"QUIT":
                        return


@dataclass
class TinyStage:
    """The tiny server as a stage."""

    server: TinyPop3Server
    delivered: list[bytes] = field(default_factory=list)

    def open(self, service: str, source: str, pace: Pace) -> Wire:
        return Wire.connect(self.server.address, pace=pace)

    def shake_hands(self, wire: Wire) -> None:
        pytest.fail("the tiny server has no TLS")

    def person(self, *, spoiled: bool) -> Person:
        return Person("ada1@example.org", "open sesame")

    def deliver(self, person: Person, letter: bytes) -> None:
        self.delivered.append(letter)

    def stored(self, person: Person) -> list[bytes]:
        return [PREFIX + letter for letter in self.delivered]


@pytest.fixture
def tiny() -> Iterator[TinyPop3Server]:
    server = TinyPop3Server(
        {
            b"USER ada1@example.org": b"+OK go on\r\n",
            b"PASS open sesame": b"+OK 1 message\r\n",
            b"UIDL 1": b"+OK 1 abc\r\n",
            b"RETR 1": b"+OK\r\n" + stuff(PREFIX + LETTERS["dots"]),
            b"CAPA": b"+OK\r\nTOP\r\nSASL PLAIN LOGIN\r\n.\r\n",
            b"BARE": b"+OK a bare line end\n",
            b"TWO": b"+OK one\r\n+OK two\r\n",
            b"QUIT": b"+OK bye\r\n",
        }
    )
    yield server
    server.close()


Play = Callable[..., TinyStage]


@pytest.fixture
def play(tiny: TinyPop3Server, tmp_path: Path) -> Play:
    """Play steps against the tiny server."""

    def play_steps(steps: str, head: str = "people: ada", pace: Pace = Pace.WHOLE) -> TinyStage:
        path = tmp_path / "pop3" / "case.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"A case\nrfc: RFC 1939 §3\n{head}\n\n{steps}", "utf-8")
        stage = TinyStage(tiny)
        Player(read_transcript(path), stage, "pop3", pace).play()
        return stage

    return play_steps


LOGIN = "S: +OK …\nC: USER ${ada}\nS: +OK …\nC: PASS ${ada.password}\nS: +OK {{[0-9]+}} message\n"


@pytest.mark.parametrize("pace", Pace)
def test_a_session_that_keeps_to_the_transcript_passes(play: Play, pace: Pace) -> None:
    play(
        LOGIN
        + "C: RETR 1\nS: +OK …\nS*: letter dots\nC: CAPA\nS: +OK\n"
        + "S*: any\n  + TOP\n  + SASL …PLAIN…\n  - STLS\nC: QUIT\nS: +OK bye\n"
        + "-- the server closes --\n",
        pace=pace,
    )


def test_client_lines_that_follow_each_other_leave_in_one_segment(
    play: Play, tiny: TinyPop3Server
) -> None:
    play("S: +OK …\nC: UIDL 1\nC: QUIT\nS: +OK 1 abc\nS: +OK bye\n")
    assert tiny.pieces[0].startswith(b"UIDL 1\r\n")
    assert b"".join(tiny.pieces) == b"UIDL 1\r\nQUIT\r\n"


def test_captured_text_is_a_variable_afterwards(play: Play) -> None:
    play(
        "S: +OK …\nC: UIDL 1\nS: +OK 1 {{uid:[!-~]{1,70}}}\n-- connect 2: pop3 --\nS2: +OK …\n"
        "C2: UIDL 1\nS2: +OK 1 ${uid}\n-- hang up --\n-- reset 2 --\n"
    )


def test_letters_of_the_head_are_delivered_first(play: Play) -> None:
    stage = play(
        "S: +OK …\n-- deliver plain to ada --\n-- ada has: dots, plain --\n",
        head="people: ada\nmailbox ada: dots",
    )
    assert stage.delivered == [LETTERS["dots"], LETTERS["plain"]]


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ("S: +OK other\n", "expected: +OK other\n  got:      +OK tiny"),
        ("S: +OK tiny\nC: UIDL 1\nS: +OK 2 …\n", "case.txt:7"),
        ("S: +OK tiny\nC: BARE\nS: +OK …\n", "does not end in CRLF"),
        ("S: +OK tiny\nC: TWO\nS: +OK one\n", "nothing more"),
        ("S: +OK tiny\nC: CAPA\nS: +OK\nS*: any\n  + UIDL\n", "a line like UIDL"),
        ("S: +OK tiny\nC: CAPA\nS: +OK\nS*: any\n  - TOP\n", "no line like TOP"),
        ("S: +OK tiny\nC: RETR 1\nS: +OK\nS*: letter plain\n", "Subject: Dots"),
        ("S: +OK tiny\nC: QUIT\n-- the server closes --\n", "+OK bye"),
        ("S: +OK tiny\n-- ada has: plain --\n", "0 letters"),
    ],
)
def test_a_difference_names_file_line_expected_and_got(
    play: Play, steps: str, complaint: str
) -> None:
    with pytest.raises(TranscriptMismatchError) as failure:
        play(steps)
    assert "case.txt:" in str(failure.value)
    assert complaint in str(failure.value)


@pytest.mark.parametrize(
    "text",
    [
        "Only a title\n",
        "No rfc\npeople: ada\n\nS: +OK\n",
        "A head line nobody knows\nrfc: RFC 1939 §3\ncolour: blue\n\nS: +OK\n",
        "A mailbox of nobody\nrfc: RFC 1939 §3\nmailbox eve: plain\n\nS: +OK\n",
        "No steps\nrfc: RFC 1939 §3\n\n# nothing\n",
        "An unknown step\nrfc: RFC 1939 §3\n\nX: what\n",
        "An unknown direction\nrfc: RFC 1939 §3\n\n-- dance --\n",
        "An item without a block\nrfc: RFC 1939 §3\n\n  + TOP\n",
    ],
)
def test_what_is_no_transcript_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "case.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(TranscriptError):
        read_transcript(path)


def test_steps_know_their_lines_and_connections(tmp_path: Path) -> None:
    path = tmp_path / "case.txt"
    path.write_text("Title\nrfc: RFC 1939 §3\n\n# why\nS: +OK\nC2-: raw\nC:\n", "utf-8")
    assert read_transcript(path).steps == [
        Expect(5, "", "+OK"),
        Send(6, "2", "raw", ends_line=False),
        Send(7, "", "", ends_line=True),
    ]


def test_escapes_become_octets() -> None:
    assert octets_of(r"a\0b\r\n\x80\\鳩", {}) == b"a\0b\r\n\x80\\" + "鳩".encode()
    with pytest.raises(ValueError, match="no escape"):
        octets_of(r"\q", {})
    with pytest.raises(ValueError, match="no variable"):
        octets_of("${eve}", {"ada": "x"})


@pytest.mark.parametrize(
    ("pattern", "line", "fits"),
    [
        ("+OK …", b"+OK anything at all", True),
        ("+OK …", b"+OK", True),
        ("+OK …", b"+OKAY", False),
        ("+OK … end", b"+OK at the end", True),
        ("+OK{{(?: .*)?}}", b"+OK", True),
        ("+OK 1 {{[!-~]{1,70}}}", b"+OK 1 {}", True),
        ("+OK (1)", b"+OK (1)", True),
        ("+OK ${a}", b"+OK a.b", True),
        ("+OK ${a}", b"+OK axb", False),
        (r"\x80\0", b"\x80\0", True),
    ],
)
def test_patterns_match_whole_lines(pattern: str, line: bytes, fits: bool) -> None:
    assert bool(pattern_of(pattern, {"a": "a.b"}).fullmatch(line)) is fits


@pytest.mark.parametrize(
    ("served", "letter", "fits"),
    [
        (PREFIX + LETTERS["plain"], LETTERS["plain"], True),
        (LETTERS["plain"], LETTERS["plain"], True),
        (b"junk\r\n" + LETTERS["plain"], LETTERS["plain"], False),
        (PREFIX + LETTERS["plain"][:-2], LETTERS["plain"], False),
        (PREFIX + LETTERS["plain"] + b"\r\n", LETTERS["plain"], False),
        (PREFIX + LETTERS["header-only"] + b"\r\n", LETTERS["header-only"], True),
        (PREFIX, b"", True),
    ],
)
def test_a_letter_is_served_behind_header_fields_only(
    served: bytes, letter: bytes, fits: bool
) -> None:
    assert is_served_form_of(served, letter) is fits


def test_top_is_header_empty_line_and_lines_of_the_body() -> None:
    letter = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n"
    assert top_of(letter, 0) == b"A: 1\r\nB: 2\r\n\r\n"
    assert top_of(letter, 2) == b"A: 1\r\nB: 2\r\n\r\none\r\n\r\n"
    assert top_of(letter, 3) == top_of(letter, 99_999_999) == letter
    assert header_and_body(b"\r\nbody") == (b"", b"body")
    assert top_of(b"one line\r\n", 5) == b"one line\r\n"


def test_stuffing_doubles_dots_and_ends_the_data() -> None:
    assert stuff(b".\r\na.\r\n..b\r\n") == b"..\r\na.\r\n...b\r\n.\r\n"
    assert stuff(b"") == b".\r\n"
