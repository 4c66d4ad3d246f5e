"""The server's side of SMTP and of what is spoken like it; LMTP is its first dialect.

Called by `net.connection` (pulls commands, moves bytes) and by edges (send replies).
Never holds a message or a reply longer than it must; never takes anything for the end of a
message but CRLF.CRLF, nor anything for the end of a line but CRLF.
Standards: RFC 5321 §4, RFC 2033, RFC 2920 §3.2, RFC 1870, RFC 6152, RFC 6531, RFC 2034.
Fails never: bad input is refused in the protocol's words, and the connection ended at limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hato.core import limits
from hato.protocols.dots import DotReader
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.machine import Buffer, Farewell, Outbox, Signal
from hato.protocols.smtp import commands, grammar, replies, states
from hato.protocols.smtp.commands import Command, DataChunk, DataEnd, DataFault, DataRefused
from hato.protocols.smtp.replies import Reply
from hato.protocols.smtp.states import State, Verb


class Dialect(msgspec.Struct, frozen=True):
    """What distinguishes the protocols that share this machine."""

    name: str
    table: states.Table
    extensions: tuple[str, ...]
    """Keywords offered besides SIZE, in order."""
    foreign_greetings: frozenset[str]
    """Greetings of the other dialects: they tell that somebody is wrong here."""
    has_reply_per_recipient: bool
    """Whether the end of a message is answered for each recipient (RFC 2033 §4.2)."""


LMTP: Final = Dialect(
    name="LMTP",
    table=states.LMTP,
    extensions=("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"),
    foreign_greetings=frozenset({"HELO", "EHLO"}),
    has_reply_per_recipient=True,
)

_VERBS: Final[Mapping[str, Verb]] = {
    verb.value: verb for verb in Verb if verb is not Verb.END_OF_DATA
}
_WITHOUT_ARGUMENT: Final[Mapping[Verb, Command]] = {
    Verb.DATA: commands.Data(),
    Verb.RSET: commands.Rset(),
    Verb.QUIT: commands.Quit(),
}
_ANY_ARGUMENT: Final[Mapping[Verb, Command]] = {
    Verb.NOOP: commands.Noop(),
    Verb.HELP: commands.Help(),
}
_FAREWELLS: Final[Mapping[Farewell, tuple[str, str]]] = {
    Farewell.SHUTTING_DOWN: ("4.3.2", "shutting down, try again soon"),
    Farewell.LOGIN_TIMED_OUT: ("4.4.2", "you took too long"),
    Farewell.IDLE_TIMED_OUT: ("4.4.2", "you took too long"),
    Farewell.TOO_SLOW: ("4.4.2", "you send too slowly, try again later"),
    Farewell.TOO_MANY_CONNECTIONS: ("4.7.0", "too many connections, try again later"),
    Farewell.LOGIN_REVOKED: ("4.7.0", "you may no longer be here: log in again"),
    Farewell.INTERNAL_FAULT: ("4.3.0", "internal fault, try again later"),
}
"""What is said at the end. Nothing is said midway through sending a message: servers send none."""


class SmtpServerMachine:
    """One conversation. The greeting waits to be written as soon as the machine is made."""

    __slots__ = (
        "_after",
        "_bad_commands",
        "_commands",
        "_dialect",
        "_farewell",
        "_fault",
        "_has_ended",
        "_has_message_end",
        "_hostname",
        "_in_broken_line",
        "_is_greeting_unsent",
        "_line_octets",
        "_lines",
        "_message_octets",
        "_outbox",
        "_owed",
        "_reader",
        "_recipient_limit",
        "_recipients",
        "_smtputf8",
        "_state",
        "_table",
        "_verb",
    )

    def __init__(
        self, dialect: Dialect, hostname: str, *, message_octets: int, recipients: int
    ) -> None:
        """Begin; `message_octets` and `recipients` are the most that one transaction may have."""
        self._dialect = dialect
        self._table = dialect.table
        self._hostname = hostname
        self._message_octets = message_octets
        self._recipient_limit = recipients
        self._lines = LineBuffer()
        self._outbox = Outbox()
        self._outbox.put(Reply(220, "", (f"{hostname} {dialect.name} ready",)).encode())
        self._is_greeting_unsent = True
        self._farewell: Farewell | None = None
        self._has_ended = False
        self._in_broken_line = False
        self._line_octets = 0
        self._bad_commands = 0
        self._commands = 0
        self._owed = 0
        self._verb = Verb.NOOP
        self._after = self._state = State.CONNECTED
        self._recipients = 0
        self._smtputf8 = False
        self._reader = DotReader()
        self._has_message_end = False
        self._fault: DataFault | None = None

    # What the pump and the edge call

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived."""
        self._line_octets += len(data)
        self._lines.feed(data)

    def receive_eof(self) -> None:
        """Learn that the client will send nothing more; what it asked is still answered."""
        self._has_ended = True

    def next_command(self) -> Command | Signal:
        """Return the next legal command, or why there is none."""
        self._owed = 0
        if self._farewell is not None:
            self._part(self._farewell)
        while True:
            if self._state is State.CLOSED:
                return Signal.CLOSED
            if self._outbox.is_full:
                return Signal.PAUSED
            if self._state is State.MESSAGE:
                command = self._next_of_message()
            else:
                command = self._next_of_lines()
            if command is not None:
                return command

    def send(self, reply: Reply) -> None:
        """Queue a reply; a positive one leads to the state that the table names."""
        self._outbox.put(reply.encode())
        self._owed -= 1
        if reply.code >= 400:
            return
        self._state = self._after
        if self._verb is Verb.RCPT:
            self._recipients += 1
        elif self._verb is Verb.DATA:
            self._reader = DotReader()
            self._has_message_end = False
            self._fault = None
        elif self._state is State.READY:
            self._recipients = 0

    def capabilities(self) -> Reply:
        """Return the answer to LHLO: our name and what we can (RFC 5321 §4.1.1.1)."""
        size = f"SIZE {self._message_octets}"
        return Reply(250, "", (self._hostname, *self._dialect.extensions, size))

    def data_to_send(self) -> list[Buffer]:
        """Return what is pending, in order, and forget it."""
        self._is_greeting_unsent = False
        return self._outbox.take()

    @property
    def pending_octets(self) -> int:
        """How much is pending, in octets."""
        return self._outbox.pending_octets

    def tls_established(self) -> None:
        """Begin anew: everything learned before TLS is forgotten (RFC 3207 §4.2)."""
        self._lines.discard()
        self._in_broken_line = False
        self._after = self._state = State.CONNECTED
        self._recipients = 0

    def say_farewell(self, reason: Farewell) -> None:
        """End the conversation, but answer first what is being answered."""
        if self._owed > 0 and reason is not Farewell.INTERNAL_FAULT:
            self._farewell = reason
        else:
            self._part(reason)

    # Lines

    def _next_of_lines(self) -> Command | Signal | None:
        """Read one line: a command, or None when it was refused."""
        line = self._lines.next_line(limits.SMTP_COMMAND_OCTETS)
        if line is Incomplete.NEED_DATA:
            if self._line_octets > limits.LINE_WITHOUT_END_OCTETS:
                self._end(replies.LINE_WITHOUT_END)
                return None
            return Signal.CLOSED if self._has_ended else Signal.NEED_DATA
        self._line_octets = 0
        self._commands += 1
        if self._commands > self._recipient_limit + limits.SMTP_COMMANDS_WITHOUT_MESSAGE:
            self._end(replies.TOO_MANY_COMMANDS)
            return None
        command = self._read_line(line) if isinstance(line, bytes) else replies.LINE_TOO_LONG
        if isinstance(command, Reply):
            self._refuse(command)
            return None
        if command is not None:
            self._owed = 1
        return command

    def _read_line(self, line: bytes) -> Command | Reply | None:
        """Read a line: a command, its refusal, or None where it needs no answer.

        Nothing of a line with a bare LF is obeyed, since who sent it may have meant one line:
        what stands before each LF is refused, what stands behind, up to CRLF, is passed over.
        """
        if not self._lines.ended_with_crlf:
            self._in_broken_line = True
            return replies.LINE_END_NOT_CRLF
        if self._in_broken_line:
            self._in_broken_line = False
            return None
        try:
            text = line.decode().rstrip(" ")
        except UnicodeDecodeError:
            return replies.NOT_UTF8
        if not text.isprintable() and grammar.has_control_character(text):
            return replies.CONTROL_CHARACTER
        word, _, argument = text.partition(" ")
        verb = _VERBS.get(word.upper())
        if verb is None:
            return self._unknown(word.upper())
        after = self._table[self._state].get(verb)
        if after is None:
            return self._out_of_order(verb)
        self._verb = verb
        self._after = after
        return self._within_limits(self._read(verb, argument))

    def _unknown(self, word: str) -> Reply:
        """Say in which way a command is unknown (RFC 5321 §4.2.4, RFC 2033 §4.1)."""
        if word in self._dialect.foreign_greetings:
            return replies.WRONG_PROTOCOL
        if word in states.RECOGNISED_ONLY:
            return replies.NOT_IMPLEMENTED
        return replies.UNKNOWN_COMMAND

    def _out_of_order(self, verb: Verb) -> Reply:
        """Say why a command is not legal now; behind a refused MAIL it may have come in good faith.

        DATA without a recipient must get 503 (RFC 2033 §4.2).
        """
        if verb is Verb.DATA and self._state is State.SENDER:
            return replies.NO_RECIPIENTS
        if verb in (Verb.RCPT, Verb.DATA) and self._state is State.READY:
            return replies.NO_TRANSACTION
        return replies.OUT_OF_ORDER

    def _read(self, verb: Verb, argument: str) -> Command | Reply:
        """Read the argument of a command."""
        if verb is Verb.RCPT:
            return grammar.read_rcpt(argument, smtputf8=self._smtputf8)
        if verb is Verb.MAIL:
            return grammar.read_mail(argument)
        if verb in _WITHOUT_ARGUMENT:
            return replies.NO_ARGUMENT_ALLOWED if argument else _WITHOUT_ARGUMENT[verb]
        if verb in _ANY_ARGUMENT:
            return _ANY_ARGUMENT[verb]
        if verb is Verb.VRFY:
            return commands.Vrfy() if argument else replies.VRFY_SYNTAX
        name = grammar.read_own_name(argument)
        return replies.BAD_NAME if name is None else commands.Lhlo(name)

    def _within_limits(self, command: Command | Reply) -> Command | Reply:
        """Refuse a message that is announced too large and a recipient too many."""
        if isinstance(command, commands.Rcpt):
            if self._recipients >= self._recipient_limit:
                return replies.TOO_MANY_RECIPIENTS
        elif isinstance(command, commands.Mail):
            self._smtputf8 = command.smtputf8
            if (command.size_octets or 0) > self._message_octets:
                return replies.MESSAGE_TOO_LARGE
        return command

    # Messages

    def _next_of_message(self) -> Command | Signal | None:
        """Read on in a message; None when there is something else to look at."""
        if self._has_message_end:
            return self._end_of_message()
        data = self._lines.take_all()
        if not data:
            return Signal.CLOSED if self._has_ended else Signal.NEED_DATA
        reader = self._reader
        octets = reader.feed(data)
        if reader.is_complete:
            self._has_message_end = True
            self._lines.feed(reader.rest)
        if self._fault is not None:
            return None
        if reader.has_bare_cr_or_lf:
            self._fault = DataFault.BARE_CR_OR_LF
        elif reader.size_octets > self._message_octets:
            self._fault = DataFault.TOO_LARGE
        else:
            return DataChunk(octets) if octets else None
        return DataRefused(self._fault)

    def _end_of_message(self) -> DataEnd | None:
        """End a transaction: let it be answered, or refuse the message for each recipient."""
        self._state = self._after = State.READY
        self._verb = Verb.END_OF_DATA
        self._commands = self._bad_commands = self._line_octets = 0
        count, self._recipients = self._recipients, 0
        if not self._dialect.has_reply_per_recipient:
            count = 1
        if self._fault is None:
            self._owed = count
            return DataEnd(self._reader.size_octets)
        if self._reader.has_bare_cr_or_lf:
            reply = replies.MESSAGE_LINE_ENDS
            self._state = State.CLOSED
        else:
            reply = replies.MESSAGE_TOO_LARGE
        line = reply.encode()
        for _ in range(count):
            self._outbox.put(line)
        return None

    # Refusing and ending

    def _refuse(self, reply: Reply) -> None:
        """Refuse a command; too many that are the client's own fault end the conversation."""
        self._outbox.put(reply.encode())
        if reply in replies.BLAMELESS:
            return
        self._bad_commands += 1
        is_stranger = self._state is State.CONNECTED
        if self._bad_commands >= (
            limits.BAD_COMMANDS_BEFORE_LOGIN if is_stranger else limits.BAD_COMMANDS_AFTER_LOGIN
        ):
            self._end(replies.TOO_MANY_BAD_COMMANDS)

    def _end(self, reply: Reply) -> None:
        """Say a last word; nothing more is read."""
        self._outbox.put(reply.encode())
        self._state = State.CLOSED

    def _part(self, reason: Farewell) -> None:
        """Say farewell in the words of SMTP (RFC 5321 §3.8)."""
        self._farewell = None
        if self._is_greeting_unsent:
            self._outbox.take()
        if self._state is not State.CLOSED and reason in _FAREWELLS:
            status, text = _FAREWELLS[reason]
            self._outbox.put(Reply(421, status, (f"{self._hostname} {text}",)).encode())
        self._state = State.CLOSED
