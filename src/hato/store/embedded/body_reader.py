"""Reads messages from segments: one read for a small one, checked ranges of a large one.

Called by `account`.
Never returns an octet that was not checked against its checksum, nor another message's.
Standards: RFC 1939 §3 (dots).
Fails with DamagedError; with OSError, of which FileNotFoundError says: moved or purged.
"""

from __future__ import annotations

import bisect
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from hato.core.errors import DamagedError
from hato.core.ids import AccountId, BodyId
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.embedded.dots import find_dots
from hato.store.embedded.handles import SegmentFiles
from hato.store.embedded.record import (
    CHUNKED,
    DENSE,
    HEAD_OCTETS,
    Head,
    Location,
    account_seed,
    checksum_of,
    find_small_content,
    parse_dots,
    parse_head,
    parse_trailer,
    place_seed,
)
from hato.store.embedded.system import OpenFile, read_ahead, read_cached, read_exactly
from hato.store.model import Piece

_SMALL_OCTETS: Final = BODY_CHUNK_OCTETS + 65_536
"""A record up to this size is read at once."""
_AHEAD_OCTETS: Final = 4_194_304
_LAYOUTS: Final = 256


class Layout(NamedTuple):
    """Where the chunks of a large message are, and what they must be."""

    content_offset: int
    """In the segment."""
    size_octets: int
    checksums: Sequence[int]
    dots: Sequence[int] | None
    """None: look for them."""


class BodyReader:
    """Reads one account's messages, given where their records stand."""

    def __init__(
        self,
        folder: str,
        account_id: AccountId,
        files: SegmentFiles,
        layouts: OrderedDict[tuple[str, int, int], Layout],
    ) -> None:
        """Share open files and layouts with the other accounts."""
        self._folder = folder
        self._seed = account_seed(account_id)
        self._files = files
        self._layouts = layouts

    def read_now(self, body_id: BodyId, place: Location, start: int, stop: int) -> Piece | None:
        """Return octets if they are in memory, else None."""
        segment, offset, octets = place
        if not octets:
            raise DamagedError("the journal lost the message")
        file = self._files.get(self._folder, segment)
        if octets > _SMALL_OCTETS:
            return self._read_range(file, body_id, place, start, stop, may_wait=False)
        record = memoryview(bytearray(octets))
        if not read_cached(file.fd, record, offset):
            return None
        return self._cut(record, body_id, place, start, stop)

    def read(self, body_id: BodyId, place: Location, start: int, stop: int) -> Piece:
        """Return octets; waits for the disk and asks for what follows."""
        segment, offset, octets = place
        if not octets:
            raise DamagedError("the journal lost the message")
        file = self._files.get(self._folder, segment)
        read_ahead(file.fd, _AHEAD_OCTETS, offset + (start if octets > _SMALL_OCTETS else 0))
        if octets > _SMALL_OCTETS:
            piece = self._read_range(file, body_id, place, start, stop, may_wait=True)
            if piece is None:
                raise DamagedError("the message could not be read")
            return piece
        record = memoryview(read_exactly(file.fd, octets, offset))
        return self._cut(record, body_id, place, start, stop)

    def _cut(
        self, record: memoryview, body_id: BodyId, place: Location, start: int, stop: int
    ) -> Piece:
        """Check a whole record and return a part of its message."""
        seed = place_seed(self._seed, place[0], place[1])
        found = find_small_content(record, seed, body_id)
        if found is None:
            return self._cut_chunked(record, body_id, place, start, stop)
        begin, end, flags, dot_count = found
        dots: Sequence[int] | None = parse_dots(record[end:]) if dot_count else ()
        if flags & DENSE:
            dots = None
        return _piece_of(record[begin:end], 0, start, stop, dots)

    def _cut_chunked(
        self, record: memoryview, body_id: BodyId, place: Location, start: int, stop: int
    ) -> Piece:
        """Do the same for a record of more than one chunk that was read whole."""
        head = parse_head(record, place_seed(self._seed, place.segment, place.offset))
        if head is None or head.body_id != body_id or len(record) != head.octets:
            raise DamagedError("the message's record is damaged")
        if not head.flags & CHUNKED:
            raise DamagedError("the message is damaged")
        begin = head.content_offset
        end = begin + head.content_octets
        layout = _layout_of(head, place, record[end:])
        _check_chunks(record[begin:end], layout.checksums)
        return _piece_of(record[begin:end], 0, start, stop, layout.dots)

    def _read_range(
        self,
        file: OpenFile,
        body_id: BodyId,
        place: Location,
        start: int,
        stop: int,
        *,
        may_wait: bool,
    ) -> Piece | None:
        layout = self._layout(file, body_id, place, may_wait=may_wait)
        if layout is None:
            return None
        stop = min(stop, layout.size_octets)
        if start >= stop:
            return Piece(b"", ())
        # Where dots are looked for, what stands before a range decides whether a line begins.
        first = (max(start - 2, 0) if layout.dots is None else start) // BODY_CHUNK_OCTETS
        begin = first * BODY_CHUNK_OCTETS
        end = min(-(-stop // BODY_CHUNK_OCTETS) * BODY_CHUNK_OCTETS, layout.size_octets)
        offset = layout.content_offset + begin
        buffer: bytes | bytearray
        if may_wait:
            buffer = read_exactly(file.fd, end - begin, offset)
        else:
            buffer = bytearray(end - begin)
            if not read_cached(file.fd, memoryview(buffer), offset):
                return None
        view = memoryview(buffer)
        _check_chunks(view, layout.checksums[first : -(-end // BODY_CHUNK_OCTETS)])
        return _piece_of(view, begin, start, stop, layout.dots)

    def _layout(
        self, file: OpenFile, body_id: BodyId, place: Location, *, may_wait: bool
    ) -> Layout | None:
        key = (self._folder, place.segment, place.offset)
        layout = self._layouts.get(key)
        if layout is not None:
            return layout
        if not may_wait:
            return None
        head = parse_head(
            read_exactly(file.fd, HEAD_OCTETS, place.offset),
            place_seed(self._seed, place.segment, place.offset),
        )
        if head is None or head.body_id != body_id or head.octets != place.octets:
            raise DamagedError("the message's record is damaged")
        end = place.offset + head.content_offset + head.content_octets
        trailer = read_exactly(file.fd, head.trailer_octets, end)
        layout = self._layouts[key] = _layout_of(head, place, trailer)
        while len(self._layouts) > _LAYOUTS:
            self._layouts.popitem(last=False)
        return layout


def _layout_of(head: Head, place: Location, trailer: bytes | memoryview) -> Layout:
    if checksum_of(trailer) != head.content_checksum:
        raise DamagedError("the message's record is damaged")
    checksums, dots = parse_trailer(head, trailer)
    return Layout(
        place.offset + head.content_offset,
        head.content_octets,
        checksums,
        None if head.flags & DENSE else dots,
    )


def _check_chunks(view: memoryview, checksums: Sequence[int]) -> None:
    for number, checksum in enumerate(checksums):
        start = number * BODY_CHUNK_OCTETS
        if checksum_of(view[start : start + BODY_CHUNK_OCTETS]) != checksum:
            raise DamagedError("the message is damaged")


def _piece_of(
    octets: memoryview, base: int, start: int, stop: int, dots: Sequence[int] | None
) -> Piece:
    """Return a range of a message of which `octets` begin at `base`; None for dots: look for them.

    Then the two octets before the range must be there too: they tell whether a line begins.
    """
    data = bytes(octets[start - base : stop - base])
    if dots is None:
        before = bytes(octets[max(start - 2, 0) - base : start - base]) if start else b"\r\n"
        return Piece(data, find_dots(before + data, -len(before)))
    return Piece(data, _between(dots, start, stop))


def _between(dots: Sequence[int], start: int, stop: int) -> Sequence[int]:
    """Return those dots that lie in a range, as offsets from its beginning."""
    if not dots:
        return ()
    first, last = bisect.bisect_left(dots, start), bisect.bisect_left(dots, stop)
    return [dot - start for dot in dots[first:last]] if start else dots[first:last]
