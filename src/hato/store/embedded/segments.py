"""The files of one account's journal: their names, how one is begun, sealed and left.

Called by `journal` (begins, leaves), and by `replay`, `following`, `checkpoint`, `compaction`,
`verify`, `handles` and `snapshot`, which read.
Never truncates a file and never writes into a sealed one: what was left stays as it was left.
Standards: none.
Fails with OSError.

A segment begins with a record that tells where the one before it ends: what stands behind that
place there never happened. Who leaves a segment makes it read-only first and then begins the next,
so that one `stat` tells a reader whether a segment is still the last one and how long it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import Final, NamedTuple

import msgspec

from hato.store.embedded.record import (
    HEAD_OCTETS,
    LAST,
    Head,
    Kind,
    checksum_of,
    pack_head,
    parse_head,
    place_seed,
)
from hato.store.embedded.system import (
    OpenFile,
    open_file,
    read_exactly,
    sync_data,
    sync_folder,
    write_all,
)

_NAME: Final = re.compile(r"([0-9]{6,})\.log")


class SegmentStart(msgspec.Struct, frozen=True, array_like=True):
    """What the first record of a segment tells. Only add fields at the end, with a default."""

    account_id: str
    number: int
    previous: int
    """The segment before; 0 for none. Those between hold nothing that happened."""
    previous_end: int
    has_checkpoint: bool = False
    """Whether a checkpoint was to follow at once; it may be incomplete."""


class Link(NamedTuple):
    """A segment that counts."""

    number: int
    cut: int | None
    """Where the next one says that it ends; None: it is the last, or the next does not say."""


class Stand(NamedTuple):
    """How long a segment is now, and whether it was left."""

    octets: int
    is_sealed: bool


def segment_path(folder: str, number: int) -> str:
    """Return the path of a segment."""
    return f"{folder}/{number:06d}.log"


def list_segments(folder: str) -> list[int]:
    """Return the numbers of all segments, ascending."""
    found = (_NAME.fullmatch(name) for name in os.listdir(folder))
    return sorted(int(match[1]) for match in found if match)


def stand_of(facts: os.stat_result) -> Stand:
    """Read size and seal of what `stat` told."""
    return Stand(facts.st_size, not facts.st_mode & stat.S_IWUSR)


def seal(file: OpenFile) -> None:
    """Say that nothing will be appended any more."""
    os.fchmod(file.fd, 0o400)


def open_to_append(folder: str, number: int) -> OpenFile:
    """Open a segment to write to its end."""
    return open_file(segment_path(folder, number), os.O_RDWR)


def open_to_read(folder: str, number: int) -> OpenFile:
    """Open a segment to read messages from."""
    return open_file(segment_path(folder, number), os.O_RDONLY)


def begin_segment(folder: str, seed: int, start: SegmentStart, at: int) -> tuple[OpenFile, int]:
    """Make a segment that is durable, name included; return it and where it ends.

    Raises FileExistsError when that number is taken: a crash may have left it half made.
    """
    facts = msgspec.msgpack.encode(start)
    head = Head(
        kind=Kind.SEGMENT,
        flags=LAST,
        facts_octets=len(facts),
        prefix_octets=0,
        content_octets=0,
        dot_count=0,
        part=0,
        body_id=0,
        modseq=0,
        at=at,
        durable_end=0,
        facts_checksum=checksum_of(facts),
        content_checksum=checksum_of(b""),
    )
    record = pack_head(head, place_seed(seed, start.number, 0)) + facts
    path = segment_path(folder, start.number)
    file = open_file(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        write_all(file.fd, [record], 0)
        sync_data(file.fd)
        sync_folder(folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return file, len(record)


def chain_of(folder: str, seed: int, oldest: int = 0) -> list[Link]:
    """Return the segments that count, ascending, from `oldest` (or the first that is left) on."""
    numbers = list_segments(folder)
    links: list[Link] = []
    number, cut = (numbers[-1] if numbers else 0), None
    while number in numbers and number >= oldest:
        links.append(Link(number, cut))
        begun = read_start(open_to_read(folder, number), seed, number)
        if begun is None:  # rot, or a crash while it was made: then nothing sound follows in it
            number = max((one for one in numbers if one < number), default=0)
            cut = None
        else:
            number, cut = begun[0].previous, begun[0].previous_end
    links.reverse()
    return links


def read_start(file: OpenFile, seed: int, number: int) -> tuple[SegmentStart, int] | None:
    """Read what a segment's first record tells and where it ends; None: it has no sound one."""
    data = read_exactly(file.fd, 4096, 0)
    head = parse_head(data, place_seed(seed, number, 0))
    if head is None or head.kind != Kind.SEGMENT:
        return None
    facts = data[HEAD_OCTETS : HEAD_OCTETS + head.facts_octets]
    if checksum_of(facts) != head.facts_checksum:
        return None
    return msgspec.msgpack.decode(facts, type=SegmentStart), head.octets
