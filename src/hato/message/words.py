"""Encoded words: text outside ASCII in header fields that must be ASCII.

Called by the surrogate of a message; later by whoever composes one.
Never divides a character; never makes an encoded word of more than 75 characters.
Standards: RFC 2047 §2 and §5.
Fails never.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Final

_WORD_OCTETS: Final = 45
"""UTF-8 octets of one word: 60 characters of base64, 72 with what stands around them."""

FOLD: Final = "\r\n "


def encode_words(text: str) -> str:
    """Return `text` as encoded words in UTF-8, folded so that each stands on a line."""
    return FOLD.join(
        f"=?UTF-8?B?{binascii.b2a_base64(part, newline=False).decode()}?=" for part in _parts(text)
    )


def _parts(text: str) -> Iterator[bytes]:
    """Yield the text's octets in parts that end with whole characters."""
    octets = text.encode("utf-8", "replace")
    start = 0
    while start < len(octets):
        stop = min(start + _WORD_OCTETS, len(octets))
        while stop < len(octets) and octets[stop] & 0xC0 == 0x80:
            stop -= 1
        yield octets[start:stop]
        start = stop
