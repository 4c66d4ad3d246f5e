"""A machine without an edge: commands come out, and tests answer them.

Used by the tests of the POP3 machine.
"""

from __future__ import annotations

from collections.abc import Callable

from hato.core.language import Language
from hato.protocols.machine import Signal
from hato.protocols.pop3 import answers, texts
from hato.protocols.pop3.commands import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Command,
    Dele,
    List,
    Quit,
    Retr,
    Rset,
    Stat,
    Top,
    Uidl,
    UserPass,
)
from hato.protocols.pop3.replies import (
    Begin,
    Capabilities,
    Challenge,
    Chunk,
    DropListing,
    End,
    Err,
    Message,
    Ok,
    Reply,
    Rows,
)
from hato.protocols.pop3.server import Pop3ServerMachine

YES: list[Reply] = [Ok(texts.LOGGED_IN)]
ANSWERS: dict[type[Command], list[Reply]] = {
    Capa: [Capabilities(("TOP", "UIDL"))],
    UserPass: YES,
    Apop: YES,
    Auth: [Challenge(b"")],
    AuthCancel: [answers.CANCELLED],
    AuthResponse: YES,
    Stat: [DropListing(2, 320)],
    List: [Begin(texts.SCAN_LISTING), Rows(b"1 120\r\n2 200\r\n"), End()],
    Uidl: [Begin(texts.UNIQUE_ID_LISTING), Rows(b"1 a\r\n2 b\r\n"), End()],
    Retr: [Message(b"Subject: x\r\n\r\n.\r\n", [14])],
    Top: [Begin(texts.TOP_OF_MESSAGE), Chunk(b"Subject: x\r\n\r\n"), End()],
    Dele: [Ok(texts.MARKED)],
    Rset: [Ok(texts.UNMARKED)],
    Quit: [Ok(texts.GOODBYE)],
}


class Conversation:
    """A machine that is asked as the pump asks it; `commands` are those that came out."""

    def __init__(
        self,
        *,
        stamp: str | None = None,
        is_encrypted: bool = False,
        may_log_in_plainly: bool = False,
        offers_tls: bool = False,
        preferred: Language = Language.ENGLISH,
    ) -> None:
        self.machine = Pop3ServerMachine(
            "mx.example.org",
            stamp=stamp,
            is_encrypted=is_encrypted,
            may_log_in_plainly=may_log_in_plainly,
            offers_tls=offers_tls,
            preferred=preferred,
        )
        self.commands: list[Command] = []
        self.answers = dict(ANSWERS)
        self.signal = Signal.NEED_DATA
        self.greeting = self._run()

    def say(self, *lines: str | bytes) -> bytes:
        """Say lines in one segment; return what comes back."""
        octets = b"".join(
            (line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines
        )
        return self.say_octets(octets)

    def say_octets(self, octets: bytes) -> bytes:
        """Say octets in one segment; return what comes back."""
        self.machine.receive_data(octets)
        return self._run()

    def log_in(self) -> None:
        """Log in with USER and PASS."""
        self.say("USER ada", "PASS secret")
        assert self.machine.is_logged_in
        self.commands.clear()

    def refuse_logins(self, reply: Err) -> None:
        """Answer every login with no."""
        for kind in (UserPass, Apop, Auth, AuthResponse):
            self.answers[kind] = [reply]

    def take(self) -> bytes:
        """Return what is pending."""
        pending = self.machine.pending_octets
        octets = b"".join(bytes(piece) for piece in self.machine.data_to_send())
        assert len(octets) == pending
        return octets

    def _run(self) -> bytes:
        written = b""
        while True:
            command = self.machine.next_command()
            if isinstance(command, Command):
                self.commands.append(command)
                for reply in self.answers[type(command)]:
                    self.machine.send(reply)
                continue
            self.signal = command
            written += self.take()
            assert self.machine.pending_octets == 0
            if command is not Signal.PAUSED:
                return written


def conversation_with(prepare: Callable[[Conversation], None]) -> Conversation:
    """Return a conversation that may log in without TLS, after something was done."""
    conversation = Conversation(may_log_in_plainly=True, offers_tls=True, stamp="<1.2@mx>")
    prepare(conversation)
    return conversation
