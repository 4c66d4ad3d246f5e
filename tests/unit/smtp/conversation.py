"""An edge for tests of the machine: takes every message, except for recipients called nobody.

Used by the tests beside it.
Never touches a socket or a store: what was taken is a list.
Standards: RFC 2033 §4.
Fails with an assertion when the machine lets something through that no edge could handle.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hato.protocols.machine import Signal
from hato.protocols.smtp import commands, replies
from hato.protocols.smtp.commands import Command, DataFault
from hato.protocols.smtp.replies import Reply
from hato.protocols.smtp.server import LMTP, Dialect, SmtpServerMachine

NOBODY = Reply(550, "5.1.1", ("No such person here",))
SAVED = Reply(250, "2.0.0", ("Saved",))
DISK_FULL = Reply(452, "4.3.1", ("The disk is full",))
ANSWERS = {
    commands.Data: replies.SEND_MESSAGE,
    commands.Rset: replies.FORGOTTEN,
    commands.Noop: replies.NOTHING_DONE,
    commands.Vrfy: replies.NOT_VERIFIED,
    commands.Help: Reply(214, "2.0.0", ("LHLO MAIL RCPT DATA",)),
    commands.Quit: replies.GOODBYE,
}
GREETING = b"220 mail.example.org LMTP ready\r\n"


@dataclass
class Taken:
    """A message that the machine gave to the edge."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    octets: bytes = b""


class Conversation:
    """A machine and the edge behind it."""

    def __init__(
        self,
        dialect: Dialect = LMTP,
        *,
        message_octets: int = 1 << 20,
        recipients: int = 100,
        greet: bool = True,
    ) -> None:
        self.machine = SmtpServerMachine(
            dialect, "mail.example.org", message_octets=message_octets, recipients=recipients
        )
        self.has_reply_per_recipient = dialect.has_reply_per_recipient
        self.commands: list[Command] = []
        self.taken: list[Taken] = []
        self.faults: list[DataFault] = []
        self.is_closed = False
        self.verdict = SAVED
        self._message = Taken("")
        if greet:
            assert self.say(b"LHLO client.example.net\r\n").startswith(GREETING + b"250-")

    def say(self, data: bytes, piece_octets: int = 0) -> bytes:
        """Send octets, at once or in pieces; return all that is answered."""
        step = piece_octets or max(len(data), 1)
        said = b""
        for start in range(0, max(len(data), 1), step):
            self.machine.receive_data(data[start : start + step])
            said += self._answer()
        return said

    def end(self) -> bytes:
        """Close the client's half; return what is still answered."""
        self.machine.receive_eof()
        return self._answer()

    def _answer(self) -> bytes:
        said: list[bytes] = []
        while True:
            command = self.machine.next_command()
            if isinstance(command, Signal):
                said += [bytes(piece) for piece in self.machine.data_to_send()]
                if command is not Signal.PAUSED:
                    self.is_closed = command is Signal.CLOSED
                    return b"".join(said)
            else:
                self.commands.append(command)
                self._handle(command)

    def _handle(self, command: Command) -> None:
        match command:
            case commands.Mail(sender):
                self._message = Taken(sender)
                self.machine.send(replies.SENDER_OK)
            case commands.Rcpt(recipient):
                self._answer_recipient(recipient)
            case commands.DataChunk(octets):
                assert octets
                self._message.octets += octets
            case commands.DataEnd(size_octets):
                assert size_octets == len(self._message.octets)
                self._answer_message()
            case commands.DataRefused(fault):
                self.faults.append(fault)
            case commands.Lhlo():
                self.machine.send(self.machine.capabilities())
            case _:
                self.machine.send(ANSWERS[type(command)])

    def _answer_recipient(self, recipient: str) -> None:
        if recipient.startswith("nobody@"):
            self.machine.send(NOBODY)
        else:
            self._message.recipients.append(recipient)
            self.machine.send(replies.RECIPIENT_OK)

    def _answer_message(self) -> None:
        if self.verdict is SAVED:
            self.taken.append(self._message)
        count = len(self._message.recipients) if self.has_reply_per_recipient else 1
        for _ in range(count):
            self.machine.send(self.verdict)


def envelope(*recipients: str) -> bytes:
    """Return a batch up to DATA, from ada to the recipients, or to ben."""
    names = recipients or ("ben",)
    to = "".join(f"RCPT TO:<{name}@example.org>\r\n" for name in names)
    return f"MAIL FROM:<ada@example.org>\r\n{to}DATA\r\n".encode()


def codes_of(said: bytes) -> list[str]:
    """Return the code, and the enhanced one where there is one, of each reply's last line."""
    lines = [line for line in said.decode("ascii").split("\r\n")[:-1] if line[3] == " "]
    found = []
    for line in lines:
        code, _, rest = line.partition(" ")
        status = rest.split(" ")[0]
        found.append(f"{code} {status}" if status.count(".") == 2 and status[0].isdigit() else code)
    return found
