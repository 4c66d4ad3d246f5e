"""What a client of SMTP and LMTP asks, as typed commands, legal and complete.

Called by the machine (makes them), by edges (answer them) and by a client (encodes them).
Never holds a message: its octets come as DataChunk after DataChunk.
Standards: RFC 5321 §4.1.1, RFC 2033 §4.1, RFC 1870 §6, RFC 6152 §2, RFC 6531 §3.4.
Fails never.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from typing import TypeAlias

import msgspec


class BodyType(StrEnum):
    """What a client says of the octets it will send (RFC 6152 §2)."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"


class DataFault(Enum):
    """Why a message cannot be taken, whoever it is for."""

    BARE_CR_OR_LF = auto()
    """A CR or an LF stands alone (RFC 5321 §2.3.8); the connection ends with the message."""

    TOO_LARGE = auto()
    """More octets than the server takes (RFC 1870 §6.3)."""


class Lhlo(msgspec.Struct, frozen=True, gc=False):
    """LHLO: who the client says it is; whatever was begun is forgotten (RFC 2033 §4.1)."""

    name: str
    """A domain or an address literal, fit for a Received line."""


class Mail(msgspec.Struct, frozen=True, gc=False):
    """MAIL: a transaction begins (RFC 5321 §4.1.1.2)."""

    sender: str
    """The reverse-path's mailbox in its shortest spelling; empty for the null path `<>`."""
    size_octets: int | None = None
    """What the client estimates (RFC 1870 §6)."""
    body: BodyType | None = None
    smtputf8: bool = False
    """The envelope or the header may hold UTF-8 (RFC 6531 §3.4)."""


class Rcpt(msgspec.Struct, frozen=True, gc=False):
    """RCPT: one more recipient (RFC 5321 §4.1.1.3)."""

    recipient: str
    """The mailbox in its shortest spelling; `postmaster` may stand without a domain."""


class Data(msgspec.Struct, frozen=True, gc=False):
    """DATA: the message follows once this is answered (RFC 5321 §4.1.1.4)."""


class DataChunk(msgspec.Struct, frozen=True, gc=False):
    """Octets of the message, dots undone; no reply. A CRLF never lies across two chunks."""

    octets: bytes


class DataEnd(msgspec.Struct, frozen=True, gc=False):
    """The message is complete: one reply, or in LMTP one for each recipient (RFC 2033 §4.2)."""

    size_octets: int


class DataRefused(msgspec.Struct, frozen=True, gc=False):
    """The message cannot be taken: forget it. No reply: the machine answers at its true end."""

    fault: DataFault


class Rset(msgspec.Struct, frozen=True, gc=False):
    """RSET: forget the transaction (RFC 5321 §4.1.1.5)."""


class Noop(msgspec.Struct, frozen=True, gc=False):
    """NOOP (RFC 5321 §4.1.1.9)."""


class Vrfy(msgspec.Struct, frozen=True, gc=False):
    """VRFY: is there such a person? (RFC 5321 §4.1.1.6)."""


class Help(msgspec.Struct, frozen=True, gc=False):
    """HELP (RFC 5321 §4.1.1.8)."""


class Quit(msgspec.Struct, frozen=True, gc=False):
    """QUIT: answer, then the machine closes (RFC 5321 §4.1.1.10)."""


Command: TypeAlias = (
    Lhlo | Mail | Rcpt | Data | DataChunk | DataEnd | DataRefused | Rset | Noop | Vrfy | Help | Quit
)
