"""The grammar of POP3, in both directions: text of commands and replies to values and back.

Called by the machine of the server (reads commands) and that of the client (writes them).
Never raises because of what a peer sent; never guesses what a malformed line might have meant.
Standards: RFC 2449 §3 (the grammar), RFC 5034 §4 and §5, RFC 6856 §2 and §3, RFC 1957.
Fails with a Refusal as the result; writing a command that cannot be written raises ValueError.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple, TypeAlias

from hato.core.ids import MessageNumber
from hato.core.limits import POP3_COMMAND_OCTETS
from hato.core.secret import Secret
from hato.protocols.pop3.commands import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from hato.protocols.sasl.exchange import decode_base64


class Refusal(Enum):
    """Why a line is no command."""

    UNKNOWN = auto()
    """No such keyword."""
    ARGUMENTS = auto()
    """Too few, too many, or not of the form that the command wants."""
    OCTETS = auto()
    """A control character, or what is not UTF-8 (RFC 6856 §2.2)."""


Parsed: TypeAlias = Command | Refusal

_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_MECHANISM: Final = re.compile(rb"[A-Za-z0-9_-]{1,20}")
_DIGEST: Final = re.compile(rb"[0-9a-f]{32}")
_HTTP: Final = re.compile(
    rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH|CONNECT) |.* HTTP/\d", re.IGNORECASE
)
_STATUS: Final = re.compile(rb"(\+OK|-ERR)(?: (?:\[([^\]\r\n]+)\] ?)?(.*))?", re.DOTALL)
_TWO_NUMBERS: Final = re.compile(rb"([0-9]{1,20}) ([0-9]{1,20})(?: .*)?", re.DOTALL)
_UNIQUE_ID: Final = re.compile(rb"([0-9]{1,20}) ([\x21-\x7e]{1,70})")


# Reading what a client said


def parse_command(line: bytes) -> Parsed:
    """Read a command line, without its CRLF, outside a SASL exchange.

    Strict, as RFC 2449 §3 has it: one space between words, none at the end.
    """
    verb, space, rest = line.partition(b" ")
    parse = _PARSERS.get(verb) or _PARSERS.get(verb.upper())
    if parse is None:
        return Refusal.UNKNOWN
    return parse(rest if space else None)


def parse_sasl_line(line: bytes) -> Parsed:
    """Read a line of a SASL exchange, without its CRLF: base64, nothing, or `*`."""
    if line == b"*":
        return AuthCancel()
    response = decode_base64(line)
    return Refusal.ARGUMENTS if response is None else AuthResponse(Secret(response))


def looks_like_http(line: bytes) -> bool:
    """Whether this is a web browser's first line, which somebody may have made it send."""
    return _HTTP.match(line) is not None


def _without_arguments(command: Command) -> Callable[[bytes | None], Parsed]:
    """Make the parser of a command that has none."""
    return lambda rest: command if rest is None else Refusal.ARGUMENTS


def _number(rest: bytes | None) -> MessageNumber | None:
    """Read a message number: ASCII digits. 0 and too large ones are numbers of no message."""
    if rest is not None and rest.isdigit():
        return MessageNumber(int(rest))
    return None


def _with_number(
    command: Callable[[MessageNumber], Command], *, alone: Command | None = None
) -> Callable[[bytes | None], Parsed]:
    """Make the parser of a command with a number; `alone`: what it is where it may have none."""

    def parse(rest: bytes | None) -> Parsed:
        if rest is None and alone is not None:
            return alone
        number = _number(rest)
        return Refusal.ARGUMENTS if number is None else command(number)

    return parse


def _parse_top(rest: bytes | None) -> Parsed:
    first, _, second = (rest or b"").partition(b" ")
    number = _number(first)
    if number is None or not second.isdigit():
        return Refusal.ARGUMENTS
    return Top(number, int(second))


def _text(octets: bytes) -> str | None:
    """Decode UTF-8 without control characters; None where it is not that."""
    if _CONTROL.search(octets):
        return None
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return None


def _parse_user(rest: bytes | None) -> Parsed:
    if not rest or b" " in rest:
        return Refusal.ARGUMENTS
    name = _text(rest)
    return Refusal.OCTETS if name is None else User(name)


def _parse_pass(rest: bytes | None) -> Parsed:
    """Read PASS: spaces belong to the password, wherever they stand (RFC 1939 §7)."""
    if not rest:
        return Refusal.ARGUMENTS
    return Refusal.OCTETS if _text(rest) is None else Pass(Secret(rest))


def _parse_apop(rest: bytes | None) -> Parsed:
    name, _, digest = (rest or b"").partition(b" ")
    if not name or not _DIGEST.fullmatch(digest):
        return Refusal.ARGUMENTS
    text = _text(name)
    return Refusal.OCTETS if text is None else Apop(text, bytes.fromhex(digest.decode()))


def _parse_lang(rest: bytes | None) -> Parsed:
    if rest is None:
        return Lang()
    if not rest or b" " in rest:
        return Refusal.ARGUMENTS
    wanted = _text(rest)
    return Refusal.OCTETS if wanted is None else Lang(wanted)


def _parse_auth(rest: bytes | None) -> Parsed:
    mechanism, space, response = (rest or b"").partition(b" ")
    if not _MECHANISM.fullmatch(mechanism):
        return Refusal.ARGUMENTS
    name = mechanism.decode().upper()
    if not space:
        return Auth(name)
    initial = b"" if response == b"=" else decode_base64(response)
    if initial is None or not response:
        return Refusal.ARGUMENTS
    return Auth(name, Secret(initial))


_PARSERS: Final[dict[bytes, Callable[[bytes | None], Parsed]]] = {
    b"CAPA": _without_arguments(Capa()),
    b"STLS": _without_arguments(Stls()),
    b"UTF8": _without_arguments(Utf8()),
    b"LANG": _parse_lang,
    b"USER": _parse_user,
    b"PASS": _parse_pass,
    b"APOP": _parse_apop,
    b"AUTH": _parse_auth,
    b"STAT": _without_arguments(Stat()),
    b"LIST": _with_number(List, alone=List()),
    b"UIDL": _with_number(Uidl, alone=Uidl()),
    b"RETR": _with_number(Retr),
    b"TOP": _parse_top,
    b"DELE": _with_number(Dele),
    b"NOOP": _without_arguments(Noop()),
    b"RSET": _without_arguments(Rset()),
    b"QUIT": _without_arguments(Quit()),
}

KEYWORDS: Final = frozenset(keyword.decode() for keyword in _PARSERS)


# Writing what a client says


def format_command(command: Command, *, limit_octets: int = POP3_COMMAND_OCTETS) -> bytes:
    """Write a command as it is sent, CRLF included.

    Raises ValueError where the line would be malformed or longer than `limit_octets` (RFC 2449
    §4); lines of a SASL exchange may be longer.
    """
    if isinstance(command, AuthResponse):
        return binascii.b2a_base64(command.response.reveal(), newline=False) + b"\r\n"
    if isinstance(command, AuthCancel):
        return b"*\r\n"
    line = b" ".join([type(command).__name__.upper().encode(), *_arguments(command)])
    if len(line) + 2 > limit_octets or parse_command(line) != command:
        raise ValueError(f"{type(command).__name__} cannot be written with these arguments")
    return line + b"\r\n"


def _arguments(command: Command) -> list[bytes]:
    """Return what stands behind the keyword."""
    match command:
        case User(name):
            return [name.encode()]
        case Pass(password):
            return [password.reveal()]
        case Apop(name, digest):
            return [name.encode(), digest.hex().encode()]
        case Auth(mechanism, None):
            return [mechanism.encode()]
        case Auth(mechanism, Secret() as initial):
            response = binascii.b2a_base64(initial.reveal(), newline=False)
            return [mechanism.encode(), response or b"="]
        case Lang(str(wanted)):
            return [wanted.encode()]
        case Top(number, lines):
            return [b"%d" % number, b"%d" % lines]
        case List(int(number)) | Uidl(int(number)) | Retr(number) | Dele(number):
            return [b"%d" % number]
        case _:
            return []


# Reading what a server said


class Status(NamedTuple):
    """The first line of a reply, as a client sees it."""

    is_ok: bool
    code: str | None
    """The response code in capitals, its hierarchy whole: `SYS/TEMP` (RFC 2449 §8)."""
    text: str


def parse_status_line(line: bytes) -> Status | None:
    """Read a reply's first line, without its CRLF; None where it is none.

    The space behind the indicator may be missing (RFC 1957).
    """
    found = _STATUS.fullmatch(line)
    if found is None:
        return None
    indicator, code, text = found.groups()
    return Status(
        indicator == b"+OK",
        code.decode("ascii", "backslashreplace").upper() if code else None,
        (text or b"").decode("utf-8", "backslashreplace"),
    )


def parse_challenge(line: bytes) -> bytes | None:
    """Read a challenge of a SASL exchange, without its CRLF; None where it is none."""
    if line == b"+":
        return b""
    return decode_base64(line[2:]) if line.startswith(b"+ ") else None


def parse_two_numbers(text: bytes) -> tuple[int, int] | None:
    """Read a drop listing or a scan listing (RFC 1939 §5); what may follow is passed over."""
    found = _TWO_NUMBERS.fullmatch(text)
    return None if found is None else (int(found[1]), int(found[2]))


def parse_unique_id_listing(text: bytes) -> tuple[MessageNumber, bytes] | None:
    """Read a unique-id listing (RFC 1939 §7)."""
    found = _UNIQUE_ID.fullmatch(text)
    return None if found is None else (MessageNumber(int(found[1])), found[2])
