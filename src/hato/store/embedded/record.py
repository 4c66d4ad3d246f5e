"""The journal's record: how one commit, or a part of one, stands in a segment.

Called by `encode` (writes), `scan` (finds), `body_reader` (reads messages), and who makes heads.
Never touches a file: octets and numbers only.
Standards: none; the format is Hato's own, version 1 (docs/reference/journal.md).
Fails never: what is not a sound record is None.

    head | facts (msgpack) | content: prefix and body | trailer: chunk checksums, dots

A head's checksum depends on the account and on the place, so that no octets inside a message,
and no record of another account or place, can ever be taken for one.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

import xxhash

from hato.core.ids import AccountId
from hato.core.limits import BODY_CHUNK_OCTETS

MAGIC: Final = b"\x93HJ\x01"
"""The last octet is the version."""
LAST: Final = 1
"""Flag: with this record the commit is complete."""
CHUNKED: Final = 2
"""Flag: the content has a checksum for each BODY_CHUNK_OCTETS, in the trailer."""
DENSE: Final = 4
"""Flag: so many lines begin with a dot that readers look for them."""

_HEAD: Final = struct.Struct("<4sBBHIIQIIQQQQQQQ")
HEAD_OCTETS: Final = _HEAD.size
_CHECKED: Final = HEAD_OCTETS - 8
_CHECKSUM: Final = struct.Struct("<Q")
_MASK: Final = 2**64 - 1
_SEGMENT_STRIDE: Final = 0x9E3779B97F4A7C15
"""An odd number that keeps seeds of neighbouring segments far apart."""
DENSE_OCTETS_PER_DOT: Final = 200
"""More dots than one in so many octets are found when sending: `replace` is faster then."""


class Kind(IntEnum):
    """What a record is for."""

    COMMIT = 1
    SEGMENT = 2
    """The first of a segment."""
    CHECKPOINT = 3
    """Rows of the index; the last one makes the checkpoint complete."""
    COPY = 4
    """Bodies that were moved; nothing else changed."""


class Head(NamedTuple):
    """The fixed part of a record."""

    kind: int
    flags: int
    facts_octets: int
    prefix_octets: int
    content_octets: int
    """Prefix and body."""
    dot_count: int
    part: int
    """How many records of the same commit came before."""
    body_id: int
    modseq: int
    at: int
    durable_end: int
    """What stands in this segment before it was on the disk when this record was written."""
    facts_checksum: int
    content_checksum: int
    """Of content and trailer; of the trailer alone where the flag CHUNKED is set."""

    @property
    def chunk_count(self) -> int:
        """How many checksums the trailer holds."""
        return -(-self.content_octets // BODY_CHUNK_OCTETS) if self.flags & CHUNKED else 0

    @property
    def trailer_octets(self) -> int:
        """How long the trailer is."""
        return 8 * self.chunk_count + 4 * self.dot_count

    @property
    def content_offset(self) -> int:
        """Where the content begins, from the record's beginning."""
        return HEAD_OCTETS + self.facts_octets

    @property
    def octets(self) -> int:
        """How long the whole record is."""
        return self.content_offset + self.content_octets + self.trailer_octets


class Location(NamedTuple):
    """Where a record with a message's octets stands."""

    segment: int
    offset: int
    octets: int
    """Of the whole record."""


def account_seed(account_id: AccountId) -> int:
    """Return what binds records to their account."""
    return int.from_bytes(hashlib.sha256(account_id.encode()).digest()[:8], "little")


def place_seed(seed: int, segment: int, offset: int) -> int:
    """Return what binds a record to its account and place."""
    return (seed + segment * _SEGMENT_STRIDE + offset) & _MASK


def pack_head(head: Head, seed: int) -> bytes:
    """Return the octets of a head; `seed` is `place_seed`'s."""
    packed = _HEAD.pack(MAGIC, head[0], 0, *head[1:], 0)
    checksum = xxhash.xxh3_64_intdigest(packed[:_CHECKED], seed)
    return packed[:_CHECKED] + _CHECKSUM.pack(checksum)


def parse_head(data: bytes | bytearray | memoryview, seed: int, start: int = 0) -> Head | None:
    """Read the head at `start` of `data`, or None where no sound head of that place is."""
    if len(data) - start < HEAD_OCTETS:
        return None
    fields = _HEAD.unpack_from(data, start)
    if fields[0] != MAGIC:
        return None
    if xxhash.xxh3_64_intdigest(data[start : start + _CHECKED], seed) != fields[15]:
        return None
    return Head(fields[1], *fields[3:15])


def find_small_content(
    record: memoryview, seed: int, body_id: int
) -> tuple[int, int, int, int] | None:
    """Check a whole record without chunks and find its content: begin, end, flags, dots.

    None where it is not a sound record of that message, or has chunks. The same as `parse_head`
    and a comparison, for the one place where each microsecond counts.
    """
    size = len(record)
    if size < HEAD_OCTETS:
        return None
    head = _HEAD.unpack_from(record)
    flags, begin, dots = head[3], HEAD_OCTETS + head[4], head[7]
    end: int = begin + head[6]
    if (
        head[0] != MAGIC
        or head[9] != body_id
        or flags & CHUNKED
        or end + 4 * dots != size
        or xxhash.xxh3_64_intdigest(record[:_CHECKED], seed) != head[15]
        or xxhash.xxh3_64_intdigest(record[begin:]) != head[14]
    ):
        return None
    return begin, end, flags, dots


def is_chunked(content_octets: int) -> bool:
    """Tell whether content of this size has a checksum per chunk."""
    return content_octets > BODY_CHUNK_OCTETS


def checksum_of(data: bytes | memoryview) -> int:
    """Return the checksum of octets."""
    return int(xxhash.xxh3_64_intdigest(data))


def pack_trailer(chunk_checksums: Sequence[int], dots: Sequence[int]) -> bytes:
    """Return the octets of a trailer."""
    if not chunk_checksums and not dots:
        return b""
    return _little("Q", chunk_checksums) + _little("I", dots)


def parse_trailer(head: Head, trailer: bytes | memoryview) -> tuple[Sequence[int], Sequence[int]]:
    """Return the checksums of the chunks and the offsets of the dots."""
    cut = 8 * head.chunk_count
    return _from_little("Q", trailer[:cut]), _from_little("I", trailer[cut:])


def parse_dots(packed: bytes | memoryview) -> Sequence[int]:
    """Return the offsets of dots that a trailer without checksums holds."""
    return _from_little("I", packed)


def _little(code: str, numbers: Sequence[int]) -> bytes:
    packed = array(code, numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _from_little(code: str, data: bytes | memoryview) -> array[int]:
    numbers: array[int] = array(code)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
