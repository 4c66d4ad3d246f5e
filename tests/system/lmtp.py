"""An LMTP client for tests: one answer for each command, one for each recipient.

Used by the `deliver` fixture and by the LMTP tests.
Never repairs what it sends: octets leave as the test gives them.
Standards: RFC 2033 §4, RFC 5321 §4.2.1 and §4.5.2, RFC 2034 §4.
Fails with WireError (an AssertionError).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tests.system.wire import Wire, WireError

REPLY_LINE_OCTETS = 512
_REPLY_LINE = re.compile(r"([2-5][0-5][0-9])(?:([ -])(.*))?")
_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3}) ")


@dataclass(frozen=True, slots=True)
class LmtpReply:
    """One reply, which may have several lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the reply is a positive completion."""
        return 200 <= self.code < 300

    @property
    def enhanced(self) -> str:
        """The enhanced status code of the first line, empty when there is none."""
        found = _ENHANCED.match(self.lines[0] + " ")
        return found.group(0).strip() if found else ""

    def __str__(self) -> str:
        return f"{self.code} {' / '.join(self.lines)}"


def read_reply(wire: Wire) -> LmtpReply:
    """Read one reply and check its form (RFC 5321 §4.2.1)."""
    lines: list[str] = []
    codes: set[str] = set()
    while True:
        octets = wire.read_line()
        if len(octets) > REPLY_LINE_OCTETS:
            raise WireError(f"a reply line of {len(octets)} octets: {octets[:80]!r}…")
        found = _REPLY_LINE.fullmatch(octets[:-2].decode("utf-8"))
        if not found:
            raise WireError(f"no reply line: {octets!r}")
        codes.add(found.group(1))
        lines.append(found.group(3) or "")
        if found.group(2) != "-":
            break
    if len(codes) != 1:
        raise WireError(f"one reply with several codes: {sorted(codes)}")
    return LmtpReply(int(codes.pop()), tuple(lines))


def stuff(letter: bytes) -> bytes:
    """Double the dots at the beginnings of lines and add the end of data (RFC 5321 §4.5.2)."""
    return (b"\r\n" + letter).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


class LmtpClient:
    """A conversation with an LMTP server; made when the connection stands."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.greeting = read_reply(wire)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.hang_up()

    def command(self, line: str | bytes) -> LmtpReply:
        """Send one command line and read its reply."""
        self.wire.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return read_reply(self.wire)

    def expect(self, code: int, line: str | bytes) -> LmtpReply:
        """Send one command whose reply must have this code."""
        reply = self.command(line)
        if reply.code != code:
            raise WireError(f"{line!r} was answered {reply}, {code} was awaited")
        return reply

    def lhlo(self) -> list[str]:
        """LHLO; return the extensions that the server offers."""
        return list(self.expect(250, "LHLO client.example.net").lines[1:])

    def open_data(self, sender: str, recipients: Sequence[str], parameters: str = "") -> None:
        """MAIL, RCPT for each, DATA; all must be accepted."""
        self.expect(250, f"MAIL FROM:<{sender}>{parameters}")
        for recipient in recipients:
            self.expect(250, f"RCPT TO:<{recipient}>")
        self.expect(354, "DATA")

    def replies(self, count: int) -> list[LmtpReply]:
        """Read so many replies."""
        return [read_reply(self.wire) for _ in range(count)]

    def deliver(
        self, sender: str, recipients: Sequence[str], letter: bytes, parameters: str = ""
    ) -> list[LmtpReply]:
        """One whole transaction; return the reply for each recipient (RFC 2033 §4.2)."""
        self.open_data(sender, recipients, parameters)
        self.wire.send(stuff(letter))
        return self.replies(len(recipients))

    def quit(self) -> None:
        """QUIT; the server must say 221 and close."""
        self.expect(221, "QUIT")
        self.expect_close()

    def expect_close(self) -> None:
        """Await the end of the connection, with not one octet before it."""
        rest = self.wire.read_to_close()
        self.wire.hang_up()
        if rest:
            raise WireError(f"before closing the server sent {rest[:600]!r}")
