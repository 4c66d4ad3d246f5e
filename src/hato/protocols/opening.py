"""How a conversation with a server opens, as far as no login goes: greeting, abilities, TLS.

Called by `services.settings_finder.probe`; `protocols.imap.opening` and `protocols.smtp.opening`
are its dialects (the POP3 client's own machine answers the same for POP3).
Never says who anybody is; never believes after TLS what was said before.
Standards: RFC 2595 §2 and §4, RFC 3207 §4.2 (forget what was said in clear).
Fails with a fault in the opening, whatever a server does.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from hato.core.limits import OPENING_LINE_OCTETS, OPENING_LINES
from hato.protocols.foreign_text import shown
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.machine import Buffer, Outbox, Signal

_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")
"""How a TLS alert and a TLS handshake begin (RFC 8446 §5.1)."""


class Upgrade(Enum):
    """What became of the wish for TLS."""

    NOT_NEEDED = auto()
    """TLS came first."""
    NOT_REACHED = auto()
    """The conversation ended before it came to that."""
    AGREED = auto()
    REFUSED = auto()
    INJECTED = auto()
    """More than the answer came: somebody put words into it that would count as said in TLS."""


class OpeningFault(Enum):
    """Why an opening is not whole."""

    OTHER_PROTOCOL = auto()
    """The first line is not this protocol's greeting."""
    SPEAKS_TLS = auto()
    """TLS where clear text was expected."""
    TURNED_AWAY = auto()
    """The greeting is a refusal."""
    GARBAGE = auto()
    """Neither yes nor no where an answer was due."""
    OVERLONG = auto()
    """A line, or an answer, without end."""
    CUT_OFF = auto()
    """The server hung up in the middle."""


class Opening(msgspec.Struct):
    """What was heard so far, fit to be shown."""

    greeting: str = ""
    before: tuple[str, ...] | None = None
    """What the server says in clear that it can do; None: it was not asked, or does not say."""
    after: tuple[str, ...] | None = None
    """What it says under TLS."""
    offers_tls: bool = False
    """In clear, among what it can do."""
    upgrade: Upgrade = Upgrade.NOT_REACHED
    fault: OpeningFault | None = None
    words: str = ""
    """The server's, where it refused something or made no sense."""
    offers_apop: bool = False
    """POP3: the greeting in clear has a stamp."""


class Verdict(Enum):
    """What one line of an answer is."""

    YES = auto()
    NO = auto()
    MORE = auto()
    GARBAGE = auto()


class Dialect(Protocol):
    """What differs between protocols."""

    abilities: bytes
    """The command that asks what the server can do."""
    start_tls: bytes
    farewell: bytes
    tls_word: str
    """How the offer of TLS is called, in capitals."""
    tag: bytes
    """What our own commands begin with, and their answers."""
    lines_before_abilities: int
    """EHLO's answer begins with the server's name."""

    def greet(self, line: bytes) -> Verdict:
        """Judge a line of the greeting."""
        ...

    def answer(self, line: bytes) -> tuple[Verdict, list[str]]:
        """Judge a line of an answer; return what abilities it names too."""
        ...


class _Step(Enum):
    GREETING = auto()
    BEFORE = auto()
    UPGRADE = auto()
    HANDSHAKE = auto()
    AFTER = auto()
    OVER = auto()


class OpeningMachine:
    """One opening. The driver writes, reads and shakes hands as `next_signal` says."""

    def __init__(self, dialect: Dialect, *, is_encrypted: bool) -> None:
        """Wait for the greeting; `is_encrypted`: TLS came first."""
        self.opening = Opening()
        if is_encrypted:
            self.opening.upgrade = Upgrade.NOT_NEEDED
        self._dialect = dialect
        self._is_encrypted = is_encrypted
        self._lines = LineBuffer()
        self._outbox = Outbox()
        self._step = _Step.GREETING
        self._abilities: list[str] = []
        self._line_count = 0
        self._has_ended = False

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived."""
        is_first = self._step is _Step.GREETING and not self._line_count and not self._lines
        if is_first and data.startswith(_TLS_RECORDS):
            self._break(OpeningFault.SPEAKS_TLS)
        elif self._step is not _Step.OVER:
            self._lines.feed(data)

    def receive_eof(self) -> None:
        """Learn that the server will send nothing more."""
        self._has_ended = True

    def next_signal(self) -> Signal:
        """Return what is to be done next: NEED_DATA, START_TLS or CLOSED; write first."""
        while self._step is not _Step.OVER:
            if self._step is _Step.HANDSHAKE:
                if not self._lines:
                    return Signal.START_TLS
                self.opening.upgrade = Upgrade.INJECTED
                self._step = _Step.OVER
                break
            line = self._lines.next_line(OPENING_LINE_OCTETS)
            if line is Incomplete.OVERLONG:
                self._break(OpeningFault.OVERLONG)
            elif line is Incomplete.NEED_DATA:
                if not self._has_ended:
                    return Signal.NEED_DATA
                self._break(OpeningFault.CUT_OFF)
            elif isinstance(line, bytes):
                self._read(line)
        return Signal.CLOSED

    def _read(self, line: bytes) -> None:
        """Take one line."""
        self._line_count += 1
        if self._line_count > OPENING_LINES:
            self._break(OpeningFault.OVERLONG)
        elif self._step is _Step.GREETING:
            self._take_greeting(line)
        else:
            verdict, abilities = self._dialect.answer(line)
            self._abilities += abilities
            if verdict is Verdict.GARBAGE:
                self._break(OpeningFault.GARBAGE, line)
            elif verdict is not Verdict.MORE:
                self._take_answer(line, is_yes=verdict is Verdict.YES)

    def _take_greeting(self, line: bytes) -> None:
        verdict = self._dialect.greet(line)
        self.opening.greeting = self.opening.greeting or shown(line)
        if verdict is Verdict.GARBAGE:
            self._break(OpeningFault.OTHER_PROTOCOL, line)
        elif verdict is Verdict.NO:
            self._break(OpeningFault.TURNED_AWAY, line)
        elif verdict is Verdict.YES:
            self._ask(self._dialect.abilities)
            self._step = _Step.AFTER if self._is_encrypted else _Step.BEFORE

    def _take_answer(self, line: bytes, *, is_yes: bool) -> None:
        """Go where an answer leads."""
        skipped = self._dialect.lines_before_abilities
        told = tuple(self._abilities[skipped:]) if is_yes else None
        if self._step is _Step.BEFORE:
            self.opening.before = told
            self.opening.offers_tls = self._dialect.tls_word in map(str.upper, told or ())
            self._ask(self._dialect.start_tls)
            self._step = _Step.UPGRADE
        elif self._step is _Step.AFTER:
            self.opening.after = told
            self._leave()
        elif is_yes:
            self.opening.upgrade = Upgrade.AGREED
            self._step = _Step.HANDSHAKE
        else:
            self.opening.upgrade = Upgrade.REFUSED
            self.opening.words = shown(line.removeprefix(self._dialect.tag))
            self._leave()

    def tls_established(self) -> None:
        """Learn that TLS protects the conversation: everything is asked anew."""
        self._ask(self._dialect.abilities)
        self._step = _Step.AFTER

    def data_to_send(self) -> list[Buffer]:
        """Return what is pending, in order, and forget it."""
        return self._outbox.take()

    def _ask(self, command: bytes) -> None:
        self._outbox.put(command)
        self._abilities = []
        self._line_count = 0

    def _leave(self) -> None:
        self._outbox.put(self._dialect.farewell)
        self._step = _Step.OVER

    def _break(self, fault: OpeningFault, line: bytes = b"") -> None:
        self.opening.fault = fault
        self.opening.words = shown(line) if line else self.opening.words
        self._lines.discard()
        self._step = _Step.OVER
