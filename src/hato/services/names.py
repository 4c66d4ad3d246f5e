"""One form for addresses and names, however they are typed.

Called by services.accounts (what is kept) and services.auth (who logs in).
Never looks anything up.
Standards: RFC 5321 §2.3.11, §4.1.2, §4.5.3.1; RFC 5891 §4; RFC 6531 §3.3; RFC 8265 §3.3.
Fails never: what is no name or address yields None.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import idna

LOCAL_PART_OCTETS: Final = 64
"""RFC 5321 §4.5.3.1.1."""

DETAIL_MARK: Final = "+"
"""`user+detail` reaches `user` (RFC 5233 §1)."""

_DOMAIN: Final = re.compile(
    r"(?=.{1,255}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLAIN_ASCII: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SPECIALS: Final = frozenset('"(),:;<>@[\\] ')
_UNWRITABLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Unicode's categories of what cannot be seen or is nobody's: no part of a name."""


def normalized_address(text: str) -> str | None:
    """Return `local@domain` in its one form, or None when it is no address of a mailbox."""
    local_part, at, domain = text.rpartition("@")
    local, name = normalized_local_part(local_part), normalized_domain(domain)
    return f"{local}@{name}" if at and local and name else None


def normalized_local_part(text: str) -> str | None:
    """Return what stands before the `@`: unquoted, lower case, NFC, of ordinary width.

    The case of local parts is left to the receiving host by RFC 5321 §2.3.11: Hato ignores it.
    Letters of Japanese width become ordinary ones (RFC 8265 §3.3 rules 1, 3 and 4).
    """
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if text.isascii():
        text = text.lower()
        is_writable = text.isprintable()
    else:
        text = "".join(map(_of_ordinary_width, text)).lower()
        text = unicodedata.normalize("NFC", text)
        is_writable = all(c == " " or unicodedata.category(c) not in _UNWRITABLE for c in text)
    if not is_writable:
        return None
    return text if 0 < len(text.encode()) <= LOCAL_PART_OCTETS else None


def normalized_domain(text: str) -> str | None:
    """Return a domain in lower case and as A-labels; None for what is none, literals included."""
    text = text.removesuffix(".")
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    text = text.lower()
    return text if _DOMAIN.fullmatch(text) else None


def readable(address: str) -> str:
    """Return an address for people: the domain with its own letters."""
    local_part, at, domain = address.rpartition("@")
    if "xn--" not in domain:
        return address
    try:
        return f"{local_part}{at}{idna.decode(domain)}"
    except (idna.IDNAError, UnicodeError):
        return address


def is_plain(local_part: str) -> bool:
    """Tell whether a normalised local part needs no quotes: one that may be given to somebody."""
    if local_part.isascii():
        return _PLAIN_ASCII.fullmatch(local_part) is not None
    dots = (local_part.startswith("."), local_part.endswith("."), ".." in local_part)
    return not any(dots) and _SPECIALS.isdisjoint(local_part)


def without_detail(address: str) -> str | None:
    """Return `user@domain` of `user+detail@domain`; None where there is no detail."""
    local_part, _, domain = address.rpartition("@")
    user, mark, _ = local_part.partition(DETAIL_MARK)
    return f"{user}@{domain}" if mark and user else None


def _of_ordinary_width(character: str) -> str:
    """Undo the full and half width of Japanese typesetting."""
    decomposition = unicodedata.decomposition(character)
    if not decomposition.startswith(("<wide>", "<narrow>")):
        return character
    return "".join(chr(int(code, 16)) for code in decomposition.split()[1:])
