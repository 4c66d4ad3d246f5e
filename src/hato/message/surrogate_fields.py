"""One header field of an internationalised message, as a program that knows only ASCII may see it.

Called by the surrogate, field by field.
Never makes an address that could be somebody's; never changes a field that is ASCII.
Standards: RFC 6858 §2, RFC 5322 §3.4 (addresses), RFC 2045 §5.1 (parameters), RFC 2047.
Fails never: what cannot be shown is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hato.message.words import FOLD, encode_words

NOBODY: Final = "invalid@internationalized-address.invalid"
"""The address in place of one that cannot be shown (RFC 6858 §2.1); nobody can ever have it."""

ADDRESS_FIELDS: Final = frozenset(
    {
        b"bcc",
        b"cc",
        b"from",
        b"reply-to",
        b"resent-bcc",
        b"resent-cc",
        b"resent-from",
        b"resent-sender",
        b"resent-to",
        b"return-path",
        b"sender",
        b"to",
    }
)
PARAMETER_FIELDS: Final = frozenset({b"content-type", b"content-disposition"})

_WORD: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"?|<[^>]*>?|\((?:[^()\\]|\\.)*\)?|\[[^\]]*\]?|[,:;]|[^"<(\[,:;]+', re.DOTALL
)
_PARAMETER: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^";])+', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def surrogate_field(field: bytes) -> bytes:
    """Return what to show of a field (with its CRLF); empty where it cannot be shown."""
    if field.isascii():
        return field
    name, _, value = field.partition(b":")
    kind = name.strip().lower()
    if not name.isascii():
        return b""
    text = value.decode("utf-8", "replace").replace("\r\n", "").strip()
    if kind == b"subject":
        shown = encode_words(text)
    elif kind == b"return-path":
        shown = f"<{NOBODY}>"
    elif kind in ADDRESS_FIELDS:
        shown = _addresses(text)
    elif kind in PARAMETER_FIELDS:
        shown = _parameters(text)
    else:
        shown = ""
    return name + b": " + shown.encode() + b"\r\n" if shown else b""


def _addresses(text: str) -> str:
    """Return an address list in which every address is ASCII or NOBODY's (RFC 6858 §2.1)."""
    shown: list[str] = []
    words: list[str] = []
    prefix = ""
    for word in [*_WORD.findall(text), ","]:
        if word == ":":
            prefix = f"{prefix}{_phrase(_plain(words))}: "
            words = []
        elif word in {",", ";"}:
            mailbox = _mailbox(words)
            if mailbox or prefix or word == ";":
                shown.append(prefix + mailbox)
            prefix, words = "", []
            if word == ";":
                shown[-1] += ";"
        else:
            words.append(word)
    return f",{FOLD}".join(shown)


def _mailbox(words: list[str]) -> str:
    """Return one address with its display name."""
    whole = "".join(words).strip()
    if whole.isascii():
        return whole
    angles = [word for word in words if word.startswith("<")]
    comments = [word for word in words if word.startswith("(")]
    if angles:
        address = angles[0].strip("<>").strip()
        display = _plain([word for word in words if not word.startswith("<")])
    else:
        address = "".join(word for word in words if not word.startswith("(")).strip()
        display = _plain([comment.strip("()") for comment in comments])
    if not address.isascii():
        display = f"{display} {address}".strip()
        address = NOBODY
    return f"{_phrase(display)} <{address}>"


def _plain(words: list[str]) -> str:
    """Return a phrase without its quotes."""
    words = [
        _ESCAPED.sub(r"\1", word.strip('"')) if word.startswith('"') else word for word in words
    ]
    return " ".join("".join(words).split())


def _phrase(display: str) -> str:
    """Write a display name."""
    if display.isascii() and display.replace(" ", "").isalnum():
        return display
    return encode_words(display)


def _parameters(text: str) -> str:
    """Return a MIME field without the parameters that are not ASCII (RFC 6858 §2.2)."""
    value, *parameters = _parts(text)
    if not value.isascii():
        return ""
    return f";{FOLD}".join([value, *(one for one in parameters if one.isascii())])


def _parts(text: str) -> Iterator[str]:
    """Yield what stands between the semicolons that are not quoted."""
    for found in _PARAMETER.findall(text) or [""]:
        yield found.strip()
