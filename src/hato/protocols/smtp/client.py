"""The client's side of an SMTP submission, as a state machine.

Called by clients: they say what to ask, move the octets, and get what the server said as events.
Never logs in where others could listen, unless that was allowed; never takes an answer for another
command's; never believes after TLS what was said before; never ends a letter by itself.
Standards: RFC 5321, RFC 6409, RFC 2920 §3.1, RFC 3207 §4, RFC 4954 §4, RFC 8314 §3.3.
Fails with ConversationBroken as an event whatever a server does; ValueError is the caller's bug.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from hato.core.limits import SMTP_ANSWER_OCTETS, SMTP_AUTH_OCTETS, SMTP_WINDOW_COMMANDS
from hato.protocols.dots import TERMINATOR, double_dots
from hato.protocols.foreign_text import shown
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.machine import Buffer, Outbox, Signal
from hato.protocols.sasl.exchange import decode_base64
from hato.protocols.smtp.client_commands import (
    Auth,
    AuthResponse,
    ClientCommand,
    Ehlo,
    EndOfData,
    StartTls,
    encode_command,
)
from hato.protocols.smtp.client_events import (
    Challenge,
    ConversationBroken,
    Event,
    Fault,
    Greeting,
    Replied,
)
from hato.protocols.smtp.client_extensions import Extensions
from hato.protocols.smtp.client_replies import ReplyReader, ServerReply
from hato.protocols.smtp.client_states import TABLE, Rule, State
from hato.protocols.smtp.commands import Data, Mail

_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")
"""How a TLS alert and a TLS handshake begin (RFC 8446 §5.1)."""
_GOODBYE: Final = 421
_CHALLENGE: Final = 334
_DONE, _GO_ON, _NO = 2, 3, 4
"""First digits of answers (RFC 5321 §4.2.1); from 4 on they say no."""


class SmtpClientMachine:
    """One SMTP conversation, seen from the client.

    The driver calls `receive_data`, then `next_event` until it answers with a signal: NEED_DATA
    (write `data_to_send`, read on), START_TLS (write, shake hands, `tls_established`) or CLOSED.
    Between events it may `send` what `may_send` allows.
    """

    def __init__(self, *, is_encrypted: bool = False, may_log_in_plainly: bool = False) -> None:
        """Wait for the greeting.

        `is_encrypted`: TLS came first (port 465). `may_log_in_plainly`: the person wants to log
        in without TLS, knowing what that means.
        """
        self._lines = LineBuffer()
        self._outbox = Outbox()
        self._reader = ReplyReader()
        self._is_encrypted = is_encrypted
        self._may_log_in_plainly = may_log_in_plainly
        self._unanswered: deque[ClientCommand] = deque()
        self._broken: ConversationBroken | None = None
        self._has_greeted = self._has_ended = self._is_alone = False
        self._state = State.CONNECTED
        self._tail = TERMINATOR[:2]
        self.extensions: Extensions | None = None
        """What the server said last that it can do; forgotten with TLS."""

    # What arrives

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived."""
        if self._is_over:
            return
        if not self._has_greeted and not self._lines and data.startswith(_TLS_RECORDS):
            self._break(Fault.SPEAKS_TLS)
            return
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
            asked = self._unanswered[0] if self._unanswered else None
            in_exchange = isinstance(asked, Auth | AuthResponse)
            line = self._lines.next_line(SMTP_AUTH_OCTETS if in_exchange else SMTP_ANSWER_OCTETS)
            if line is Incomplete.OVERLONG:
                self._break(Fault.OVERLONG)
            elif line is Incomplete.NEED_DATA:
                if not self._has_ended:
                    return Signal.NEED_DATA
                self._end_of_stream()
            elif isinstance(line, bytes):
                event = self._take_line(line)
                if event is not None:
                    return event
        broken, self._broken = self._broken, None
        return broken or Signal.CLOSED

    def _end_of_stream(self) -> None:
        """Say what the end of the connection means here."""
        is_between = (
            self._has_greeted
            and not self._unanswered
            and not self._reader.has_begun
            and not self._lines
        )
        self._break(Fault.CLOSED_BY_SERVER if is_between else Fault.CUT_OFF)

    def _take_line(self, line: bytes) -> Event | None:
        """Take a line; None: the answer goes on, or the conversation is broken."""
        reply = self._reader.take(line)
        if reply is True:
            return None
        if isinstance(reply, bool):
            self._break(Fault.GARBAGE if self._has_greeted else Fault.NOT_SMTP, shown(line))
            return None
        if not self._has_greeted:
            self._has_greeted = True
            if reply.code // 100 != 2:
                self._enter(State.CLOSED)
            return Greeting(reply)
        if not self._unanswered:
            self._take_unasked(reply)
            return None
        return self._take_answer(reply)

    def _take_unasked(self, reply: ServerReply) -> None:
        """Tell a goodbye from what would shift every answer behind it (RFC 5321 §3.8)."""
        fault = Fault.SAID_GOODBYE if reply.code == _GOODBYE else Fault.UNASKED
        self._break(fault, reply.words)

    def _take_answer(self, reply: ServerReply) -> Event | None:
        """Go where an answer leads; None: it answers nothing that was asked.

        A letter is said only to who asked for it with 3yz: another would take its lines for
        commands. It is taken only where 2yz says so (RFC 5321 §4.3.2).
        """
        command = self._unanswered.popleft()
        rule = self._rule_of(command)
        if reply.code == _CHALLENGE and isinstance(command, Auth | AuthResponse):
            self._enter(State.EXCHANGE)
            return Challenge(decode_base64("".join(reply.lines).encode()))
        yes = _GO_ON if isinstance(command, Data) else _DONE
        if reply.code // 100 < _NO and reply.code // 100 != yes:
            self._break(Fault.GARBAGE, reply.words)
            return None
        if reply.code == _GOODBYE:
            if self._unanswered:
                self._break(Fault.SAID_GOODBYE, reply.words)
            self._enter(State.CLOSED)
        elif isinstance(command, Mail):
            # What was said ahead of this answer is answered in its turn, as refused.
            self._state = State.TRANSACTION if reply.is_yes else State.READY
        elif not rule.may_run_ahead:
            self._enter(rule.after_yes if reply.is_yes else rule.after_no)
        if isinstance(command, Ehlo):
            self.extensions = Extensions(reply.lines[1:]) if reply.is_yes else None
        return Replied(command, reply)

    def _rule_of(self, command: ClientCommand) -> Rule:
        """Return the rule of a command that was said, in whichever state that was allowed."""
        return next(rules[type(command)] for rules in TABLE.values() if type(command) in rules)

    # What is asked

    def may_send(self, command: ClientCommand) -> bool:
        """Tell whether a command may be sent here and now.

        Not before the greeting and not after the end; no login that anybody could listen to
        (RFC 8314 §3.3); ahead of answers only RCPT, where PIPELINING is offered (RFC 2920 §3.1).
        """
        rule = TABLE[self._state].get(type(command))
        if rule is None or not self._has_greeted or self._is_alone:
            return False
        if rule.is_login and not (self._is_encrypted or self._may_log_in_plainly):
            return False
        if isinstance(command, StartTls) and self._is_encrypted:
            return False
        if not self._unanswered:
            return True
        return rule.may_run_ahead and self.room > 0

    @property
    def room(self) -> int:
        """How many RCPTs may be sent now."""
        if self._state is not State.TRANSACTION or self._is_alone:
            return 0
        can_run_ahead = self.extensions is not None and "PIPELINING" in self.extensions
        window = SMTP_WINDOW_COMMANDS if can_run_ahead else 1
        return max(window - len(self._unanswered), 0)

    def send(self, command: ClientCommand) -> None:
        """Ask something. After the end nothing is said any more.

        Raises ValueError where it may not be sent now, or cannot be said.
        """
        if self._is_over:
            return
        if not self.may_send(command):
            raise ValueError(f"{type(command).__name__} may not be sent now")
        if isinstance(command, EndOfData):
            # RFC 5321 §4.1.1.4: the dot stands on a line of its own.
            ends_with_crlf = self._tail == TERMINATOR[:2]
            self._outbox.put(TERMINATOR[2:] if ends_with_crlf else TERMINATOR)
            self._tail = TERMINATOR[:2]
        else:
            line = encode_command(command)
            if not self._unanswered and self._lines:
                self._interrupt()
                return
            self._outbox.put(line)
        self._unanswered.append(command)
        if isinstance(command, Mail):
            self._state = State.TRANSACTION
        else:
            self._is_alone = not TABLE[self._state][type(command)].may_run_ahead

    def _interrupt(self) -> None:
        """Break off where octets lie there before the question that they would seem to answer."""
        line = self._lines.take_all()[:SMTP_ANSWER_OCTETS].partition(b"\r\n")[0]
        is_goodbye = line.startswith(b"%d" % _GOODBYE)
        self._break(Fault.SAID_GOODBYE if is_goodbye else Fault.UNASKED, shown(line))

    def send_octets(self, data: bytes, dots: Iterable[int]) -> None:
        """Send the next octets of the letter, in wire form.

        `dots`: the offsets of those that begin a line, which are doubled (RFC 5321 §4.5.2).
        Nothing happens after the end; raises ValueError where no letter is due.
        """
        if self._is_over or not data:
            return
        if self._state is not State.MESSAGE or self._unanswered:
            raise ValueError("no letter is due")
        for piece in double_dots(data, dots):
            self._outbox.put(piece)
        self._tail = (self._tail + data[-2:])[-2:]

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
    def is_encrypted(self) -> bool:
        """Whether TLS protects the conversation."""
        return self._is_encrypted

    @property
    def unanswered(self) -> int:
        """How many commands wait for their answers."""
        return len(self._unanswered)

    @property
    def _is_over(self) -> bool:
        """Whether nothing is read any more."""
        return self._state is State.CLOSED

    def _enter(self, state: State) -> None:
        """Be in a state, with nothing outstanding that could change it."""
        self._state = state
        self._is_alone = False
        if self._is_over:
            self._lines.discard()

    # TLS and the end

    def tls_established(self) -> None:
        """Learn that TLS protects the conversation: everything learned before is forgotten.

        What arrived in clear meanwhile breaks it instead (RFC 3207 §4.2).
        """
        if self._is_over:
            return
        if self._lines:
            self._break(Fault.INJECTED)
            return
        self._is_encrypted = True
        self.extensions = None
        self._enter(State.CONNECTED)

    def _break(self, fault: Fault, text: str = "") -> None:
        """End it: nothing that lies there is read, and nothing that waits is sent."""
        self._broken = ConversationBroken(fault, text)
        self._outbox.take()
        self._unanswered.clear()
        self._enter(State.CLOSED)
