"""A client's machine without a network: a test says what the server says, and sees what comes.

Used by the tests of the POP3 client's machine.
"""

from __future__ import annotations

from collections.abc import Iterable

from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_events import (
    CapabilityList,
    ConversationBroken,
    Event,
    Fault,
    Greeting,
    Ok,
)
from hato.protocols.pop3.commands import Capa, Command, UserPass

LOGIN = UserPass("ada", Secret("secret"))


class Dialogue:
    """A machine that is driven as clients drive it; `signal` is what it answered last."""

    def __init__(
        self,
        *,
        is_encrypted: bool = True,
        may_log_in_plainly: bool = False,
        window: int = 128,
        piece_octets: int = 1 << 20,
    ) -> None:
        self.machine = Pop3ClientMachine(
            is_encrypted=is_encrypted, may_log_in_plainly=may_log_in_plainly, window=window
        )
        self.signal: Signal = Signal.NEED_DATA
        self._piece_octets = piece_octets

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

    def ask(self, *commands: Command) -> str:
        """Send commands; return what was written."""
        for command in commands:
            self.machine.send(command)
        return self.said()

    def said(self) -> str:
        """Return what is pending."""
        pending = self.machine.pending_octets
        octets = b"".join(bytes(piece) for piece in self.machine.data_to_send())
        assert len(octets) == pending
        return octets.decode().replace("\r\n", "|").removesuffix("|")

    def greet(self) -> None:
        """Get past the greeting."""
        (event,) = self.hear("+OK ready")
        assert isinstance(event, Greeting)

    def log_in(self, *capabilities: str) -> None:
        """Get past the login, and learn what the server can do where that is given."""
        self.greet()
        assert self.ask(LOGIN) == "USER ada"
        assert self.hear("+OK") == []
        assert self.said() == "PASS secret"
        (event,) = self.hear("+OK logged in")
        assert isinstance(event, Ok)
        if capabilities:
            self.learn(*capabilities)

    def learn(self, *capabilities: str) -> None:
        """Ask what the server can do, and hear it."""
        self.ask(Capa())
        (event,) = self.hear("+OK", *capabilities, ".")
        assert isinstance(event, CapabilityList)


def logged_in(*capabilities: str, window: int = 128, piece_octets: int = 1 << 20) -> Dialogue:
    """Return a conversation after login."""
    dialogue = Dialogue(window=window, piece_octets=piece_octets)
    dialogue.log_in(*capabilities)
    return dialogue


def fault_of(events: Iterable[Event]) -> Fault:
    """Return why a conversation broke: the last thing that is said of it."""
    last = list(events)[-1]
    assert isinstance(last, ConversationBroken)
    return last.fault
