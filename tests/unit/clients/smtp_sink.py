"""A submission server on loopback that keeps what it is given, or goes wrong where a test says.

Used by the tests of the SMTP client and of sending.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from hato.protocols.dots import DotReader

NAME: Final = "ada@example.org"
PASSWORD: Final = "right one"
_PLAIN: Final = b64encode(f"\0{NAME}\0{PASSWORD}".encode()).decode()


class Taken(NamedTuple):
    """One letter that was taken."""

    sender: str
    recipients: tuple[str, ...]
    octets: bytes


class Sink:
    """Answers by the line, else by its first word; remembers what it heard and what it took.

    An answer of None closes the connection there; `.` is the end of a letter.
    """

    def __init__(
        self,
        answers: Mapping[str, bytes | None] | None = None,
        *,
        extensions: str = "PIPELINING SIZE_1000000 8BITMIME SMTPUTF8 AUTH_PLAIN",
        greeting: bytes | None = b"220 sink.example.org ESMTP\r\n",
    ) -> None:
        lines = ["sink.example.org", *(one.replace("_", " ") for one in extensions.split())]
        told = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        self.answers: dict[str, bytes | None] = {
            "EHLO": told.encode(),
            "AUTH": b"535 5.7.8 wrong\r\n",
            f"AUTH PLAIN {_PLAIN}": b"235 2.7.0 welcome\r\n",
            "MAIL": b"250 2.1.0 ok\r\n",
            "RCPT": b"250 2.1.5 ok\r\n",
            "DATA": b"354 go on\r\n",
            ".": b"250 2.0.0 taken\r\n",
            "RSET": b"250 ok\r\n",
            "QUIT": b"221 bye\r\n",
            **(answers or {}),
        }
        self.greeting = greeting
        self.heard: list[str] = []
        self.taken: list[Taken] = []
        self.connections = 0
        self.after_letter: Callable[[], None] = lambda: None
        """Called when a letter was taken, before that is said."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        if self.greeting is None:
            return
        self.reached("greeting")
        writer.write(self.greeting)
        sender, recipients = "", list[str]()
        while line := await reader.readline():
            text = line.decode().rstrip("\r\n")
            self.heard.append(text)
            self.reached(text)
            answer = self._answer(text)
            if answer is None:
                await writer.drain()
                return
            writer.write(answer)
            word = text.partition(" ")[0]
            if word in ("MAIL", "RSET", "EHLO"):
                sender, recipients = _path(text), []
            elif word == "RCPT" and answer.startswith(b"250"):
                recipients.append(_path(text))
            elif word == "DATA" and answer.startswith(b"354"):
                await writer.drain()
                octets = await self._letter(reader)
                if octets is None:
                    return
                end = self.answers["."]
                if end is None or end.startswith(b"250"):
                    self.taken.append(Taken(sender, tuple(recipients), octets))
                    self.after_letter()
                if end is None:
                    return
                writer.write(end)
            elif word == "QUIT":
                await writer.drain()
                return

    async def _letter(self, reader: asyncio.StreamReader) -> bytes | None:
        """Take a letter off the stream; None: it did not end."""
        dots, pieces = DotReader(), list[bytes]()
        while not dots.is_complete:
            data = await reader.read(65_536)
            if not data:
                return None
            if not pieces:
                self.reached("letter")
            pieces.append(dots.feed(data))
        return b"".join(pieces)

    def reached(self, line: str) -> None:
        """Know that a line was heard, or another step was reached: for those who strike there."""

    def _answer(self, line: str) -> bytes | None:
        word = line.partition(" ")[0]
        return self.answers.get(line, self.answers.get(word, b"500 5.5.2 what?\r\n"))

    def has_heard(self, text: str) -> bool:
        """Tell whether a line has this in it."""
        return any(text in line for line in self.heard)


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
