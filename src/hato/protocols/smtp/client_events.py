"""What an SMTP client learns from its server, as values.

Made by the client's machine; acted on by whoever drives it (clients).
Never holds a server's words in a form that cannot be printed.
Standards: RFC 5321 §4.2, RFC 4954 §4.
Fails never.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from hato.protocols.smtp.client_commands import ClientCommand
from hato.protocols.smtp.client_replies import ServerReply


class Fault(Enum):
    """Why a conversation cannot go on."""

    NOT_SMTP = auto()
    """The first line is no greeting: something else is listening there."""
    SPEAKS_TLS = auto()
    """The server speaks TLS where clear text was expected: the port begins with TLS."""
    GARBAGE = auto()
    """What is no answer where one was due (RFC 5321 §4.2)."""
    UNASKED = auto()
    """An answer to nothing: whatever comes next would be taken for the wrong answer."""
    INJECTED = auto()
    """Octets between the answer to STARTTLS and the handshake: somebody put them there
    (RFC 3207 §4.2). They are forgotten, and nothing is said any more."""
    OVERLONG = auto()
    """A line, or an answer, without end."""
    SAID_GOODBYE = auto()
    """The server said that it ends the conversation (421), and why."""
    CLOSED_BY_SERVER = auto()
    """The server closed between two answers, without a word."""
    CUT_OFF = auto()
    """The connection ended where an answer was due."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that the server said, or that became of it."""


class Greeting(Event, frozen=True, gc=False):
    """What the server said first; where it is no yes, the conversation is over."""

    reply: ServerReply


class Replied(Event, frozen=True, gc=False):
    """The answer to a command."""

    command: ClientCommand
    reply: ServerReply


class Challenge(Event, frozen=True, gc=False):
    """A step of a SASL exchange: AuthResponse or AuthCancel is due (RFC 4954 §4)."""

    data: bytes | None
    """None: it is not base64, and has to be answered with AuthCancel."""


class ConversationBroken(Event, frozen=True, gc=False):
    """It cannot go on; what was not answered is unknown. CLOSED follows."""

    fault: Fault
    text: str = ""
    """The server's words that led here, if any."""
