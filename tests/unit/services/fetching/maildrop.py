"""A POP3 server made for fetching from: letters that a test puts, changes and takes away.

Used by the tests of `hato.services.fetching`. It keeps to RFC 1939 unless it is told otherwise,
and remembers every command that it heard.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from tests.unit.net.raw_server import all_have_ended


class CutError(Exception):
    """The connection ends here."""


@dataclass
class Maildrop:
    """What lies on the server, and how the server behaves."""

    letters: dict[bytes, bytes] = field(default_factory=dict)
    """By unique-id, in the order of their numbers."""
    capabilities: list[str] = field(default_factory=lambda: ["USER", "UIDL", "TOP", "PIPELINING"])
    answers: dict[str, bytes] = field(default_factory=dict)
    """By the whole command, or by its first word: said instead of what is right."""
    cut_after_octets: int | None = None
    """After so many octets of answers the connection is cut, and this is None again."""
    cut_at: str = ""
    """The command that is answered by hanging up."""
    quit_is_heard: bool = True
    """Whether QUIT is answered; deletions happen all the same."""
    size_of: Callable[[bytes], int] = len
    unique_ids: list[bytes] | None = None
    """What UIDL says instead of the names of the letters."""
    heard: list[str] = field(default_factory=list)
    connections: int = 0

    def said(self, word: str) -> list[str]:
        """Return the commands with this first word that were heard."""
        return [line for line in self.heard if line.split(" ")[0] == word]

    def forget(self) -> None:
        """Begin to listen anew."""
        self.heard.clear()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        session = _Session(self, writer)
        with contextlib.suppress(CutError, ConnectionError):
            await session.run(reader)
        writer.close()


class _Session:
    """One connection."""

    def __init__(self, maildrop: Maildrop, writer: asyncio.StreamWriter) -> None:
        self.maildrop = maildrop
        self.writer = writer
        self.items = list(maildrop.letters.items())
        self.marked: set[bytes] = set()

    async def say(self, octets: bytes) -> None:
        left = self.maildrop.cut_after_octets
        if left is not None and len(octets) >= left:
            self.writer.write(octets[:left])
            await self.writer.drain()
            self.maildrop.cut_after_octets = None
            raise CutError
        if left is not None:
            self.maildrop.cut_after_octets = left - len(octets)
        self.writer.write(octets)
        await self.writer.drain()

    async def run(self, reader: asyncio.StreamReader) -> None:
        await self.say(b"+OK ready\r\n")
        while line := await reader.readline():
            command = line.decode().rstrip()
            self.maildrop.heard.append(command)
            if self.maildrop.cut_at and command == self.maildrop.cut_at:
                raise CutError
            word, _, argument = command.partition(" ")
            other = self.maildrop.answers.get(command, self.maildrop.answers.get(word))
            await self.say(self.answer(word, argument) if other is None else other)
            if word == "QUIT":
                return

    def answer(self, word: str, argument: str) -> bytes:
        drop = self.maildrop
        match word:
            case "CAPA":
                return _many([line.encode() for line in drop.capabilities])
            case "LIST":
                rows = enumerate(self.items, 1)
                return _many([b"%d %d" % (n, drop.size_of(text)) for n, (_, text) in rows])
            case "UIDL" if "UIDL" in drop.capabilities:
                names = drop.unique_ids or [name for name, _ in self.items]
                return _many([b"%d %s" % row for row in enumerate(names, 1)])
            case "RETR":
                return _body(self.items[int(argument) - 1][1])
            case "TOP" if "TOP" in drop.capabilities:
                text = self.items[int(argument.partition(" ")[0]) - 1][1]
                return _body(text.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            case "DELE":
                self.marked.add(self.items[int(argument) - 1][0])
                return b"+OK\r\n"
            case "QUIT":
                for name in self.marked:
                    drop.letters.pop(name, None)
                if not drop.quit_is_heard:
                    raise CutError
                return b"+OK\r\n"
            case "USER" | "PASS":
                return b"+OK\r\n"
            case _:
                return b"-ERR what?\r\n"


def _many(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in [b"+OK", *lines, b"."])


def _body(text: bytes) -> bytes:
    text = text if text.endswith(b"\r\n") else text + b"\r\n"
    stuffed = text.replace(b"\r\n.", b"\r\n..")
    return b"+OK\r\n" + (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


@contextlib.asynccontextmanager
async def serve(maildrop: Maildrop) -> AsyncIterator[int]:
    """Serve on loopback; yields the port."""
    server = await asyncio.start_server(maildrop, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await all_have_ended(server)
