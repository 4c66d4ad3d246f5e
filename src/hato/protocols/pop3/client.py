"""The client's side of a POP3 conversation, as a state machine.

Called by clients: they say what to ask, move the octets, and get what the server said as events.
Never sends a password in the clear unless that was allowed; never takes an answer for another
command's; never believes after TLS or login what was said before.
Standards: RFC 1939, RFC 2449 §3 to §6, RFC 2595 §4, RFC 5034 §4, RFC 6856, RFC 8314 §3.
Fails with ConversationBroken as an event whatever a server does; ValueError is the caller's bug.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from hato.core.limits import (
    LINE_WITHOUT_END_OCTETS,
    POP3_ANSWER_OCTETS,
    POP3_COMMAND_OCTETS,
    POP3_WINDOW_COMMANDS,
    SASL_LINE_OCTETS,
)
from hato.protocols.foreign_text import shown
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.machine import Buffer, Outbox, Signal
from hato.protocols.pop3.client_answers import (
    AnswerReader,
    code_of,
    read_answer,
    reader_of,
    words_of,
)
from hato.protocols.pop3.client_apop import find_stamp
from hato.protocols.pop3.client_body import BodyReader
from hato.protocols.pop3.client_capabilities import Capabilities
from hato.protocols.pop3.client_events import (
    BodyBegin,
    CapabilityList,
    Challenge,
    ConversationBroken,
    Event,
    Fault,
    Greeting,
    Refused,
)
from hato.protocols.pop3.commands import (
    Auth,
    AuthResponse,
    Command,
    Pass,
    Stls,
    User,
    UserPass,
    Utf8,
)
from hato.protocols.pop3.grammar import (
    Status,
    format_command,
    parse_challenge,
    parse_status_line,
)
from hato.protocols.pop3.states import AFTER_CHALLENGE, AFTER_TLS, OVER, TABLE, Rule, State

_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")
"""How a TLS alert and a TLS handshake begin (RFC 8446 §5.1)."""


class Pop3ClientMachine:
    """One POP3 conversation, seen from the client.

    The driver calls `receive_data`, then `next_event` until it answers with a signal: NEED_DATA
    (write `data_to_send`, read on), START_TLS (write, shake hands, `tls_established`) or CLOSED.
    Between events it may `send` what `may_send` allows. Memory stays bounded where it feeds in
    only at NEED_DATA.
    """

    def __init__(
        self,
        *,
        is_encrypted: bool = False,
        may_log_in_plainly: bool = False,
        window: int = POP3_WINDOW_COMMANDS,
    ) -> None:
        """Wait for the greeting.

        `is_encrypted`: TLS came first (port 995). `may_log_in_plainly`: the person wants to log
        in without TLS, knowing what that means. `window`: most commands sent ahead of answers.
        """
        self._lines = LineBuffer()
        self._outbox = Outbox()
        self._is_encrypted = is_encrypted
        self._may_log_in_plainly = may_log_in_plainly
        self._window_limit = window
        self._unanswered: deque[Command] = deque()
        self._reading: AnswerReader | None = None
        self._login: UserPass | None = None
        self._broken: ConversationBroken | None = None
        self._has_greeted = self._has_ended = self._is_alone = False
        self._silent_octets = 0
        self._state = State.AUTHORIZATION
        self._learn(None)
        self.stamp: bytes | None = None
        """What APOP's digest covers; None: no APOP here. Forgotten with STLS: it came in clear."""
        self._said_utf8 = False

    # What arrives

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived."""
        if self._is_over:
            return
        if not self._has_greeted and not self._lines and data.startswith(_TLS_RECORDS):
            self._break(Fault.SPEAKS_TLS)
            return
        self._silent_octets += len(data)
        self._lines.feed(data)

    def receive_eof(self) -> None:
        """Learn that the server will send nothing more."""
        self._has_ended = True

    def next_event(self) -> Event | Signal:
        """Return what the server said next, or why there is nothing."""
        while not self._is_over:
            if self._state is State.HANDSHAKE:
                if not self._lines and not self._has_ended:
                    return Signal.START_TLS
                self._break(Fault.INJECTED if self._lines else Fault.CUT_OFF)
                break
            reader = self._reading
            event = self._read_line() if reader is None else self._read_on(reader)
            if isinstance(event, Event):
                self._silent_octets = 0
                return event
            if event is Signal.NEED_DATA and not self._is_over:
                if not self._has_ended:
                    return Signal.NEED_DATA
                self._end_of_stream()
        broken, self._broken = self._broken, None
        return broken or Signal.CLOSED

    def _read_on(self, reader: AnswerReader) -> Event | Signal:
        """Return the next piece of an answer of many lines."""
        event = reader.read(self._lines)
        if event is None:
            if self._silent_octets > LINE_WITHOUT_END_OCTETS:
                self._break(Fault.OVERLONG)
            return Signal.NEED_DATA
        if isinstance(event, Fault):
            self._break(event)
            return Signal.NEED_DATA
        if reader.is_complete:
            self._reading = None
            self._unanswered.popleft()
            if isinstance(event, CapabilityList):
                self._learn(event.capabilities)
        return event

    def _read_line(self) -> Event | Signal | None:
        """Read the first line of an answer; None: it led to nothing that the driver must know."""
        asked = self._unanswered[0] if self._unanswered else None
        in_exchange = isinstance(asked, Auth | AuthResponse)
        line = self._lines.next_line(SASL_LINE_OCTETS if in_exchange else POP3_ANSWER_OCTETS)
        if isinstance(line, Incomplete):
            if line is Incomplete.OVERLONG:
                self._break(Fault.OVERLONG)
            return Signal.NEED_DATA
        status = parse_status_line(line)
        if not self._has_greeted:
            return self._take_greeting(line, status)
        if asked is None:
            self._take_unasked(line, status)
            return None
        if in_exchange and (line == b"+" or line.startswith(b"+ ")):
            self._unanswered.popleft()
            self._enter(AFTER_CHALLENGE[self._state])
            return Challenge(asked, parse_challenge(line), line)
        if status is None:
            self._break(Fault.GARBAGE, line)
            return None
        if status.is_ok:
            return self._take_yes(asked, status, line)
        return self._take_no(asked, status, line)

    def _end_of_stream(self) -> None:
        """Say what the end of the connection means here."""
        is_between = self._has_greeted and not self._unanswered and not self._lines
        rest = b"" if self._reading is not None else self._lines.take_all()
        self._break(Fault.CLOSED_BY_SERVER if is_between else Fault.CUT_OFF, rest)

    # What the lines mean

    def _take_greeting(self, line: bytes, status: Status | None) -> Event | None:
        """Begin, or see that there is nothing to begin (RFC 1939 §4)."""
        if status is None:
            self._break(Fault.NOT_POP3, line)
            return None
        self._has_greeted = True
        if not status.is_ok:
            self._enter(State.CLOSED)
            return Refused(None, code_of(status), words_of(status), line)
        self.stamp = find_stamp(line)
        return Greeting(words_of(status), line, self.stamp)

    def _learn(self, capabilities: Capabilities | None) -> None:
        """Know what the server can do; None: know nothing of it."""
        self.capabilities = capabilities
        """What the server said last that it can do; forgotten with TLS and with the login."""
        has_pipelining = capabilities is not None and capabilities.has_pipelining
        self._window = self._window_limit if has_pipelining else 1

    def _take_unasked(self, line: bytes, status: Status | None) -> None:
        """Tell a goodbye from what would shift every answer behind it."""
        if status is not None and not status.is_ok:
            self._break(Fault.SAID_GOODBYE, line)
        else:
            self._break(Fault.UNASKED, line)

    def _take_yes(self, command: Command, status: Status, line: bytes) -> Event | None:
        """Go where a yes leads."""
        self._reading = reader_of(command)
        if self._reading is not None:
            is_body = isinstance(self._reading, BodyReader)
            return BodyBegin(command, words_of(status)) if is_body else None
        self._unanswered.popleft()
        before = self._state
        self._enter(self._rule(command).after_ok)
        if isinstance(command, User) and self._login is not None:
            if not self._is_interrupted():
                self._write(Pass(self._login.password))
            return None
        if self._state is State.HANDSHAKE and self._lines:
            self._break(Fault.INJECTED)
            return None
        if self._state is State.TRANSACTION and before is not State.TRANSACTION:
            self._learn(None)
        if isinstance(command, Utf8):
            self._said_utf8 = True
        return read_answer(self._as_asked(command), status, line)

    def _take_no(self, command: Command, status: Status, line: bytes) -> Event:
        """Go where a no leads."""
        self._unanswered.popleft()
        self._enter(self._rule(command).after_err)
        return Refused(self._as_asked(command), code_of(status), words_of(status), line)

    def _as_asked(self, command: Command) -> Command:
        """Return USER or PASS as the one command that they were."""
        if isinstance(command, User | Pass) and self._login is not None:
            login, self._login = self._login, None
            return login
        return command

    def _is_interrupted(self) -> bool:
        """Break off where octets lie there before the question that they would seem to answer."""
        if not self._lines:
            return False
        line = self._lines.take_all()[:POP3_ANSWER_OCTETS].partition(b"\r\n")[0]
        self._take_unasked(line, parse_status_line(line))
        return True

    # What is asked

    def may_send(self, command: Command) -> bool:
        """Tell whether a command may be sent here and now.

        Not before the greeting and not after the end; not where its state forbids it; no login
        that anybody could listen to (RFC 8314 §3); ahead of answers only where the server offers
        PIPELINING, and never around a command that changes the state (RFC 2449 §6.6).
        """
        if isinstance(command, User | Pass):
            return False
        first: type[Command] = User if isinstance(command, UserPass) else type(command)
        rule = TABLE[self._state].get(first)
        if rule is None or not self._has_greeted or self._is_alone:
            return False
        if rule.is_login and not (self._is_encrypted or self._may_log_in_plainly):
            return False
        if rule.needs_stamp and self.stamp is None:
            return False
        if isinstance(command, Stls) and (self._is_encrypted or self._has_said_utf8):
            return False
        return not self._unanswered if self._changes_state(rule) else self.room > 0

    @property
    def room(self) -> int:
        """How many commands that leave the state as it is may be sent now."""
        if self._is_over or self._is_alone or not self._has_greeted:
            return 0
        return max(self._window - len(self._unanswered), 0)

    def send(self, command: Command) -> None:
        """Ask something. After the end nothing is said any more.

        Raises ValueError where it may not be sent now, or cannot be written: a name with spaces,
        a line over 255 octets (AUTH's may be longer: SaslLogin knows).
        """
        if self._is_over:
            return
        if not self.may_send(command):
            raise ValueError(f"{type(command).__name__} may not be sent now")
        if isinstance(command, UserPass):
            # Both are written once, so that neither leaves where one of them cannot be said.
            format_command(Pass(command.password))
            first = format_command(User(command.name))
        else:
            limit = SASL_LINE_OCTETS if isinstance(command, Auth) else POP3_COMMAND_OCTETS
            first = format_command(command, limit_octets=limit)
        if not self._unanswered and self._is_interrupted():
            return
        if isinstance(command, UserPass):
            self._login = command
            self._queue(User(command.name), first)
        else:
            self._queue(command, first)

    def _write(self, command: Command) -> None:
        """Queue a command that may be sent."""
        self._queue(command, format_command(command))

    def _queue(self, command: Command, line: bytes) -> None:
        """Queue a line, and expect its answer."""
        self._outbox.put(line)
        self._unanswered.append(command)
        self._is_alone = self._changes_state(self._rule(command))

    def _rule(self, command: Command) -> Rule:
        """Return what a command leads to in this state, where it is allowed."""
        return TABLE[self._state][type(command)]

    def _changes_state(self, rule: Rule) -> bool:
        """Tell whether nothing may be sent before its answer is known."""
        return not self._state is rule.after_ok is rule.after_err

    @property
    def _has_said_utf8(self) -> bool:
        """Whether STLS is out of the question (RFC 6856 §2.1)."""
        return self._said_utf8 or any(isinstance(one, Utf8) for one in self._unanswered)

    # What leaves

    def data_to_send(self) -> list[Buffer]:
        """Return what is pending, in order, and forget it."""
        return self._outbox.take()

    @property
    def pending_octets(self) -> int:
        """How much is pending, in octets."""
        return self._outbox.pending_octets

    # Where it stands

    @property
    def is_logged_in(self) -> bool:
        """Whether a login was answered with yes and nothing ended since."""
        return self._state is State.TRANSACTION

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects the conversation."""
        return self._is_encrypted

    @property
    def unanswered(self) -> int:
        """How many commands wait for their answers, or for the rest of them."""
        return len(self._unanswered)

    @property
    def _is_over(self) -> bool:
        """Whether nothing is read any more."""
        return self._state in OVER

    def _enter(self, state: State) -> None:
        """Be in a state, with nothing outstanding that could change it."""
        self._state = state
        self._is_alone = False
        if self._is_over:
            self._lines.discard()

    # TLS and the end

    def tls_established(self) -> None:
        """Learn that TLS protects the conversation: everything learned before is forgotten.

        What arrived in clear meanwhile breaks it instead (RFC 2595 §4).
        """
        if self._is_over:
            return
        if self._lines:
            self._break(Fault.INJECTED)
            return
        self._is_encrypted = True
        self._silent_octets = 0
        self._learn(None)
        self.stamp = None
        self._enter(AFTER_TLS.get(self._state, self._state))

    def _break(self, fault: Fault, line: bytes = b"") -> None:
        """End it: nothing that lies there is read, and nothing that waits is sent."""
        status = parse_status_line(line)
        code = None if status is None else code_of(status)
        text = shown(line) if status is None else words_of(status)
        self._broken = ConversationBroken(fault, code, text)
        self._outbox.take()
        self._unanswered.clear()
        self._reading = None
        self._login = None
        self._enter(State.CLOSED)
