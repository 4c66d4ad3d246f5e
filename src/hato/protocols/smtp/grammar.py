"""The grammar of names, paths and parameters: text to commands, and back.

Called by the machine (parses what a client sent) and by a client (encodes what it will send).
Never decides whether an address exists; never guesses at what is malformed.
Standards: RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3, RFC 1870 §6, RFC 6152 §2.
Fails never: what is malformed comes back as the Reply that refuses it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

from hato.core.limits import SMTP_PATH_OCTETS
from hato.protocols.smtp import replies
from hato.protocols.smtp.commands import BodyType, Mail, Rcpt
from hato.protocols.smtp.replies import Reply

UNDERSCORE_IN_OWN_NAME: Final = "_"
"""Leniency: a client's own name may hold this, as the names of Docker Compose's containers do.
RFC 5321 §2.3.5 has no such names; ours only copies it into a Received line."""

# All of these take UTF8-non-ascii of RFC 6532 §3.1 without the control characters of the C1 set.
# They are written as what they leave out: classes that name all of it take 40 ms to compile.
_ATOM: Final = r'[^\0- "(),.:;<>@\[\\\]\x7f-\x9f]+'
_DOT_STRING: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED_STRING: Final = r'"(?:[^\0-\x1f"\\\x7f-\x9f]|\\[ -~])*"'
_LETTER: Final = r"[^\0-/:-@\[-`{-\x9f]"
_LABEL: Final = rf"{_LETTER}(?:[^\0-,./:-@\[-`{{-\x9f]*{_LETTER})?"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL: Final = r"\[[!-Z^-~]+\]"
_ROUTE: Final = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"

_PATH: Final = re.compile(
    rf"<(?:{_ROUTE})?(?:({_DOT_STRING})|({_QUOTED_STRING}))@(?:({_DOMAIN})|({_LITERAL}))>"
)
_POSTMASTER: Final = re.compile(r"<postmaster>", re.IGNORECASE)
_DOT_STRING_ALONE: Final = re.compile(_DOT_STRING)
_OWN_NAME: Final = re.compile(
    rf"([A-Za-z0-9{UNDERSCORE_IN_OWN_NAME}](?:[A-Za-z0-9.{UNDERSCORE_IN_OWN_NAME}-]*)|{_LITERAL})"
    r"(?: .*)?"
)
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\0- =\x7f-\x9f]+))?")
_TAGGED_LITERAL: Final = re.compile(r"\[[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+\]")
_ESCAPED: Final = re.compile(r"\\(.)")
_TO_ESCAPE: Final = re.compile(r'(["\\])')

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")

_NULL_PATH: Final = "<>"
_LONGEST_SIZE_DIGITS: Final = 20


def has_control_character(text: str) -> bool:
    """Whether a command holds what no command may hold: NUL, a bare CR, a tabulator."""
    return _CONTROL.search(text) is not None


def read_own_name(argument: str) -> str | None:
    """Return the domain or address literal with which a client greets; None when it is none.

    What some clients put behind it is passed over, as RFC 5321 §4.1.1.1 advises.
    """
    found = _OWN_NAME.fullmatch(argument)
    if found is None or len(found[1]) > 255:
        return None
    name = found[1]
    return name if name[0] != "[" or is_address_literal(name) else None


def read_mail(argument: str) -> Mail | Reply:
    """Read what follows MAIL: `FROM:<path>` and parameters."""
    if argument[:5].upper() != "FROM:":
        return replies.MAIL_SYNTAX
    if argument.startswith(_NULL_PATH, 5):
        sender, end = "", 7
    else:
        path = _read_path(argument, 5)
        if path is None:
            return replies.BAD_SENDER
        sender, end = path
    if end == len(argument):
        mail: Mail | Reply = Mail(sender)
    else:
        mail = _with_parameters(sender, argument[end:])
    if isinstance(mail, Mail) and not mail.smtputf8 and not sender.isascii():
        return replies.SENDER_NEEDS_SMTPUTF8
    return mail


def read_rcpt(argument: str, *, smtputf8: bool) -> Rcpt | Reply:
    """Read what follows RCPT: `TO:<path>`; `smtputf8` says what MAIL declared."""
    if argument[:3].upper() != "TO:":
        return replies.RCPT_SYNTAX
    path = _read_path(argument, 3)
    if path is None:
        bare = _POSTMASTER.match(argument, 3)
        if bare is None:
            return replies.BAD_RECIPIENT
        path = "postmaster", bare.end()
    recipient, end = path
    if end != len(argument):
        return replies.UNKNOWN_PARAMETER if argument[end] == " " else replies.BAD_RECIPIENT
    if not smtputf8 and not recipient.isascii():
        return replies.RECIPIENT_NEEDS_SMTPUTF8
    return Rcpt(recipient)


def _read_path(argument: str, start: int) -> tuple[str, int] | None:
    """Read `<[source route:]mailbox>`: the mailbox and where it ends; the route is ignored.

    All spellings of a local part come out as the shortest one (RFC 5321 §4.1.2).
    """
    found = _PATH.match(argument, start)
    if found is None:
        return None
    dot_string, quoted, domain, literal = found.groups()
    if literal is not None:
        if not is_address_literal(literal):
            return None
        domain = literal
    end = found.end()
    if end - start > SMTP_PATH_OCTETS or len(argument[start:end].encode()) > SMTP_PATH_OCTETS:
        return None
    if dot_string is None:
        dot_string = shortest_local_part(_ESCAPED.sub(r"\1", quoted[1:-1]))
    return f"{dot_string}@{domain}", end


def read_address(text: str) -> str | None:
    """Read a mailbox, or a local part that stands alone, as people and programs give it.

    Returns it in its shortest spelling; None when it is neither.
    """
    if _DOT_STRING_ALONE.fullmatch(text):
        return text
    path = _read_path(f"<{text}>", 0)
    return path[0] if path is not None and path[1] == len(text) + 2 else None


def shortest_local_part(content: str) -> str:
    """Spell the local part that means `content`, quoted only where it must be."""
    if _DOT_STRING_ALONE.fullmatch(content):
        return content
    return '"' + _TO_ESCAPE.sub(r"\\\1", content) + '"'


def is_address_literal(text: str) -> bool:
    """Whether `text` is an address in brackets (RFC 5321 §4.1.3)."""
    inner = text[1:-1]
    try:
        if inner[:5].upper() == "IPV6:":
            ipaddress.IPv6Address(inner[5:])
            return "%" not in inner
        if ":" not in inner:
            ipaddress.IPv4Address(inner)
            return True
    except ValueError:
        return False
    return _TAGGED_LITERAL.fullmatch(text) is not None


def _with_parameters(sender: str, rest: str) -> Mail | Reply:
    """Read the parameters of MAIL, each of which may stand once."""
    if rest[0] != " ":
        return replies.BAD_SENDER
    values: dict[str, str | None] = {}
    for word in rest[1:].split(" "):
        found = _PARAMETER.fullmatch(word)
        if found is None:
            return replies.BAD_PARAMETER
        keyword = found[1].upper()
        if keyword not in _KNOWN_PARAMETERS:
            return replies.UNKNOWN_PARAMETER
        if keyword in values:
            return replies.BAD_PARAMETER
        values[keyword] = found[2]
    return _mail_of(sender, values)


_KNOWN_PARAMETERS: Final = frozenset({"SIZE", "BODY", "SMTPUTF8"})


def _mail_of(sender: str, values: Mapping[str, str | None]) -> Mail | Reply:
    """Give the parameters their meaning."""
    size_octets = body = None
    if "SIZE" in values:
        size = values["SIZE"] or ""
        if not size.isascii() or not size.isdigit() or len(size) > _LONGEST_SIZE_DIGITS:
            return replies.BAD_PARAMETER
        size_octets = int(size)
    if "BODY" in values:
        try:
            body = BodyType((values["BODY"] or "").upper())
        except ValueError:
            return replies.BAD_PARAMETER
    if values.get("SMTPUTF8") is not None:
        return replies.BAD_PARAMETER
    return Mail(sender, size_octets, body, "SMTPUTF8" in values)


def encode_mail(mail: Mail) -> bytes:
    """Return the line that says `mail`, with CRLF."""
    line = f"MAIL FROM:<{mail.sender}>"
    if mail.size_octets is not None:
        line += f" SIZE={mail.size_octets}"
    if mail.body is not None:
        line += f" BODY={mail.body.value}"
    if mail.smtputf8:
        line += " SMTPUTF8"
    return line.encode() + b"\r\n"


def encode_rcpt(rcpt: Rcpt) -> bytes:
    """Return the line that says `rcpt`, with CRLF."""
    return f"RCPT TO:<{rcpt.recipient}>\r\n".encode()
