"""What an SMTP client says besides MAIL, RCPT, DATA, RSET and QUIT, and how all of it is written.

Called by the client's machine; made by clients.
Never writes a line that a field could break in two, nor one over the limit.
Standards: RFC 5321 §4.1.1 and §4.5.3.1.4, RFC 3207 §4, RFC 4954 §4.
Fails with ValueError for what cannot be said: the caller's bug, or a name with odd characters.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, TypeAlias

import msgspec

from hato.core.limits import SMTP_AUTH_OCTETS
from hato.core.secret import Secret
from hato.protocols.smtp.commands import Data, Mail, Quit, Rcpt, Rset
from hato.protocols.smtp.grammar import encode_mail, encode_rcpt, read_mail, read_rcpt

_MECHANISM: Final = re.compile(r"[A-Z0-9_-]{1,20}")
_OWN_NAME: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class Ehlo(msgspec.Struct, frozen=True, gc=False):
    """EHLO: who the client is; the answer says what the server can do (RFC 5321 §4.1.1.1)."""

    name: str
    """A domain or an address literal."""


class StartTls(msgspec.Struct, frozen=True, gc=False):
    """STARTTLS (RFC 3207 §4)."""


class Auth(msgspec.Struct, frozen=True, gc=False):
    """AUTH: begin a SASL exchange (RFC 4954 §4)."""

    mechanism: str
    """In capitals."""
    initial: Secret | None = None
    """The initial response, decoded; None where there is none, which differs from an empty one."""


class AuthResponse(msgspec.Struct, frozen=True, gc=False):
    """Answer a challenge (RFC 4954 §4)."""

    response: Secret


class AuthCancel(msgspec.Struct, frozen=True, gc=False):
    """Give the exchange up: a line with a single asterisk (RFC 4954 §4)."""


class EndOfData(msgspec.Struct, frozen=True, gc=False):
    """The line with a single dot that ends a letter (RFC 5321 §4.1.1.4)."""


ClientCommand: TypeAlias = (
    Ehlo
    | StartTls
    | Auth
    | AuthResponse
    | AuthCancel
    | Mail
    | Rcpt
    | Data
    | EndOfData
    | Rset
    | Quit
)

_WORDS: Final[dict[type, bytes]] = {
    StartTls: b"STARTTLS\r\n",
    AuthCancel: b"*\r\n",
    Data: b"DATA\r\n",
    Rset: b"RSET\r\n",
    Quit: b"QUIT\r\n",
}


def encode_command(command: ClientCommand) -> bytes:
    """Return the line that says a command, with CRLF; of EndOfData its machine knows more.

    Raises ValueError for what cannot be said.
    """
    match command:
        case Ehlo(name) if _OWN_NAME.fullmatch(name):
            return f"EHLO {name}\r\n".encode()
        case Auth(mechanism, initial) if _MECHANISM.fullmatch(mechanism):
            line = f"AUTH {mechanism}".encode()
            if initial is not None:
                line += b" " + (_base64(initial) or b"=")
        case AuthResponse(response):
            line = _base64(response)
        case Mail() if isinstance(read_mail(_argument(encode_mail(command))), Mail):
            return encode_mail(command)
        case Rcpt() if isinstance(read_rcpt(_argument(encode_rcpt(command)), smtputf8=True), Rcpt):
            return encode_rcpt(command)
        case _ if type(command) in _WORDS:
            return _WORDS[type(command)]
        case _:
            raise ValueError(f"{type(command).__name__} cannot be said with these fields")
    if len(line) + 2 > SMTP_AUTH_OCTETS:
        raise ValueError(f"{type(command).__name__} would be too long")
    return line + b"\r\n"


def _base64(secret: Secret) -> bytes:
    return binascii.b2a_base64(secret.reveal(), newline=False)


def _argument(line: bytes) -> str:
    """Return what a server would read behind the verb: a line that it reads so is one line."""
    return line.decode().removesuffix("\r\n").partition(" ")[2]
