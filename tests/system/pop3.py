"""A POP3 client for tests: strict about every octet that the server sends.

Used by system, interop and fault tests through the `pop3_connection` fixture.
Never forgives: a status line over 512 octets or a dot that was not doubled is a failed test.
Standards: RFC 1939 §3 and §11, RFC 2449 §3 and §4, RFC 5034 §4.
Fails with WireError (an AssertionError).
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass
from typing import Self

from tests.system.people import Person
from tests.system.wire import Wire, WireError

STATUS_LINE_OCTETS = 512
_CODE = re.compile(r"(?:\+OK|-ERR) \[([^\]]+)\]")
_LONE_DOT = re.compile(rb"\r\n\.(?!\.)")
_UNIQUE_ID = re.compile(rb"[\x21-\x7e]{1,70}")


@dataclass(frozen=True, slots=True)
class StatusLine:
    """The first line of an answer, without its CRLF."""

    line: str

    @property
    def ok(self) -> bool:
        """Whether the answer is positive."""
        return self.line.startswith("+OK")

    @property
    def code(self) -> str | None:
        """The extended response code such as `IN-USE`, in capitals (RFC 2449 §8)."""
        found = _CODE.match(self.line)
        return found.group(1).upper() if found else None

    @property
    def words(self) -> list[str]:
        """The words after the status indicator."""
        return self.line.split()[1:]


@dataclass(frozen=True, slots=True)
class ScanListing:
    """What STAT reports."""

    count: int
    octets: int


def parse_status_line(line: bytes) -> StatusLine:
    """Check the form of a status line (RFC 2449 §3) and return it."""
    if len(line) > STATUS_LINE_OCTETS:
        raise WireError(f"a status line of {len(line)} octets: {line[:80]!r}…")
    text = line[:-2].decode("utf-8")
    if not re.match(r"(\+OK|-ERR)( |$)", text):
        raise WireError(f"neither +OK nor -ERR: {line!r}")
    return StatusLine(text)


def read_body(wire: Wire) -> bytes:
    """Read a multi-line body to its lone dot and undo the doubling (RFC 1939 §3)."""
    if wire.peek(3) == b".\r\n":
        wire.read_exactly(3)
        return b""
    stuffed = b"\r\n" + wire.read_until(b"\r\n.\r\n")[: -len(b".\r\n")]
    if _LONE_DOT.search(stuffed):
        raise WireError("a line of the body begins with a dot that was not doubled")
    return stuffed.replace(b"\r\n..", b"\r\n.")[2:]


class Pop3Client:
    """A conversation with a POP3 server; made when the connection stands."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.greeting = self.read_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.hang_up()

    def send(self, line: str | bytes) -> None:
        """Send one command line; CRLF is added."""
        self.wire.send((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def read_status(self) -> StatusLine:
        """Read one status line."""
        return parse_status_line(self.wire.read_line())

    def read_body(self) -> bytes:
        """Read a multi-line body to its lone dot and undo the doubling."""
        return read_body(self.wire)

    def command(self, line: str | bytes) -> StatusLine:
        """Send a command with a one-line answer and return the answer."""
        self.send(line)
        return self.read_status()

    def expect_ok(self, line: str | bytes) -> StatusLine:
        """Send a command that must succeed."""
        answer = self.command(line)
        if not answer.ok:
            raise WireError(f"{line!r} was answered {answer.line!r}")
        return answer

    def expect_error(self, line: str | bytes) -> StatusLine:
        """Send a command that must be refused."""
        answer = self.command(line)
        if answer.ok:
            raise WireError(f"{line!r} was answered {answer.line!r}, a refusal was awaited")
        return answer

    def body(self, line: str | bytes) -> bytes:
        """Send a command with a multi-line answer that must succeed; return the body."""
        self.expect_ok(line)
        return self.read_body()

    def lines(self, line: str | bytes) -> list[str]:
        """The same, as lines of text."""
        return self.body(line).decode().splitlines()

    def capabilities(self) -> dict[str, list[str]]:
        """CAPA: each tag in capitals with its arguments (RFC 2449 §5)."""
        found: dict[str, list[str]] = {}
        for line in self.lines("CAPA"):
            tag, *arguments = line.split(" ")
            found[tag.upper()] = arguments
        return found

    def login(self, person: Person) -> StatusLine:
        """USER and PASS; must succeed."""
        self.expect_ok(f"USER {person.address}")
        return self.expect_ok(f"PASS {person.password}")

    def try_login(self, name: str, password: str) -> StatusLine:
        """USER and PASS; return the decisive answer."""
        answer = self.command(f"USER {name}")
        return self.command(f"PASS {password}") if answer.ok else answer

    def auth_plain(self, name: str, password: str) -> StatusLine:
        """AUTH PLAIN with an initial response (RFC 5034 §4)."""
        response = base64.b64encode(f"\0{name}\0{password}".encode())
        return self.command(b"AUTH PLAIN " + response)

    def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """STLS and the handshake."""
        self.expect_ok("STLS")
        self.wire.start_tls(context, name)

    def stat(self) -> ScanListing:
        """STAT: exactly a count and a size (RFC 1939 §5)."""
        answer = self.expect_ok("STAT")
        found = re.fullmatch(r"\+OK ([0-9]+) ([0-9]+)", answer.line)
        if not found:
            raise WireError(f"STAT was answered {answer.line!r}")
        return ScanListing(int(found.group(1)), int(found.group(2)))

    def sizes(self) -> dict[int, int]:
        """LIST: octets by message number."""
        return {int(n): int(octets) for n, octets in self._listing("LIST")}

    def unique_ids(self) -> dict[int, str]:
        """UIDL: unique-ids by message number, each checked for its form (RFC 1939 §7)."""
        found: dict[int, str] = {}
        for number, unique_id in self._listing("UIDL"):
            if not _UNIQUE_ID.fullmatch(unique_id.encode()):
                raise WireError(f"no unique-id: {unique_id!r}")
            found[int(number)] = unique_id
        return found

    def retrieve(self, number: int) -> bytes:
        """RETR: the message's octets."""
        return self.body(f"RETR {number}")

    def top(self, number: int, lines: int) -> bytes:
        """TOP: the header and so many lines of the body."""
        return self.body(f"TOP {number} {lines}")

    def delete(self, number: int) -> None:
        """DELE; must succeed."""
        self.expect_ok(f"DELE {number}")

    def quit(self) -> StatusLine:
        """QUIT: must succeed, and the server must close after it (RFC 1939 §6)."""
        answer = self.expect_ok("QUIT")
        self.expect_close()
        return answer

    def expect_close(self) -> None:
        """Await the end of the connection, with not one octet before it."""
        rest = self.wire.read_to_close()
        self.wire.hang_up()
        if rest:
            raise WireError(f"before closing the server sent {rest[:600]!r}")

    def _listing(self, command: str) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        for line in self.body(command).decode().split("\r\n")[:-1]:
            number, gap, value = line.partition(" ")
            if not (gap and number.isdigit() and value and " " not in value):
                raise WireError(f"{command}: no listing: {line!r}")
            pairs.append((number, value))
        return pairs
