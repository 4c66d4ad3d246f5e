"""Replies of SMTP and LMTP: made once, checked when made, turned into lines.

Called by the machine and by edges (make them), and by a client (reads them).
Never carries Japanese: RFC 6531 §3.7.4 allows no UTF-8 here, and programs read these lines.
Standards: RFC 5321 §4.2, RFC 2034 §4, RFC 3463 §3.
Fails with ValueError when one is made that could not be sent: a bug, found by tests.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

REPLY_LINE_OCTETS: Final = 512
"""Longest line of a reply, CRLF included (RFC 5321 §4.5.3.1.5)."""

_ENHANCED: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_LINE: Final = re.compile(rb"([2-5][0-5][0-9])(?:([ -])([\t\x20-\x7e]*))?")


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One reply. CR, LF, NUL and everything else that cannot be shown is refused."""

    code: int
    enhanced: str
    """`2.1.5`; empty where RFC 2034 §4 has none: 3xx, the greeting, the answer to LHLO."""
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that it can be sent. Raises ValueError."""
        if not 200 <= self.code <= 559:
            raise ValueError(f"no reply code: {self.code}")
        if self.enhanced and (
            not _ENHANCED.fullmatch(self.enhanced) or int(self.enhanced[0]) != self.code // 100
        ):
            raise ValueError(f"{self.enhanced} is no status for {self.code}")
        if not self.lines:
            raise ValueError("a reply needs a line")
        room = REPLY_LINE_OCTETS - len("250 2.xxx.xxx \r\n")
        for line in self.lines:
            if not line.isascii() or not (line.isprintable()) or len(line) > room:
                raise ValueError(f"no reply line: {line!r}")

    def encode(self) -> bytes:
        """Return the lines as they are sent (RFC 5321 §4.2.1, RFC 2034 §4)."""
        status = f"{self.enhanced} " if self.enhanced else ""
        if len(self.lines) == 1:
            return f"{self.code} {status}{self.lines[0]}\r\n".encode("ascii")
        *others, last = self.lines
        text = "".join(f"{self.code}-{status}{line}\r\n" for line in others)
        return f"{text}{self.code} {status}{last}\r\n".encode("ascii")


class ReplyLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a reply, as a client reads it."""

    code: int
    is_last: bool
    text: str


def read_reply_line(line: bytes) -> ReplyLine | None:
    """Read a line without its CRLF; None when it is none (RFC 5321 §4.2.1)."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    code, separator, text = found.groups()
    return ReplyLine(int(code), separator != b"-", (text or b"").decode("ascii"))


def _reply(code: int, enhanced: str, line: str) -> Reply:
    return Reply(code, enhanced, (line,))


# What the machine itself answers.

UNKNOWN_COMMAND: Final = _reply(500, "5.5.2", "Command not recognised")
WRONG_PROTOCOL: Final = _reply(500, "5.5.1", "This is LMTP: greet with LHLO")
NOT_IMPLEMENTED: Final = _reply(502, "5.5.1", "Command not implemented")
LINE_TOO_LONG: Final = _reply(500, "5.5.2", "Line too long")
LINE_END_NOT_CRLF: Final = _reply(500, "5.5.2", "A line must end with CR LF")
CONTROL_CHARACTER: Final = _reply(500, "5.5.2", "A command holds no control characters")
NOT_UTF8: Final = _reply(500, "5.5.2", "A command is ASCII or UTF-8")
NO_ARGUMENT_ALLOWED: Final = _reply(501, "5.5.4", "This command takes no argument")
BAD_NAME: Final = _reply(501, "5.5.4", "Greet with your domain name or address literal")
VRFY_SYNTAX: Final = _reply(501, "5.5.4", "Syntax: VRFY mailbox")
MAIL_SYNTAX: Final = _reply(501, "5.5.4", "Syntax: MAIL FROM:<address>")
RCPT_SYNTAX: Final = _reply(501, "5.5.4", "Syntax: RCPT TO:<address>")
BAD_SENDER: Final = _reply(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT: Final = _reply(501, "5.1.3", "Bad recipient address syntax")
BAD_PARAMETER: Final = _reply(501, "5.5.4", "Bad parameter")
UNKNOWN_PARAMETER: Final = _reply(555, "5.5.4", "Parameter not recognised")
SENDER_NEEDS_SMTPUTF8: Final = _reply(550, "5.6.7", "This sender address needs SMTPUTF8")
RECIPIENT_NEEDS_SMTPUTF8: Final = _reply(553, "5.6.7", "This recipient address needs SMTPUTF8")
OUT_OF_ORDER: Final = _reply(503, "5.5.1", "Bad sequence of commands")
NO_TRANSACTION: Final = _reply(503, "5.5.1", "No sender was accepted: MAIL comes first")
NO_RECIPIENTS: Final = _reply(503, "5.5.1", "No valid recipients")
TOO_MANY_RECIPIENTS: Final = _reply(452, "4.5.3", "Too many recipients, send the rest later")
MESSAGE_TOO_LARGE: Final = _reply(552, "5.3.4", "Message too large")
MESSAGE_LINE_ENDS: Final = _reply(550, "5.6.0", "A CR or LF stands alone, lines end with CR LF")
LINE_WITHOUT_END: Final = _reply(421, "4.7.0", "This line has no end, closing")
TOO_MANY_BAD_COMMANDS: Final = _reply(421, "4.7.0", "Too many bad commands, closing")
TOO_MANY_COMMANDS: Final = _reply(421, "4.7.0", "Too many commands without a message, closing")

BLAMELESS: Final = frozenset(
    {
        BAD_SENDER,
        BAD_RECIPIENT,
        SENDER_NEEDS_SMTPUTF8,
        RECIPIENT_NEEDS_SMTPUTF8,
        NO_TRANSACTION,
        NO_RECIPIENTS,
        TOO_MANY_RECIPIENTS,
        MESSAGE_TOO_LARGE,
    }
)
"""What a relay cannot help: it passes on others' addresses, and sends commands in batches."""

# What edges answer.

SENDER_OK: Final = _reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK: Final = _reply(250, "2.1.5", "Recipient OK")
SEND_MESSAGE: Final = _reply(354, "", "Send the message, end with CRLF.CRLF")
FORGOTTEN: Final = _reply(250, "2.0.0", "OK")
NOTHING_DONE: Final = _reply(250, "2.0.0", "OK")
NOT_VERIFIED: Final = _reply(252, "2.5.0", "Send some mail, I will try")
GOODBYE: Final = _reply(221, "2.0.0", "Goodbye")
