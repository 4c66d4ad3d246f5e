"""A POP3 server that keeps to the RFC, until a test tells it to answer something else.

Used by the tests of fetching as what a provider does (`tests.fetching.provider`).
Never deletes before QUIT; what it deleted, gave and heard, it remembers for the test.
Standards: RFC 1939, RFC 2449 §6, RFC 2595 §4.
Fails with nothing of its own.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tests.fetching.provider import GoneError, Peer

PASSWORD: Final = "S3cretPassw0rd"
LOGIN: Final = "ada@provider.example"

Answer: TypeAlias = bytes | Callable[["Session", str], bytes | None] | None
"""Octets to say, None to hang up, or what makes them of the session and the command's argument."""


def stuffed(letter: bytes) -> bytes:
    """Put a letter into the form of a multi-line answer, its end included."""
    end = b"" if letter.endswith(b"\r\n") or not letter else b"\r\n"
    doubled = (b"\r\n" + letter).replace(b"\r\n.", b"\r\n..")[2:]
    return doubled + end + b".\r\n"


def rows(lines: list[str]) -> bytes:
    """Make a multi-line answer of lines."""
    return "".join(f"{line}\r\n" for line in ["+OK", *lines, "."]).encode()


class Session:
    """One session on the letters of a maildrop, which it numbers for itself."""

    def __init__(self, drop: Maildrop, peer: Peer, number: int) -> None:
        self.drop = drop
        self.peer = peer
        self.number = number
        """Counted from 1 over all sessions of the maildrop."""
        self.letters = dict(enumerate(drop.shown_in(number).items(), 1))
        """Unique-id and octets by message number."""
        self.marked: list[int] = []

    def present(self) -> dict[int, tuple[str, bytes]]:
        """Return what is there and not marked as deleted."""
        return {n: letter for n, letter in self.letters.items() if n not in self.marked}


class Maildrop:
    """Letters behind a POP3 server. Call it with a peer to serve one connection."""

    def __init__(
        self,
        letters: Mapping[str, bytes] | None = None,
        answers: Mapping[str, Answer] | None = None,
        *,
        capabilities: str = "USER UIDL TOP PIPELINING RESP-CODES",
        greeting: bytes = b"+OK ready\r\n",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`letters`: by unique-id, in order. `answers`: to whole commands, or to a verb.

        `tls`: what STLS leads to, announced by a capability that the caller lists.
        """
        self.letters = dict(letters or {})
        self.answers: dict[str, Answer] = dict(answers or {})
        self.capabilities = capabilities
        self.greeting = greeting
        self.tls = tls
        self.commands: list[str] = []
        """All that was asked, in order, in all sessions."""
        self.deleted: list[str] = []
        """Unique-ids that a QUIT deleted."""
        self.sessions = 0

    def shown_in(self, number: int) -> Mapping[str, bytes]:
        """Return the letters that a session sees; one of a clustered server may see others."""
        return self.letters

    def asked(self, verb: str) -> list[str]:
        """Return the commands of a verb that were heard."""
        return [command for command in self.commands if command.partition(" ")[0] == verb]

    def given(self) -> Counter[str]:
        """Count how often each message number was asked for with RETR."""
        return Counter(self.asked("RETR"))

    def __call__(self, peer: Peer) -> None:
        """Serve one connection until it ends."""
        self.sessions += 1
        session = Session(self, peer, self.sessions)
        peer.say(self.greeting)
        while True:
            command = peer.hear()
            self.commands.append(command)
            answer = self._answer(session, command)
            if answer is None:
                return
            peer.say(answer)
            if command == "QUIT":
                return
            if command == "STLS" and self.tls is not None and answer.startswith(b"+OK"):
                peer.start_tls(self.tls)

    def _answer(self, session: Session, command: str) -> bytes | None:
        verb, _, argument = command.partition(" ")
        for key in (command, verb):
            if key in self.answers:
                answer = self.answers[key]
                return answer(session, argument) if callable(answer) else answer
        return self.properly(session, command)

    def properly(self, session: Session, command: str) -> bytes:
        """Answer as RFC 1939 has it; for answers that are wrong in a part only."""
        verb, _, argument = command.partition(" ")
        match verb:
            case "CAPA":
                return rows([line.replace("_", " ") for line in self.capabilities.split(" ")])
            case "STLS" if self.tls is not None:
                return b"+OK go ahead\r\n"
            case "USER" | "NOOP":
                return b"+OK\r\n"
            case "PASS":
                return b"+OK\r\n" if argument == PASSWORD else b"-ERR [AUTH] no\r\n"
            case "STAT":
                there = session.present().values()
                return f"+OK {len(there)} {sum(len(octets) for _, octets in there)}\r\n".encode()
            case "LIST" if not argument:
                sizes = {n: len(octets) for n, (_, octets) in session.present().items()}
                return rows([f"{number} {size}" for number, size in sizes.items()])
            case "UIDL" if not argument:
                return rows([f"{number} {uid}" for number, (uid, _) in session.present().items()])
            case "RSET":
                session.marked.clear()
                return b"+OK\r\n"
            case "QUIT":
                for number in session.marked:
                    unique_id = session.letters[number][0]
                    self.letters.pop(unique_id, None)
                    self.deleted.append(unique_id)
                return b"+OK bye\r\n"
            case _:
                return self._about_one(session, verb, argument)

    def _about_one(self, session: Session, verb: str, argument: str) -> bytes:
        """Answer a command about one letter."""
        words = argument.split()
        number = int(words[0]) if words and words[0].isdigit() else 0
        if number not in session.present():
            return b"-ERR no such message\r\n"
        unique_id, octets = session.letters[number]
        match verb:
            case "RETR":
                return b"+OK\r\n" + stuffed(octets)
            case "TOP":
                head, gap, body = octets.partition(b"\r\n\r\n")
                lines = body.split(b"\r\n")[: int(words[1])]
                return b"+OK\r\n" + stuffed(head + gap + b"\r\n".join(lines))
            case "DELE":
                session.marked.append(number)
                return b"+OK\r\n"
            case "UIDL":
                return f"+OK {number} {unique_id}\r\n".encode()
            case "LIST":
                return f"+OK {number} {len(octets)}\r\n".encode()
            case _:
                return b"-ERR unknown\r\n"


def letter(name: str, body: bytes = b"Hello.\r\n") -> bytes:
    """Make a small letter that no other name makes."""
    return (
        f"From: Mika <mika@example.net>\r\nTo: {LOGIN}\r\nSubject: {name}\r\n"
        f"Message-ID: <{name}@example.net>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n"
    ).encode() + body


def letters(count: int, first: int = 1) -> dict[str, bytes]:
    """Make so many letters, by unique-id."""
    return {f"uid-{n}": letter(f"letter-{n}") for n in range(first, first + count)}


__all__ = [
    "LOGIN",
    "PASSWORD",
    "Answer",
    "GoneError",
    "Maildrop",
    "Session",
    "letter",
    "letters",
    "rows",
    "stuffed",
]
