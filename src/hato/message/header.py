"""What delivery must know of a header, found without decoding it.

Called by `services.delivery` for each message, with the beginning that the store kept at hand.
Never parses MIME or addresses; never copies more than the header; linear in its length.
Standards: RFC 5322 §2.2 and §3.6.4 (fields, folding, identifiers), RFC 5321 §6.3 (loops).
Fails never: a header that is none has no fields.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from xxhash import xxh3_64_intdigest

from hato.core.limits import REFERENCES_PER_MESSAGE

_IDENTIFIER: Final = re.compile(rb"<[^<>\s]+>")
_BRACKETED_ADDRESS: Final = re.compile(rb"<[^<>\s@]{1,256}@[^<>\s@]{1,256}>")
_63_BITS: Final = (1 << 63) - 1


class Span(NamedTuple):
    """Where a field's value is: `header[start:stop]`, folds included, its last CRLF not."""

    start: int
    stop: int


class HeaderFacts(NamedTuple):
    """What delivery must know."""

    has_message_id: bool
    reference_hashes: tuple[int, ...]
    """Hashes, each from 0 to 2**63 - 1, of the Message-ID (first), of In-Reply-To and of
    References: messages that share one belong to one thread."""
    has_8bit: bool
    """Whether any octet of the header is beyond ASCII."""
    has_utf8_address: bool
    """Whether an address in it is: only an internationalised message has such (RFC 6532 §3.2)."""
    received_count: int
    """How many servers have passed the message on."""


def find_values(header: bytes, name: bytes) -> list[Span]:
    """Return the values of all fields called `name` (any case), in order.

    `header`: up to and with the empty line. Blanks before the colon are allowed, as in
    RFC 5322 §4.5; a line that begins with a blank continues the one before it.
    """
    return _find_values(header, header.lower(), name.lower())


def _find_values(header: bytes, lowered: bytes, name: bytes) -> list[Span]:
    """Do it, with the header in lower case at hand."""
    needle = b"\n" + name
    found: list[Span] = []
    at = len(name) if lowered.startswith(name) else _behind(lowered, needle, 0)
    while at >= 0:
        colon = at
        while header[colon : colon + 1] in (b" ", b"\t"):
            colon += 1
        if header[colon : colon + 1] == b":":
            at = _end_of_value(header, colon + 1)
            stop = at - 1 if header[at - 1 : at] == b"\r" else at
            found.append(Span(colon + 1, max(stop, colon + 1)))
        at = _behind(lowered, needle, at)
    return found


def _behind(lowered: bytes, needle: bytes, start: int) -> int:
    """Return where the next `needle` ends, or -1."""
    at = lowered.find(needle, start)
    return at + len(needle) if at >= 0 else -1


def _end_of_value(header: bytes, start: int) -> int:
    """Return where the LF is that ends a value and is not followed by a continuation."""
    at = header.find(b"\n", start)
    while at >= 0 and header[at + 1 : at + 2] in (b" ", b"\t"):
        at = header.find(b"\n", at + 1)
    return at if at >= 0 else len(header)


def scan_for_delivery(header: bytes) -> HeaderFacts:
    """Return what delivery must know of `header` (its octets up to and with the empty line)."""
    lowered = header.lower()
    own = _message_id(header, lowered)
    parents = _identifiers(header, lowered, b"in-reply-to")
    references = _identifiers(header, lowered, b"references")
    if len(references) > REFERENCES_PER_MESSAGE:
        references = references[:1] + references[1 - REFERENCES_PER_MESSAGE :]
    identifiers = [*own, *parents[:REFERENCES_PER_MESSAGE], *references]
    hashes = dict.fromkeys(xxh3_64_intdigest(each) & _63_BITS for each in identifiers)
    received = lowered.count(b"\nreceived:") + lowered.startswith(b"received:")
    has_8bit = not header.isascii()
    has_utf8_address = has_8bit and any(
        not found[0].isascii() for found in _BRACKETED_ADDRESS.finditer(header)
    )
    return HeaderFacts(bool(own), tuple(hashes), has_8bit, has_utf8_address, received)


def _message_id(header: bytes, lowered: bytes) -> list[bytes]:
    """Return the message's own identifier; one without brackets counts as well."""
    for start, stop in _find_values(header, lowered, b"message-id"):
        value = header[start:stop]
        found = _IDENTIFIER.search(value)
        identifier = found[0] if found else value.strip()
        if identifier:
            return [identifier]
    return []


def _identifiers(header: bytes, lowered: bytes, name: bytes) -> list[bytes]:
    """Return the identifiers in all fields called `name`."""
    identifiers: list[bytes] = []
    for start, stop in _find_values(header, lowered, name):
        identifiers += _IDENTIFIER.findall(header, start, stop)
    return identifiers
