"""Plays a transcript: sends what the client says, compares what the server says.

Used by test_sessions (a real server) and test_runner (a small false one).
Never knows how a server is started: the stage opens connections and knows people and letters.
Standards: RFC 1939 §3 (bodies), RFC 2449 §4 (512 octets), RFC 5321 §4.2.1 (replies).
Fails with TranscriptMismatchError: file, line, expected, got, and the conversation so far.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from tests.sessions.patterns import octets_of, pattern_of
from tests.sessions.transcript import (
    Direction,
    Expect,
    ExpectBlock,
    Send,
    SendLetter,
    Step,
    Transcript,
    split_list,
)
from tests.system.fixtures import unique_sender
from tests.system.letters import LETTERS, top_of
from tests.system.lmtp import read_reply, stuff
from tests.system.people import Person
from tests.system.pop3 import read_body
from tests.system.wire import Pace, Wire, WireError

FIRST_LINE_OCTETS = 512
SHOWN_LINES = 40
# What delivery puts before a letter: whole header fields and nothing else.
_PREFIX = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*")


class TranscriptMismatchError(AssertionError):
    """The server did not keep to the transcript."""


class Stage(Protocol):
    """Where a transcript is played."""

    def open(self, service: str, source: str, pace: Pace) -> Wire:
        """Connect to `pop3`, `pop3s` or `lmtp` as a `trusted` client or a `stranger`."""
        ...

    def shake_hands(self, wire: Wire) -> None:
        """Begin TLS on a connection."""
        ...

    def person(self, *, spoiled: bool) -> Person:
        """Give somebody with an empty mailbox, for good if the transcript spoils him."""
        ...

    def deliver(self, person: Person, letter: bytes) -> None:
        """Put a letter into a mailbox."""
        ...

    def stored(self, person: Person) -> list[bytes]:
        """Give all letters of a mailbox, as they are served in UTF-8 mode."""
        ...


@dataclass
class _Connection:
    wire: Wire
    service: str
    unsent: bytearray = field(default_factory=bytearray)

    @property
    def is_lmtp(self) -> bool:
        return self.service == "lmtp"


class Player:
    """One performance of one transcript."""

    def __init__(self, transcript: Transcript, stage: Stage, service: str, pace: Pace) -> None:
        self._transcript = transcript
        self._stage = stage
        self._service = service
        self._pace = pace
        self._people: dict[str, Person] = {}
        sender = unique_sender()
        self._variables = {"sender": sender, "token": sender.partition("@")[0]}
        self._connections: dict[str, _Connection] = {}
        self._heard: list[str] = []

    def play(self) -> None:
        """Play it all; raise TranscriptMismatchError where the server differs."""
        self._meet_people()
        with ExitStack() as stack:
            stack.callback(self._close_all)
            self._connect("", self._service, self._transcript.head.get("from", "trusted"))
            for step in self._transcript.steps:
                self._take(step)
            for connection in self._connections.values():
                self._flush(connection)
                if rest := connection.wire.unread():
                    last = self._transcript.steps[-1].line
                    raise self._failure(last, "nothing more", repr(rest[:200]))

    def _meet_people(self) -> None:
        spoiled = split_list(self._transcript.head.get("spoils", ""))
        for name in self._transcript.people:
            person = self._stage.person(spoiled=name in spoiled)
            plain = f"\0{person.address}\0{person.password}"
            self._people[name] = person
            self._variables |= {
                name: person.address,
                f"{name}.local": person.local_part,
                f"{name}.password": person.password,
                f"{name}.sasl_plain": base64.b64encode(plain.encode()).decode(),
                f"{name}.base64": base64.b64encode(person.address.encode()).decode(),
                f"{name}.password.base64": base64.b64encode(person.password.encode()).decode(),
            }
        for name, letters in self._transcript.mailboxes.items():
            for letter in letters:
                self._stage.deliver(self._people[name], LETTERS[letter])

    def _take(self, step: Step) -> None:
        try:
            if isinstance(step, Send):
                text = octets_of(step.text, self._variables)
                self._of(step.connection).unsent += text + (b"\r\n" if step.ends_line else b"")
                self._heard.append(f"C{step.connection}: {step.text}")
            elif isinstance(step, SendLetter):
                self._of(step.connection).unsent += stuff(LETTERS[step.letter])
                self._heard.append(f"C{step.connection}*: letter {step.letter}")
            elif isinstance(step, Expect):
                self._expect(step)
            elif isinstance(step, ExpectBlock):
                self._expect_block(step)
            else:
                self._direct(step)
        except TranscriptMismatchError:
            raise
        except (WireError, OSError) as error:
            awaited = getattr(step, "text", None) or str(step)
            raise self._failure(step.line, awaited, f"{type(error).__name__}: {error}") from error

    def _expect(self, step: Expect) -> None:
        line = self._read_line(step.connection, step.line)
        found = pattern_of(step.text, self._variables).fullmatch(line)
        if not found:
            raise self._failure(step.line, step.text, repr(line)[2:-1])
        self._variables |= {name: value.decode() for name, value in found.groupdict().items()}

    def _read_line(self, name: str, number: int) -> bytes:
        connection = self._of(name)
        self._flush(connection)
        line = connection.wire.read_line()
        self._heard.append(f"S{name}: {line[:-2].decode('utf-8', 'backslashreplace')}")
        if len(line) > FIRST_LINE_OCTETS:
            raise self._failure(number, "at most 512 octets", f"{len(line)} octets")
        return line[:-2]

    def _expect_block(self, step: ExpectBlock) -> None:
        connection = self._of(step.connection)
        self._flush(connection)
        if connection.is_lmtp:
            reply = read_reply(connection.wire)
            self._heard.append(f"S{step.connection}: {reply}")
            if step.words != (str(reply.code),):
                raise self._failure(step.line, " ".join(step.words), str(reply))
            self._compare_items(step, [line.encode() for line in reply.lines])
            return
        body = read_body(connection.wire)
        self._heard.append(f"S{step.connection}*: {len(body)} octets")
        kind, *arguments = step.words
        if kind == "letter":
            self._compare_letter(step.line, body, LETTERS[arguments[0]])
        elif kind == "top":
            top = top_of(LETTERS[arguments[0]], int(arguments[1]))
            self._compare_letter(step.line, body, top)
        self._compare_items(step, body.split(b"\r\n")[:-1])

    def _compare_items(self, step: ExpectBlock, lines: list[bytes]) -> None:
        shown = "\n".join(line.decode("utf-8", "backslashreplace") for line in lines[:SHOWN_LINES])
        for text in step.present:
            if not any(pattern_of(text, self._variables).fullmatch(line) for line in lines):
                raise self._failure(step.line, f"a line like {text}", shown)
        for text in step.absent:
            if any(pattern_of(text, self._variables).fullmatch(line) for line in lines):
                raise self._failure(step.line, f"no line like {text}", shown)

    def _compare_letter(self, number: int, got: bytes, letter: bytes) -> None:
        if not is_served_form_of(got, letter):
            raise self._failure(number, _shown(letter), _shown(got))

    def _direct(self, step: Direction) -> None:
        for connection in self._connections.values():
            self._flush(connection)
        self._heard.append(f"-- {step.verb} {' '.join(step.arguments)} --")
        acts: dict[str, Callable[..., None]] = {
            "tls": lambda name: self._stage.shake_hands(self._of(name).wire),
            "server-closes": lambda name: self._await_close(step.line, name),
            "hang-up": lambda name: self._connections.pop(name).wire.hang_up(),
            "reset": lambda name: self._connections.pop(name).wire.reset(),
            "connect": lambda name, service, who: self._connect(name, service, who or "trusted"),
            "next-segment": lambda: None,
            "deliver": lambda letter, who: self._stage.deliver(self._people[who], LETTERS[letter]),
            "has": lambda who, letters: self._compare_mailbox(step.line, who, letters),
        }
        acts[step.verb](*step.arguments)

    def _await_close(self, number: int, name: str) -> None:
        rest = self._connections.pop(name).wire
        octets = rest.read_to_close()
        rest.hang_up()
        if octets:
            raise self._failure(number, "the server closes", repr(octets[:600]))

    def _compare_mailbox(self, number: int, who: str, letters: str) -> None:
        expected = [] if letters == "nothing" else split_list(letters)
        stored = self._stage.stored(self._people[who])
        if len(stored) != len(expected):
            raise self._failure(number, f"{len(expected)} letters", f"{len(stored)} letters")
        for name, got in zip(expected, stored, strict=True):
            self._compare_letter(number, got, LETTERS[name])

    def _connect(self, name: str, service: str, source: str) -> None:
        wire = self._stage.open(service, source, self._pace)
        self._connections[name] = _Connection(wire, service)

    def _of(self, name: str) -> _Connection:
        return self._connections[name]

    def _flush(self, connection: _Connection) -> None:
        if connection.unsent:
            octets = bytes(connection.unsent)
            connection.unsent.clear()
            connection.wire.send(octets)

    def _close_all(self) -> None:
        for connection in self._connections.values():
            connection.wire.hang_up()

    def _failure(self, number: int, expected: str, got: str) -> TranscriptMismatchError:
        so_far = "\n".join(f"    {line}" for line in self._heard[-SHOWN_LINES:])
        return TranscriptMismatchError(
            f"{self._transcript.path}:{number}: {self._transcript.title}\n"
            f"  over {self._service}, segments: {self._pace.value}\n"
            f"  expected: {expected}\n  got:      {got}\n  so far:\n{so_far}"
        )


def is_served_form_of(served: bytes, letter: bytes) -> bool:
    """Whether `served` is `letter` behind the header fields that delivery adds.

    A letter that is all header may be served with the empty line that RFC 1939 §7 speaks of.
    """
    for ending in (letter, letter + b"\r\n"):
        prefix = served[: len(served) - len(ending)]
        if served.endswith(ending) and _PREFIX.fullmatch(prefix):
            return ending == letter or b"\r\n\r\n" not in letter
    return False


def _shown(octets: bytes) -> str:
    start = repr(octets[:500])
    return start if len(octets) <= 500 else f"{start} … {len(octets)} octets … {octets[-200:]!r}"
