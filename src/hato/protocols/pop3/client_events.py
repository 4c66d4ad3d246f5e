"""What a POP3 client learns from its server, as values.

Made by the machine of the client and its readers; acted on by whoever drives it (clients).
Never holds a server's words in a form that cannot be printed: `text` can, `octets` are as sent.
Standards: RFC 1939 §3 to §7, RFC 2449 §5 and §8, RFC 5034 §4, RFC 6856 §3.
Fails never.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from hato.core.ids import MessageNumber
from hato.protocols.pop3.client_capabilities import Capabilities
from hato.protocols.pop3.commands import Command


class Fault(Enum):
    """Why a conversation cannot go on."""

    NOT_POP3 = auto()
    """The first line is no greeting: something else is listening there."""
    SPEAKS_TLS = auto()
    """The server speaks TLS where clear text was expected: the port begins with TLS."""
    GARBAGE = auto()
    """Neither yes nor no where an answer was due (RFC 1939 §3)."""
    UNASKED = auto()
    """Octets that answer nothing: whatever comes next would be taken for the wrong answer."""
    INJECTED = auto()
    """Octets between the answer to STLS and the handshake: somebody put them there (RFC 2595 §4).
    They are forgotten, and nothing is said any more."""
    OVERLONG = auto()
    """A line without end."""
    TOO_MANY_ROWS = auto()
    """A listing without end."""
    SAID_GOODBYE = auto()
    """The server said between two answers that it ends the conversation, and why."""
    CLOSED_BY_SERVER = auto()
    """The server closed between two answers, without a word."""
    CUT_OFF = auto()
    """The connection ended where an answer, or the rest of one, was due."""


class Oddity(Enum):
    """What is wrong with a row."""

    MALFORMED = auto()
    """Not of the form that the command promises."""
    OVERLONG = auto()
    """A unique-id of more than 70 octets (RFC 1939 §7), or a row of more than 1024."""
    OCTETS = auto()
    """A unique-id with spaces, controls or octets beyond ASCII (RFC 1939 §7)."""
    OTHER_NUMBER = auto()
    """The answer to a question about one message speaks of another."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that the server said, or that became of it."""


class Greeting(Event, frozen=True, gc=False):
    """The server is there (RFC 1939 §4)."""

    text: str
    octets: bytes
    stamp: bytes | None
    """What APOP's digest covers, angle brackets included; None: no APOP here (RFC 1939 §7)."""


class Ok(Event, frozen=True, gc=False):
    """Yes. After Stls the handshake is next; after a login everything known is forgotten."""

    command: Command
    text: str
    octets: bytes


class Refused(Event, frozen=True, gc=False):
    """No."""

    command: Command | None
    """None: the server greeted with a refusal, and the conversation is over."""
    code: str | None
    """In capitals, its hierarchy whole: `IN-USE`, `SYS/TEMP` (RFC 2449 §8, RFC 3206 §4)."""
    text: str
    octets: bytes


class CapabilityList(Event, frozen=True, gc=False):
    """The answer to CAPA (RFC 2449 §5)."""

    command: Command
    capabilities: Capabilities


class LanguageList(Event, frozen=True, gc=False):
    """The answer to LANG without argument (RFC 6856 §3.2)."""

    command: Command
    languages: tuple[tuple[str, str], ...]
    """Tag and name, both fit to be shown."""


class DropListing(Event, frozen=True, gc=False):
    """The answer to STAT (RFC 1939 §5). What it claims may be wrong."""

    command: Command
    count: int
    size_octets: int


class ScanRows(Event, frozen=True, gc=False):
    """Some rows of LIST (RFC 1939 §5): number and size in octets, neither of them checked.

    More may follow up to ListingEnd; a question about one message is answered by one row alone.
    """

    command: Command
    rows: list[tuple[MessageNumber, int]]


class UniqueIdRows(Event, frozen=True, gc=False):
    """Some rows of UIDL (RFC 1939 §7): number and unique-id; duplicates are not looked for.

    Each unique-id has 1 to 70 octets from 0x21 to 0x7E: it may still look like a path. More may
    follow up to ListingEnd; a question about one message is answered by one row alone.
    """

    command: Command
    rows: list[tuple[MessageNumber, bytes]]


class OddRow(Event, frozen=True, gc=False):
    """A row of LIST or UIDL, or an answer to STAT, that is not as it should be; others are."""

    command: Command
    number: MessageNumber | None
    """Which message it speaks of, where that can be told."""
    octets: bytes
    """What stands behind the number; everything where there is none; empty for a row over 1024."""
    oddity: Oddity


class ListingEnd(Event, frozen=True, gc=False):
    """The listing is whole."""

    command: Command


class BodyBegin(Event, frozen=True, gc=False):
    """Yes to RETR or TOP: chunks follow."""

    command: Command
    text: str


class BodyChunk(Event, frozen=True, gc=False):
    """The next octets of the message, dots undone; never empty."""

    data: bytes


class BodyEnd(Event, frozen=True, gc=False):
    """The message is whole: its terminator was read (RFC 1939 §3)."""

    command: Command
    size_octets: int
    has_bare_cr_or_lf: bool


class Challenge(Event, frozen=True, gc=False):
    """A step of a SASL exchange: AuthResponse or AuthCancel is due (RFC 5034 §4)."""

    command: Command
    data: bytes | None
    """None: it is not base64, and has to be answered with AuthCancel."""
    octets: bytes


class ConversationBroken(Event, frozen=True, gc=False):
    """It cannot go on; what was not answered is unknown. CLOSED follows."""

    fault: Fault
    code: str | None = None
    text: str = ""
    """The server's words that led here, if any."""
