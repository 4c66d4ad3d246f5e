"""By what a letter is known again where its unique-id does not tell: the header that TOP shows.

Called by `services.fetching`, with the header of a letter that was fetched and with that of TOP.
Never looks at a body; never takes two letters for one because both have next to no header.
Standards: RFC 1939 §7 (TOP), RFC 5322 §3.6.4 and §3.6.7 (what no two letters share).
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

from xxhash import xxh3_128_digest

from hato.core.limits import HEADER_SCAN_OCTETS
from hato.message.header import find_values
from hato.message.line_ends import LineEndConverter

_TELLING: Final = re.compile(rb"^(message-id|received)[ \t]*:", re.IGNORECASE | re.MULTILINE)


def header_of_top(octets: bytes) -> bytes:
    """Return the header of what TOP answered, in the form in which a fetched letter has it."""
    converter = LineEndConverter()
    head = (converter.convert(octets) + converter.finish())[:HEADER_SCAN_OCTETS]
    if head.startswith(b"\r\n"):
        return head[:2]
    end = head.find(b"\r\n\r\n")
    return head if end < 0 else head[: end + 4]


def mark_of(header: bytes) -> bytes:
    """Return the checksum of a header; the empty line, which some servers leave out, is not in."""
    return xxh3_128_digest(header.rstrip(b"\r\n"))


def is_telling(header: bytes) -> bool:
    """Tell whether no other letter can have this header."""
    return _TELLING.search(header) is not None


def origin_of(header: bytes) -> tuple[bytes, ...]:
    """Return what says where a letter comes from, and no server changes; empty: nothing does."""
    origin = [
        b" ".join(header[found.start : found.stop].split())
        for name in (b"message-id", b"received")
        for found in find_values(header, name)
    ]
    return tuple(origin)


def key_without_unique_id(mark: bytes, size_octets: int, copies_before: int) -> bytes:
    """Return a letter's name in the ledger where the server has none for it alone.

    It begins with a space, which no unique-id has (RFC 1939 §7).
    """
    key = b" %s %d" % (mark.hex().encode(), size_octets)
    return key if not copies_before else b"%s %d" % (key, copies_before + 1)
