"""Who sends a letter and who gets it, as the server is told: never read from the header later.

Made by whoever sends (`envelope_of`), kept with the waiting letter.
Never lets anything into a command line that is no address.
Standards: RFC 5321 §4.1.2 and §4.5.3.1, RFC 6531 §3.3 (addresses beyond ASCII).
Fails with InvalidInputError: which address, and what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import OUTGOING_RECIPIENTS
from hato.protocols.smtp.grammar import read_address
from hato.services.names import normalized_domain

_NO_ADDRESS: Final = Text(
    en="{text!r} is no mail address: write it like ada@example.org.",
    ja="{text!r} はメールアドレスではありません。ada@example.org のように書いてください。",
)
_NOBODY: Final = Text(
    en="The letter is for nobody: name at least one recipient.",
    ja="宛先がありません。少なくとも一つ指定してください。",
)
_TOO_MANY: Final = Text(
    en="The letter is for {count} recipients, and one letter may have {most}: send it in parts.",
    ja="宛先が {count} 件あります。一通につき {most} 件までなので、分けて送ってください。",
)


class Envelope(msgspec.Struct, frozen=True):
    """Sender and recipients, each `local@domain` in its shortest spelling."""

    sender: str
    recipients: tuple[str, ...]
    """Each once, in the order in which they were named; blind copies are among them."""


def envelope_of(sender: str, recipients: Iterable[str]) -> Envelope:
    """Return an envelope of addresses as people write them. Raises InvalidInputError."""
    found = tuple(dict.fromkeys(_address(text) for text in recipients))
    if not found:
        raise InvalidInputError(_NOBODY)
    if len(found) > OUTGOING_RECIPIENTS:
        raise InvalidInputError(_TOO_MANY, count=len(found), most=OUTGOING_RECIPIENTS)
    return Envelope(_address(sender), found)


def _address(text: str) -> str:
    """Return an address as a server is told it: the domain as A-labels, the rest as it is."""
    address = read_address(text.strip())
    local_part, at, domain = (address or "").rpartition("@")
    if not at:
        raise InvalidInputError(_NO_ADDRESS, text=text)
    if domain.startswith("["):
        return f"{local_part}@{domain}"
    name = normalized_domain(domain)
    if name is None:
        raise InvalidInputError(_NO_ADDRESS, text=text)
    return f"{local_part}@{name}"
