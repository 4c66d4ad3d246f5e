"""The server's side of a POP3 conversation: bytes in, legal commands out; replies in, bytes out.

Called by the pump (moves bytes, pulls commands) and by the edge (sends replies).
Never lets a command through that is malformed, out of its state or unprotected; never echoes
what a peer sent.
Standards: RFC 1939, RFC 2449 §3 to §5, RFC 2595 §4, RFC 5034 §4, RFC 6856, RFC 8314 §3.
Fails never: whatever arrives yields a command, a refusal or the end.
"""

from __future__ import annotations

from typing import Final

from hato.core.language import Language, match_language
from hato.core.limits import (
    BAD_COMMANDS_AFTER_LOGIN,
    BAD_COMMANDS_BEFORE_LOGIN,
    FAILED_LOGINS_PER_CONNECTION,
    LINE_WITHOUT_END_OCTETS,
    POP3_COMMAND_OCTETS,
    SASL_LINE_OCTETS,
)
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.machine import Buffer, Farewell, Signal
from hato.protocols.pop3 import answers, texts
from hato.protocols.pop3.commands import (
    Command,
    Lang,
    Noop,
    Pass,
    Stls,
    User,
    UserPass,
    Utf8,
)
from hato.protocols.pop3.grammar import (
    Refusal,
    looks_like_http,
    parse_command,
    parse_sasl_line,
)
from hato.protocols.pop3.replies import Challenge, Code, End, Err, Message, Ok, Reply
from hato.protocols.pop3.states import (
    AFTER_CHALLENGE,
    AFTER_REFUSAL,
    AFTER_TLS,
    OVER,
    TABLE,
    Rule,
    State,
)
from hato.protocols.pop3.writer import ReplyWriter

_END: Final = End()
_PATIENT: Final = (Farewell.SHUTTING_DOWN, Farewell.LOGIN_REVOKED)
# Looked up for each command: a module's name is found faster than an enum's member.
_EXCHANGE: Final = State.EXCHANGE
_TRANSACTION: Final = State.TRANSACTION
_TLS_HANDSHAKE: Final = b"\x16"
"""The first octet of a TLS record that greets (RFC 8446 §5.1); no command begins with it."""


def _stamped(stamp: str) -> Ok:
    """Return a greeting with a stamp; it is never the same (RFC 1939 §7)."""
    return Ok(texts.GREETING_WITH_STAMP, {"stamp": stamp})


class Pop3ServerMachine:
    """One POP3 conversation, seen from the server."""

    __slots__ = (
        "_bad_commands",
        "_failed_logins",
        "_farewell",
        "_has_ended",
        "_has_stamp",
        "_is_busy",
        "_is_encrypted",
        "_is_over",
        "_is_reading",
        "_is_skipping",
        "_line_limit",
        "_lines",
        "_may_log_in_plainly",
        "_name",
        "_offers_tls",
        "_outbox",
        "_preferred",
        "_rule",
        "_rules",
        "_state",
        "_unended_octets",
        "_wanted",
        "_writer",
        "batches",
        "is_utf8",
    )

    def __init__(
        self,
        hostname: str,
        *,
        stamp: str | None = None,
        is_encrypted: bool = False,
        may_log_in_plainly: bool = False,
        offers_tls: bool = False,
        preferred: Language = Language.ENGLISH,
    ) -> None:
        """Greet.

        `stamp`: what APOP's digest covers, `<digits.digits@name>`; None: APOP is unknown here.
        `may_log_in_plainly`: this address needs no TLS. `offers_tls`: STLS is possible.
        `preferred`: what `LANG *` chooses, and the language of clients in UTF-8 mode that have
        not chosen.
        """
        self._lines = LineBuffer()
        self._writer = ReplyWriter()
        self._outbox = self._writer.outbox
        self._has_stamp = stamp is not None
        self._is_encrypted = is_encrypted
        self._may_log_in_plainly = may_log_in_plainly
        self._offers_tls = offers_tls
        self._preferred = preferred
        self._is_busy = self._has_ended = False
        self._farewell: Farewell | None = None
        self._rule: Rule | None = None
        self.batches = 0
        """How often octets arrived: the edge may look once per batch whether something changed."""
        self._forget()
        self._writer.write(answers.greeting(hostname) if stamp is None else _stamped(stamp))

    def _forget(self) -> None:
        """Know nothing of the client, as at the beginning."""
        self._lines.discard()
        self._is_skipping = False
        self._unended_octets = 0
        self._name: str | None = None
        self.is_utf8 = False
        """Whether the client said UTF8: it gets messages that need it as they are."""
        self._wanted: Language | None = None
        self._bad_commands = self._failed_logins = 0
        self._enter(State.AUTHORIZATION)
        self._choose_language()

    # What arrives

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived."""
        self.batches += 1
        if self._is_over:
            return
        if data.startswith(_TLS_HANDSHAKE) and not self._lines and not self.is_logged_in:
            self._end_with(answers.PLAIN_PORT)
            return
        self._unended_octets += len(data)
        self._lines.feed(data)

    @property
    def has_input(self) -> bool:
        """Whether something arrived that was not looked at yet."""
        return bool(self._lines)

    def receive_eof(self) -> None:
        """Learn that the peer will send nothing more."""
        self._has_ended = True

    def next_command(self) -> Command | Signal:
        """Return the next legal command, or why there is none."""
        self._is_busy = False
        if self._farewell is not None:
            self._say(self._farewell)
        while self._is_reading:
            if self._outbox.is_full:
                return Signal.PAUSED
            line = self._lines.next_line(self._line_limit)
            if isinstance(line, Incomplete):
                if line is Incomplete.OVERLONG:
                    self._unended_octets = 0
                    self._refuse_overlong()
                elif self._unended_octets > LINE_WITHOUT_END_OCTETS:
                    self._end_with(answers.NO_END)
                elif self._has_ended:
                    self._enter(State.CLOSED)
                else:
                    return Signal.NEED_DATA
                continue
            self._unended_octets = 0
            if self._is_skipping or not self._lines.ended_with_crlf:
                self._skip()
            else:
                command = self._take(line)
                if command is not None:
                    self._is_busy = True
                    return command
        if self._state is State.UPDATE:
            return Signal.PARTED
        return Signal.CLOSED if self._is_over else Signal.START_TLS

    def _refuse_overlong(self) -> None:
        """Refuse a line that is too long, unless it belongs to one that was refused already."""
        if self._is_skipping:
            self._count_bad_command()
        else:
            self._refuse(answers.TOO_LONG)

    def _skip(self) -> None:
        """Refuse a line that ends with LF alone; ignore what follows, up to the next CRLF.

        Such a line is no line (RFC 1939 §3). What stands behind the LF may have been put there
        by somebody who made a program send it, so it is not obeyed.
        """
        has_crlf = self._lines.ended_with_crlf
        if not self._is_skipping:
            self._refuse(answers.BAD_LINE_END)
        elif not has_crlf:
            self._count_bad_command()
        self._is_skipping = not has_crlf

    def _take(self, line: bytes) -> Command | None:
        """Return the command of a line if the edge has to answer it; answer it otherwise."""
        state = self._state
        command = parse_sasl_line(line) if state is _EXCHANGE else parse_command(line)
        if isinstance(command, Refusal):
            self._refuse_line(command, line)
            return None
        rule = self._rules.get(command.__class__)
        if rule is None:
            self._refuse(answers.NOT_NOW)
            return None
        if state is _TRANSACTION:
            self._bad_commands = 0
        elif not self._may_say(rule):
            return None
        self._rule = rule
        if rule.is_answered_here:
            self._answer(command)
            return None
        if isinstance(command, Pass) and self._name is not None:
            return UserPass(self._name, command.password)
        return command

    def _may_say(self, rule: Rule) -> bool:
        """Refuse a login that anybody could listen to, and APOP where there is none."""
        if rule.is_login and not (self._is_encrypted or self._may_log_in_plainly):
            self._refuse(answers.TLS_FIRST)
            return False
        if rule.needs_stamp and not self._has_stamp:
            self._refuse(answers.REFUSALS[Refusal.UNKNOWN])
            return False
        return True

    # What the machine answers by itself

    def _answer(self, command: Command) -> None:
        """Answer a command that the edge need not hear of."""
        match command:
            case Noop():
                self._settle(answers.DONE)
            case User(name):
                self._name = name
                self._settle(answers.NAME_TAKEN)
            case Utf8():
                self.is_utf8 = True
                self._choose_language()
                self._settle(answers.UTF8_ON)
            case Lang(wanted):
                self._answer_lang(wanted)
            case Stls():
                self._answer_stls()
            case _:
                self._settle(answers.GOODBYE)

    def _answer_lang(self, wanted: str | None) -> None:
        """Choose a language, or list them (RFC 6856 §3.2)."""
        if wanted is None:
            self._settle(answers.LANGUAGE_LISTING)
            self._writer.write(answers.LANGUAGE_ROWS)
            self._writer.write(_END)
            return
        language = self._preferred if wanted == "*" else match_language(wanted)
        if language is None:
            self._settle(answers.NO_SUCH_LANGUAGE)
            return
        self._wanted = language
        self._choose_language()
        self._settle(answers.CHOSEN[language])

    def _answer_stls(self) -> None:
        """Begin TLS; whatever arrived behind the command is thrown away (RFC 2595 §4).

        UTF8 said before is no obstacle, though RFC 6856 §2.1 would permit one: it is forgotten.
        Otherwise whoever can add a line to the clear text could keep a client from TLS.
        """
        if not self.can_start_tls:
            self._settle(answers.TLS_NOT_OFFERED)
            return
        self._settle(answers.BEGIN_TLS)
        self._lines.discard()

    def _refuse_line(self, reason: Refusal, line: bytes) -> None:
        """Refuse a line that is no command."""
        if self._state is State.EXCHANGE:
            self._refuse(answers.NOT_BASE64)
        elif reason is Refusal.UNKNOWN and not self.is_logged_in and looks_like_http(line):
            self._end_with(answers.THIS_IS_POP3)
        else:
            self._refuse(answers.REFUSALS[reason])

    def _refuse(self, reply: Err) -> None:
        """Say no to a line, and count it."""
        self._writer.write(reply)
        after = AFTER_REFUSAL.get(self._state)
        if after is not None:
            self._enter(after)
        self._count_bad_command()

    def _count_bad_command(self) -> None:
        """End a conversation that consists of mistakes."""
        self._bad_commands += 1
        allowed = BAD_COMMANDS_AFTER_LOGIN if self.is_logged_in else BAD_COMMANDS_BEFORE_LOGIN
        if self._bad_commands >= allowed:
            self._end_with(answers.TOO_MANY_BAD)

    # What the edge answers

    def send(self, reply: Reply) -> None:
        """Queue a reply; it is written in the language of the session.

        After the end nothing is said any more: a handler may have been at work meanwhile.
        """
        if self._is_over:
            return
        if isinstance(reply, Message):
            self._writer.write_message(reply)
        elif isinstance(reply, Ok | Err):
            self._settle(reply)
        else:
            self._writer.write(reply)
            if isinstance(reply, Challenge):
                self._enter(AFTER_CHALLENGE[self._state])

    def pass_over(self) -> None:
        """Leave an exchange that was given up, without a word.

        For a client that went on already: it would take a word for the answer to what it said.
        """
        self._rule = None
        self._enter(State.AUTHORIZATION)

    def _settle(self, reply: Ok | Err) -> None:
        """Queue the answer to the command, and go where it leads."""
        self._writer.write(reply)
        rule = self._rule
        if rule is None:
            return
        self._rule = None
        if isinstance(reply, Ok):
            self._enter(rule.after_ok)
            return
        self._enter(rule.after_err)
        if rule.counts_failures and reply.code is not Code.IN_USE:
            self._failed_logins += 1
            if self._failed_logins >= FAILED_LOGINS_PER_CONNECTION:
                self._enter(State.CLOSED)

    def _enter(self, state: State) -> None:
        """Be in a state."""
        self._state = state
        self._rules = TABLE[state]
        self._is_over = state in OVER
        self._is_reading = not self._is_over and state is not State.HANDSHAKE
        self._line_limit = SASL_LINE_OCTETS if state is State.EXCHANGE else POP3_COMMAND_OCTETS

    # What leaves

    def data_to_send(self) -> list[Buffer]:
        """Return what is pending, in order, and forget it."""
        return self._outbox.take()

    @property
    def pending_octets(self) -> int:
        """How much is pending, in octets."""
        return self._outbox.pending_octets

    # What the edge may know and say

    @property
    def is_logged_in(self) -> bool:
        """Whether a login was answered with yes and nothing ended since."""
        return self._state is _TRANSACTION

    @property
    def can_start_tls(self) -> bool:
        """Whether STLS would be accepted here and now: what CAPA says of it."""
        return self._offers_tls and not self._is_encrypted and not self.is_logged_in

    def prefer(self, language: Language) -> None:
        """Learn what the person who has just logged in prefers (RFC 6856 §3.2)."""
        self._preferred = language
        self._choose_language()

    def _choose_language(self) -> None:
        """Decide how to speak.

        Without LANG and outside UTF-8 mode only ASCII may be said (RFC 1939 §3), so it is
        English, whatever is preferred.
        """
        language = self._wanted or (self._preferred if self.is_utf8 else Language.ENGLISH)
        self._writer.speak(language)

    # TLS and the end

    def tls_established(self) -> None:
        """Learn that TLS protects the conversation: everything learned before is forgotten."""
        self._is_encrypted = True
        after = AFTER_TLS.get(self._state, self._state)
        self._forget()
        self._enter(after)

    def say_farewell(self, reason: Farewell) -> None:
        """End the conversation; some reasons let a command that is being answered finish."""
        if reason in _PATIENT and self._is_busy:
            self._farewell = reason
        else:
            self._say(reason)

    def _say(self, reason: Farewell) -> None:
        """Say why it ends, where that cannot be taken for a part of a message."""
        if self._is_over:
            return
        if reason is Farewell.TOO_MANY_CONNECTIONS:
            self._outbox.take()
        words = answers.FAREWELLS.get(reason)
        if words is not None and not self._writer.is_body_open:
            self._writer.write(words)
        self._enter(State.CLOSED)

    def _end_with(self, reply: Err) -> None:
        """Say something and be over."""
        self._writer.write(reply)
        self._enter(State.CLOSED)
