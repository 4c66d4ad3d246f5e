"""A submission server that keeps to the RFC, until a test tells it to answer something else.

Used by the tests of sending as what the person's provider does (`tests.fetching.provider`).
Never forgets what it took: each letter that it said yes to, or took without saying so, in order.
Standards: RFC 5321 §4, RFC 6409, RFC 4954, RFC 3207, RFC 2920, RFC 1870, RFC 6152, RFC 6531.
Fails with nothing of its own.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tests.fetching.maildrop import LOGIN, PASSWORD
from tests.fetching.provider import GoneError, Peer

CAPABILITIES: Final = (
    "PIPELINING",
    "SIZE 10000000",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "AUTH PLAIN LOGIN",
)

Answer: TypeAlias = bytes | Callable[["Session", str], bytes | None] | None
"""Octets to say instead, None to hang up, or what makes them of the session and the argument."""


@dataclass(frozen=True)
class Taken:
    """A letter that the server took the responsibility for."""

    sender: str
    recipients: tuple[str, ...]
    octets: bytes
    is_encrypted: bool
    login: str | None
    mail_options: tuple[str, ...]


@dataclass
class Session:
    """One connection, and the transaction that is open on it."""

    server: Submission
    peer: Peer
    number: int
    is_encrypted: bool = False
    login: str | None = None
    sender: str | None = None
    mail_options: tuple[str, ...] = ()
    recipients: list[str] = field(default_factory=list)

    def begin_anew(self) -> None:
        """Forget the transaction."""
        self.sender, self.recipients, self.mail_options = None, [], ()


class Submission:
    """A submission server. Call it with a peer to serve one connection."""

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        *,
        capabilities: tuple[str, ...] = CAPABILITIES,
        capabilities_before_tls: tuple[str, ...] = ("STARTTLS",),
        greeting: bytes = b"220 mail.provider.example ESMTP\r\n",
        tls: ssl.SSLContext | None = None,
        is_encrypted: bool = False,
        refused: Mapping[str, bytes] | None = None,
    ) -> None:
        """`answers`: to a verb, a whole command, `.` (the letter's end) or `body` (instead of it).

        `tls`: what STARTTLS leads to. `is_encrypted`: TLS from the first octet (the provider's
        own argument makes it). `refused`: what each of these recipients is answered with.
        """
        self.answers: dict[str, Answer] = dict(answers or {})
        self.capabilities = capabilities
        self.capabilities_before_tls = capabilities_before_tls
        self.greeting = greeting
        self.tls = tls
        self.is_encrypted = is_encrypted
        self.refused = dict(refused or {})
        self.taken: list[Taken] = []
        """What was taken, whether the client came to know of it or not."""
        self.commands: list[str] = []
        """All that was asked, in order, in all sessions; letters are not in it."""
        self.went_on: list[str] = []
        """Commands behind which the client went on before they were answered."""
        self.letters_heard = 0
        """How often all octets of a letter were heard, taken or not."""
        self.sessions = 0

    def asked(self, verb: str) -> list[str]:
        """Return the commands of a verb that were heard."""
        return [one for one in self.commands if one.partition(" ")[0].upper() == verb]

    def __call__(self, peer: Peer) -> None:
        """Serve one connection until it ends."""
        self.sessions += 1
        session = Session(self, peer, self.sessions, self.is_encrypted)
        peer.say(self.greeting)
        while True:
            command = peer.hear()
            self.commands.append(command)
            if peer.has_said_more():
                self.went_on.append(command)
            answer = self._answer(session, command)
            if answer is None:
                return
            peer.say(answer)
            verb = command.partition(" ")[0].upper()
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and self.tls is not None and answer.startswith(b"220"):
                peer.start_tls(self.tls)
                session = Session(self, peer, session.number, is_encrypted=True)
            if verb == "DATA" and answer.startswith(b"354"):
                answer = self._hear_letter(session)
                if answer is None:
                    return
                peer.say(answer)

    def _answer(self, session: Session, command: str) -> bytes | None:
        verb, _, argument = command.partition(" ")
        for key in (command, verb.upper()):
            if key in self.answers:
                answer = self.answers[key]
                return answer(session, argument) if callable(answer) else answer
        return self.properly(session, command)

    def _hear_letter(self, session: Session) -> bytes | None:
        if "body" in self.answers:
            answer = self.answers["body"]
            return answer(session, "") if callable(answer) else answer
        stuffed = (
            b"\r\n" + session.peer.hear_until(b"\r\n.\r\n")
            if session.recipients
            else (b"\r\n" + session.peer.hear_until(b".\r\n"))
        )
        self.letters_heard += 1
        letter = stuffed[2:-3].replace(b"\r\n..", b"\r\n.")
        letter = letter[1:] if letter.startswith(b"..") else letter
        if "." in self.answers:
            answer = self.answers["."]
            if callable(answer):
                return answer(session, letter.decode("latin-1"))
            return answer
        return self.take(session, letter)

    def take(self, session: Session, letter: bytes) -> bytes:
        """Take the responsibility for a letter, and say so."""
        if not session.recipients:
            return b"554 5.5.1 no recipients\r\n"
        self.taken.append(
            Taken(
                session.sender or "",
                tuple(session.recipients),
                letter,
                session.is_encrypted,
                session.login,
                session.mail_options,
            )
        )
        session.begin_anew()
        return b"250 2.0.0 queued\r\n"

    def properly(self, session: Session, command: str) -> bytes | None:
        """Answer as the RFC has it; for answers that are wrong in a part only."""
        verb, _, argument = command.partition(" ")
        match verb.upper():
            case "EHLO":
                return self._introduce(session)
            case "STARTTLS" if self.tls is not None and not session.is_encrypted:
                return b"220 2.0.0 go ahead\r\n"
            case "AUTH":
                return self._log_in(session, argument)
            case "RSET":
                session.begin_anew()
                return b"250 2.0.0 ok\r\n"
            case "NOOP":
                return b"250 2.0.0 ok\r\n"
            case "QUIT":
                return b"221 2.0.0 bye\r\n"
            case _:
                return self._in_transaction(session, verb.upper(), argument)

    def _in_transaction(self, session: Session, verb: str, argument: str) -> bytes:
        match verb:
            case "MAIL" if session.login is None:
                return b"530 5.7.0 log in first\r\n"
            case "MAIL":
                session.begin_anew()
                path, *options = argument.removeprefix("FROM:").split(" ")
                session.sender, session.mail_options = path.strip("<>"), tuple(options)
                return b"250 2.1.0 ok\r\n"
            case "RCPT" if session.sender is None:
                return b"503 5.5.1 MAIL first\r\n"
            case "RCPT":
                recipient = argument.removeprefix("TO:").strip().strip("<>")
                if recipient in self.refused:
                    return self.refused[recipient]
                session.recipients.append(recipient)
                return b"250 2.1.5 ok\r\n"
            case "DATA" if session.recipients:
                return b"354 go ahead\r\n"
            case "DATA":
                return b"554 5.5.1 no recipients\r\n"
            case _:
                return b"500 5.5.2 unknown\r\n"

    def _introduce(self, session: Session) -> bytes:
        able = list(self.capabilities)
        if self.tls is not None and not session.is_encrypted:
            able = list(self.capabilities_before_tls)
        lines = ["mail.provider.example", *able]
        rows = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
        return "".join(f"{row}\r\n" for row in rows).encode()

    def _log_in(self, session: Session, argument: str) -> bytes:
        method, _, first = argument.partition(" ")
        match method.upper():
            case "PLAIN":
                words = first or self._ask(session, b"334 \r\n")
                _, name, password = _plain(words)
            case "LOGIN":
                name = _text(first or self._ask(session, b"334 VXNlcm5hbWU6\r\n"))
                password = _text(self._ask(session, b"334 UGFzc3dvcmQ6\r\n"))
            case _:
                return b"504 5.5.4 no such method\r\n"
        if (name, password) != (LOGIN, PASSWORD):
            return b"535 5.7.8 wrong\r\n"
        session.login = name
        return b"235 2.7.0 welcome\r\n"

    @staticmethod
    def _ask(session: Session, question: bytes) -> str:
        session.peer.say(question)
        return session.peer.hear()


def _plain(words: str) -> tuple[str, str, str]:
    parts = _text(words).split("\0")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def _text(words: str) -> str:
    try:
        return base64.b64decode(words).decode()
    except ValueError:
        return ""


__all__ = [
    "CAPABILITIES",
    "LOGIN",
    "PASSWORD",
    "Answer",
    "GoneError",
    "Session",
    "Submission",
    "Taken",
]
