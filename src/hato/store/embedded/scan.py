"""Finds the records of a segment again, however it was left: whole, torn, or with damage inside.

Called by `replay`, `following`, `checkpoint`, `compaction` and `verify`.
Never changes a file; never believes a record whose head or facts fail their checksum.
Standards: none.
Fails with OSError.

What stands before a *proven* place was on the disk when somebody said so; damage there is rot, and
a message whose octets rotted stays a message (reading it fails). What stands behind it may have
been cut by a crash: there a commit counts only when all of its octets are sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.embedded.record import (
    CHUNKED,
    HEAD_OCTETS,
    LAST,
    MAGIC,
    Head,
    Kind,
    Location,
    checksum_of,
    parse_head,
    parse_trailer,
    place_seed,
)
from hato.store.embedded.system import OpenFile, read_exactly

_WINDOW: Final = 1024
"""Octets read for a head; facts mostly fit."""
_SEARCH_OCTETS: Final = 1_048_576


class Found(NamedTuple):
    """A record with a sound head."""

    offset: int
    head: Head
    facts: bytes | None
    """None: they are damaged."""


class Scanned(NamedTuple):
    """What a segment holds from some place on."""

    records: list[Found]
    gaps: list[tuple[int, int]]
    """Where nothing sound was found."""
    end: int
    """Behind the last sound record."""
    size: int

    @property
    def proven(self) -> int:
        """Up to where later records prove that everything was on the disk."""
        return max((record.head.durable_end for record in self.records), default=0)


class Step(NamedTuple):
    """One commit as it stands in the journal."""

    kind: Kind
    modseq: int
    at: int
    facts: bytes | None
    """None: they are lost."""
    bodies: dict[int, Location]
    end: int
    """Where the next record may begin."""


def scan_segment(file: OpenFile, seed: int, number: int, start: int, stop: int) -> Scanned:
    """Find all records between `start` and `stop`; after damage go on at the next sound head."""
    records: list[Found] = []
    gaps: list[tuple[int, int]] = []
    offset = end = start
    while offset < stop:
        found = _record_at(file, seed, number, offset, stop)
        if found is None:
            following = _find_head(file, seed, number, offset + 1, stop)
            gaps.append((offset, following))
            offset = following
            continue
        records.append(found)
        offset = end = offset + found.head.octets
    return Scanned(records, gaps, end, stop)


def first_records(file: OpenFile, seed: int, number: int, start: int, stop: int) -> Iterator[Found]:
    """Yield the records from `start` on, up to the first that is not sound."""
    offset = start
    while offset < stop:
        found = _record_at(file, seed, number, offset, stop)
        if found is None:
            return
        yield found
        offset += found.head.octets


def _record_at(file: OpenFile, seed: int, number: int, offset: int, stop: int) -> Found | None:
    data = read_exactly(file.fd, min(_WINDOW, stop - offset), offset)
    head = parse_head(data, place_seed(seed, number, offset))
    if head is None or offset + head.octets > stop:
        return None
    facts = data[HEAD_OCTETS : head.content_offset]
    if len(facts) < head.facts_octets:
        facts = read_exactly(file.fd, head.facts_octets, offset + HEAD_OCTETS)
    is_sound = checksum_of(facts) == head.facts_checksum
    return Found(offset, head, facts if is_sound else None)


def _find_head(file: OpenFile, seed: int, number: int, offset: int, stop: int) -> int:
    """Return where the next sound record begins, or `stop`."""
    while offset < stop:
        data = read_exactly(file.fd, min(_SEARCH_OCTETS, stop - offset), offset)
        position = data.find(MAGIC)
        while position >= 0:
            if _record_at(file, seed, number, offset + position, stop) is not None:
                return offset + position
            position = data.find(MAGIC, position + 1)
        if len(data) <= HEAD_OCTETS:
            return stop
        offset += len(data) - len(MAGIC) + 1
    return stop


def _is_sound(file: OpenFile, found: Found) -> bool:
    return found.facts is not None and is_content_sound(file, found)


def is_content_sound(file: OpenFile, found: Found) -> bool:
    """Read a record's content and trailer and check them."""
    head, start = found.head, found.offset + found.head.content_offset
    trailer = read_exactly(file.fd, head.trailer_octets, start + head.content_octets)
    if not head.flags & CHUNKED:
        content = read_exactly(file.fd, head.content_octets, start)
        return checksum_of(content + trailer) == head.content_checksum
    if checksum_of(trailer) != head.content_checksum:
        return False
    checksums, _dots = parse_trailer(head, trailer)
    for chunk, checksum in enumerate(checksums):
        begin = chunk * BODY_CHUNK_OCTETS
        size = min(BODY_CHUNK_OCTETS, head.content_octets - begin)
        if checksum_of(read_exactly(file.fd, size, start + begin)) != checksum:
            return False
    return True


def steps_of(
    file: OpenFile, number: int, scanned: Scanned, cut: int | None
) -> tuple[list[Step], int]:
    """Return the commits that count, in order, and where the last thing that counts ends.

    `cut` is where a later segment says that this one ends.
    """
    proven = max(scanned.proven, cut or 0)
    steps: list[Step] = []
    parts: list[Found] = []
    end = 0
    for found in scanned.records:
        head = found.head
        if cut is not None and found.offset >= cut:
            break
        if head.kind not in {Kind.COMMIT, Kind.COPY}:
            end = found.offset + head.octets
            continue
        if head.part == 0 or (parts and parts[0].head.modseq != head.modseq):
            parts = []
        is_proven = found.offset < proven
        if is_proven or (head.part == len(parts) and _is_sound(file, found)):
            parts.append(found)
        if head.flags & LAST:
            if is_proven or len(parts) == head.part + 1:
                steps.append(_step_of(number, found, parts))
                end = found.offset + head.octets
            parts = []
    return steps, end


def _step_of(number: int, last: Found, parts: list[Found]) -> Step:
    head = last.head
    bodies = {
        part.head.body_id: Location(number, part.offset, part.head.octets)
        for part in parts
        if part.head.body_id
    }
    end = last.offset + head.octets
    return Step(Kind(head.kind), head.modseq, head.at, last.facts, bodies, end)
