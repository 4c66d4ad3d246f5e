"""An SMTP client's machine without a network, driven by a transcript of `C:` and `S:` lines.

Used by the tests of the SMTP client's machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hato.protocols.machine import Signal
from hato.protocols.smtp.client import SmtpClientMachine
from hato.protocols.smtp.client_commands import ClientCommand, Ehlo
from hato.protocols.smtp.client_events import Event, Replied
from hato.protocols.smtp.commands import Data, Mail, Rcpt

EHLO = Ehlo("[127.0.0.1]")
MAIL = Mail("ada@example.org")
RCPT = Rcpt("bob@example.net")
DATA = Data()


class Dialogue:
    """A machine that is driven as clients drive it; `signal` is what it answered last."""

    def __init__(
        self,
        *,
        is_encrypted: bool = True,
        may_log_in_plainly: bool = False,
        piece_octets: int = 1 << 20,
    ) -> None:
        self.machine = SmtpClientMachine(
            is_encrypted=is_encrypted, may_log_in_plainly=may_log_in_plainly
        )
        self.signal: Signal = Signal.NEED_DATA
        self._piece_octets = piece_octets

    def play(self, transcript: str, commands: Iterable[ClientCommand] = ()) -> list[Event]:
        """Let the server say the `S:` lines; check that the client says the `C:` lines.

        One of `commands` is sent for each `C:` line. Returns what the client makes of it all.
        """
        events: list[Event] = []
        waiting: Iterator[ClientCommand] = iter(commands)
        for row in transcript.strip().splitlines():
            who, _, line = row.strip().partition(": ")
            if who == "S":
                events += self.hear(line)
            else:
                self.machine.send(next(waiting))
                assert self.said() == line
        return events

    def hear(self, *lines: str | bytes) -> list[Event]:
        """Let the server say lines; return what the client makes of them."""
        return self.hear_octets(
            b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        )

    def hear_octets(self, octets: bytes) -> list[Event]:
        """Let the server say octets, in pieces; return what the client makes of them."""
        events: list[Event] = []
        for start in range(0, len(octets), self._piece_octets):
            self.machine.receive_data(octets[start : start + self._piece_octets])
            events += self.events()
        return events

    def hear_end(self) -> list[Event]:
        """Let the server close the connection."""
        self.machine.receive_eof()
        return self.events()

    def events(self) -> list[Event]:
        """Return everything that can be known now."""
        found: list[Event] = []
        while isinstance(event := self.machine.next_event(), Event):
            found.append(event)
        self.signal = event
        return found

    def said(self) -> str:
        """Return what is pending, without the last line end."""
        pending = self.machine.pending_octets
        octets = b"".join(bytes(piece) for piece in self.machine.data_to_send())
        assert len(octets) == pending
        return octets.decode().removesuffix("\r\n").replace("\r\n", "|")

    def greet(self, *extensions: str) -> None:
        """Let the server greet, and say what it can do."""
        self.hear("220 mail.example.org ESMTP")
        self.machine.send(EHLO)
        self.said()
        lines = ("mail.example.org", *extensions)
        self.hear(*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")

    def mechanisms(self) -> tuple[str, ...]:
        """Return the SASL mechanisms that are known to be offered now."""
        extensions = self.machine.extensions
        return extensions.mechanisms if extensions is not None else ()


def codes(events: Iterable[Event]) -> list[int]:
    """Return the codes of the answers among events."""
    return [event.reply.code for event in events if isinstance(event, Replied)]
