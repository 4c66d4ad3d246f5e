"""What a POP3 client can ask for, as values.

Called by the grammar (makes and writes them), the machine (knows which are legal) and the edge.
Never holds a password that prints.
Standards: RFC 1939 §4 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2 and §3.
Fails never.
"""

from __future__ import annotations

import msgspec

from hato.core.ids import MessageNumber
from hato.core.secret import Secret


class Command(msgspec.Struct, frozen=True, gc=False):
    """One command; the class carries the RFC's word."""


# Before login


class Capa(Command, frozen=True, gc=False):
    """What can this server do here and now? (RFC 2449 §5)."""


class Stls(Command, frozen=True, gc=False):
    """Begin TLS (RFC 2595 §4)."""


class Utf8(Command, frozen=True, gc=False):
    """Switch to UTF-8 mode (RFC 6856 §2.1)."""


class Lang(Command, frozen=True, gc=False):
    """Choose the language of the texts, or list the languages (RFC 6856 §3)."""

    wanted: str | None = None
    """A language range such as `ja`, `*` for the server's preference; None asks for the list."""


class User(Command, frozen=True, gc=False):
    """Name the person (RFC 1939 §7)."""

    name: str


class Pass(Command, frozen=True, gc=False):
    """Give the password of the person named just before (RFC 1939 §7)."""

    password: Secret


class UserPass(Command, frozen=True, gc=False):
    """What USER and PASS say together: the machine joins them for the edge."""

    name: str
    password: Secret


class Apop(Command, frozen=True, gc=False):
    """Log in by a digest of the greeting's stamp and the shared secret (RFC 1939 §7)."""

    name: str
    digest: bytes
    """16 octets."""


class Auth(Command, frozen=True, gc=False):
    """Begin a SASL exchange (RFC 5034 §4)."""

    mechanism: str
    """In capitals."""
    initial: Secret | None = None
    """The initial response, decoded; None where there is none, which differs from an empty one."""


class AuthResponse(Command, frozen=True, gc=False):
    """Answer a challenge; never a command line of its own (RFC 5034 §4)."""

    response: Secret


class AuthCancel(Command, frozen=True, gc=False):
    """Give the exchange up: a line with a single asterisk (RFC 5034 §4)."""


# After login


class Stat(Command, frozen=True, gc=False):
    """How many messages, how many octets? (RFC 1939 §5)."""


class List(Command, frozen=True, gc=False):
    """How large is a message, or each of them? (RFC 1939 §5)."""

    number: MessageNumber | None = None


class Uidl(Command, frozen=True, gc=False):
    """What is the unique-id of a message, or of each? (RFC 1939 §7)."""

    number: MessageNumber | None = None


class Retr(Command, frozen=True, gc=False):
    """Send a message (RFC 1939 §5)."""

    number: MessageNumber


class Top(Command, frozen=True, gc=False):
    """Send the header, the empty line and the first lines of the body (RFC 1939 §7)."""

    number: MessageNumber
    lines: int


class Dele(Command, frozen=True, gc=False):
    """Mark a message as deleted (RFC 1939 §5)."""

    number: MessageNumber


class Noop(Command, frozen=True, gc=False):
    """Do nothing, successfully (RFC 1939 §5)."""


class Rset(Command, frozen=True, gc=False):
    """Take all deletion marks away (RFC 1939 §5)."""


class Quit(Command, frozen=True, gc=False):
    """Delete what is marked and end (RFC 1939 §4 and §6)."""
