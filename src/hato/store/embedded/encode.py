"""Makes the records of one commit: heads, facts, messages, trailers.

Called by `journal`; `account_writer` and `store` make drafts.
Never copies a large message at once: its chunks pass through memory one after the other.
Standards: none; `record` has the format.
Fails with OSError where staged octets cannot be read or the segment cannot be written.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.embedded.record import (
    CHUNKED,
    DENSE,
    LAST,
    Head,
    Kind,
    Location,
    checksum_of,
    is_chunked,
    pack_head,
    pack_trailer,
    place_seed,
)
from hato.store.embedded.staging import EmbeddedStaged
from hato.store.embedded.system import write_all


class Part(NamedTuple):
    """A message or upload of a commit."""

    body_id: int
    prefix: bytes
    staged: EmbeddedStaged


class Draft(NamedTuple):
    """A commit that is to be written."""

    modseq: int
    at: int
    facts: bytes
    parts: tuple[Part, ...]


class Record(NamedTuple):
    """A record with its place; `head` still lacks the checksum of the content."""

    offset: int
    head: Head
    facts: bytes
    part: Part | None
    dots: Sequence[int]


def lay_out(draft: Draft, offset: int, durable_end: int) -> list[Record]:
    """Give each record of a commit its place, beginning at `offset`."""
    records: list[Record] = []
    count = max(len(draft.parts), 1)
    for number in range(count):
        part = draft.parts[number] if draft.parts else None
        is_last = number == count - 1
        facts = draft.facts if is_last else b""
        flags, dots = (0, ()) if part is None else _dots_of(part)
        size = 0 if part is None else len(part.prefix) + part.staged.size_octets
        if is_chunked(size):
            flags |= CHUNKED
        head = Head(
            kind=Kind.COMMIT,
            flags=flags | (LAST if is_last else 0),
            facts_octets=len(facts),
            prefix_octets=0 if part is None else len(part.prefix),
            content_octets=size,
            dot_count=len(dots),
            part=number,
            body_id=0 if part is None else part.body_id,
            modseq=draft.modseq,
            at=draft.at,
            durable_end=durable_end,
            facts_checksum=checksum_of(facts),
            content_checksum=0,
        )
        records.append(Record(offset, head, facts, part, dots))
        offset += head.octets
    return records


def _dots_of(part: Part) -> tuple[int, Sequence[int]]:
    """Return the flags and the offsets, in prefix and message together, of dots to be doubled."""
    prefix, inspection = part.prefix, part.staged.inspection
    if inspection.is_dense:
        return DENSE, ()
    if not prefix:
        return 0, inspection.dots
    if not prefix.endswith(b"\r\n") or prefix.startswith(b".") or b"\r\n." in prefix:
        return DENSE, ()
    if not inspection.dots:
        return 0, ()
    shift = len(prefix)
    if inspection.size_octets + shift >= 2**32:
        return DENSE, ()
    return 0, array("I", [dot + shift for dot in inspection.dots])


def location_of(record: Record, segment: int) -> Location:
    """Return where a record stands."""
    return Location(segment, record.offset, record.head.octets)


def write_records(fd: int, seed: int, segment: int, records: Sequence[Record]) -> None:
    """Write records that follow each other; those in memory in as few calls as possible."""
    pieces: list[bytes | memoryview] = []
    begin = records[0].offset if records else 0
    for record in records:
        if record.part is not None and record.part.staged.file is not None:
            write_all(fd, pieces, begin)
            _write_long(fd, seed, segment, record)
            pieces = []
            begin = record.offset + record.head.octets
        else:
            pieces += _pieces_of(seed, segment, record)
    write_all(fd, pieces, begin)


def _pieces_of(seed: int, segment: int, record: Record) -> list[bytes | memoryview]:
    """Return all octets of a record whose message is in memory."""
    content = b""
    if record.part is not None:
        content = record.part.prefix + (record.part.staged.memory or b"")
    if record.head.flags & CHUNKED:
        view = memoryview(content)
        checksums = [
            checksum_of(view[start : start + BODY_CHUNK_OCTETS])
            for start in range(0, len(content), BODY_CHUNK_OCTETS)
        ]
        trailer = pack_trailer(checksums, record.dots)
        checksum = checksum_of(trailer)
    else:
        trailer = pack_trailer((), record.dots)
        checksum = checksum_of(content + trailer if trailer else content)
    return [_head_of(seed, segment, record, checksum), record.facts, content, trailer]


def _write_long(fd: int, seed: int, segment: int, record: Record) -> None:
    """Write a record whose message is in a file; the head comes last."""
    offset = record.offset + record.head.content_offset
    checksums: list[int] = []
    for chunk in _chunks_of(record):
        write_all(fd, [chunk], offset)
        checksums.append(checksum_of(chunk))
        offset += len(chunk)
    trailer = pack_trailer(checksums, record.dots)
    write_all(fd, [trailer], offset)
    head = _head_of(seed, segment, record, checksum_of(trailer))
    write_all(fd, [head, record.facts], record.offset)


def _chunks_of(record: Record) -> Iterator[bytes]:
    """Read the message chunk by chunk, the prefix in front of it."""
    if record.part is None:
        return
    prefix, staged = record.part.prefix, record.part.staged
    size = record.head.content_octets
    for start in range(0, size, BODY_CHUNK_OCTETS):
        stop = min(start + BODY_CHUNK_OCTETS, size)
        shift = len(prefix)
        yield prefix[start:stop] + staged.read_blocking(max(start - shift, 0), max(stop - shift, 0))


def _head_of(seed: int, segment: int, record: Record, content_checksum: int) -> bytes:
    head = record.head._replace(content_checksum=content_checksum)
    return pack_head(head, place_seed(seed, segment, record.offset))
