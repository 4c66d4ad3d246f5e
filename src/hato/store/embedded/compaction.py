"""Gives back the space of what is gone: a checkpoint, copies of what lives, then removal.

Called by `account` and `verify` in a thread.
Never removes a segment before all that it holds stands, durable, elsewhere; may be killed anywhere.
Standards: none.
Fails with OSError, apsw.Error, StorageFullError, InUseError while another upkeep runs.

The checkpoint holds everything but octets, so older segments are needed for messages only. Those
that hold few are emptied by copying; a reader with an old place looks the message up again.
On a full disk copying must not take the last room: those that hold least go first, each is removed
as soon as it is empty, and what does not fit stays. Where nothing lives any more nothing is copied:
that needs the room of a checkpoint only, for which even the reserve is given up.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from hato.core.errors import InUseError, StorageFullError
from hato.core.log import log
from hato.store.embedded.account_writer import AccountWriter
from hato.store.embedded.checkpoint import write_rows
from hato.store.embedded.locks import lock_path, try_lock
from hato.store.embedded.record import (
    HEAD_OCTETS,
    LAST,
    Head,
    Kind,
    Location,
    checksum_of,
    pack_head,
    parse_head,
    place_seed,
)
from hato.store.embedded.rows import Rows
from hato.store.embedded.scan import Found, is_content_sound
from hato.store.embedded.segments import list_segments, open_to_read, segment_path
from hato.store.embedded.system import OpenFile, read_exactly, sync_folder, write_all

LEAST_OCTETS: Final = 65_536
"""Less than this is not worth the writing."""

_UPKEEP: Final = "\0upkeep"
"""The lock under which segments are removed, or all of them read; nobody names hers so."""
_SPARSE_SHARE: Final = 0.7
"""A segment of which less than this lives is emptied."""
_LEAST_SHARE: Final = 0.1
_SCARCE_SPARSE_SHARE: Final = 0.9
_SCARCE_LEAST_SHARE: Final = 0.02
"""The same two where room is missing: then more writing is worth it."""
_ROW_OCTETS: Final = 200
"""About what one message takes in a checkpoint."""
_BATCH_OCTETS: Final = 8_388_608
_PIECE_OCTETS: Final = 1_048_576


class _Body(NamedTuple):
    """A message or upload whose octets are sound, and where they are."""

    body_id: int
    head: Head
    file: OpenFile
    offset: int


@contextlib.contextmanager
def upkeep_lock(folder: str) -> Iterator[None]:
    """Keep others from removing segments. Raises InUseError."""
    lock = try_lock(lock_path(folder, _UPKEEP))
    if lock is None:
        raise InUseError("another upkeep of this account is running")
    try:
        yield
    finally:
        lock.let_go()


def compact(writer: AccountWriter, at: int, least_octets: int = LEAST_OCTETS) -> int:
    """Return how many octets were won; 0 also when less than `least_octets` could be won."""
    with upkeep_lock(writer.folder):
        try:
            return _empty_sparse(writer, at, least_octets)
        finally:  # a full disk needs it most
            writer.shrink_log()


def _empty_sparse(writer: AccountWriter, at: int, least_octets: int) -> int:
    before = sum(_sizes(writer.folder).values())
    with writer.upkeep() as rows:
        sizes = _sizes(writer.folder)
        is_scarce = writer.is_room_missing()
        sparse, rows_octets = _find_sparse(rows, sizes, least_octets, is_scarce=is_scarce)
    if not sparse:
        return 0
    dead_octets = sum(sizes[number] for number, live_octets in sparse if not live_octets)
    # Without room for the emptiest of them a checkpoint alone would only take room.
    if not (
        writer.has_room_to_remove(rows_octets, dead_octets)
        if dead_octets
        else writer.has_room_to_move(rows_octets + sparse[0][1])
    ):
        raise StorageFullError("the disk is too full to copy what lives")
    first = write_checkpoint(writer, at)
    remove_empty(writer, first)
    for segment, live_octets in sparse:
        if not writer.has_room_to_move(live_octets):
            break
        while _copy_some(writer, segment, first, at):
            pass
        remove_empty(writer, first)
    won = max(before - sum(_sizes(writer.folder).values()), 0)
    log.info("compacted", account=writer.account_id, octets=won)
    return won


def _sizes(folder: str) -> dict[int, int]:
    return {
        number: os.stat(segment_path(folder, number)).st_size for number in list_segments(folder)
    }


def _find_sparse(
    rows: Rows, sizes: dict[int, int], least_octets: int, *, is_scarce: bool
) -> tuple[list[tuple[int, int]], int]:
    """Return the segments that are worth emptying, each with the octets that live in it.

    The emptiest come first; none where little would be won. Also return about how many octets a
    checkpoint takes.
    """
    found = rows.connection.execute("SELECT segment, sum(octets) FROM body GROUP BY segment")
    live: dict[int, int] = dict(found.fetchall())  # type: ignore[arg-type]  # columns are STRICT
    sparse_share = _SCARCE_SPARSE_SHARE if is_scarce else _SPARSE_SHARE
    least_share = _SCARCE_LEAST_SHARE if is_scarce else _LEAST_SHARE
    sparse = [number for number, size in sizes.items() if live.get(number, 0) < size * sparse_share]
    (count,) = rows.connection.execute("SELECT count(*) FROM email").fetchone()  # type: ignore[misc]  # there is one
    rows_octets = count * _ROW_OCTETS
    won = sum(sizes[number] - live.get(number, 0) for number in sparse) - rows_octets
    is_worth_it = won >= max(least_octets, least_share * sum(sizes.values()))
    found_sparse = sorted((live.get(number, 0), number) for number in sparse if is_worth_it)
    return [(number, octets) for octets, number in found_sparse], rows_octets


def write_checkpoint(writer: AccountWriter, at: int) -> int:
    """Begin a segment with everything that the index knows; return its number."""
    with writer.upkeep() as rows:
        rows.flush()
        writer.journal.begin_next(at, has_checkpoint=True)
        write_rows(writer.journal, rows.connection, rows.account.modseq, at)
        return writer.journal.segment


def _copy_some(writer: AccountWriter, segment: int, first: int, at: int) -> bool:
    """Copy some messages out of a segment; tell whether there may be more."""
    if segment >= first:
        return False
    with writer.upkeep() as rows:
        writer.make_room()
        copied = 0
        rows.account.ended += 1
        for body in _sound_bodies(writer, rows, segment):
            moved = _copy(writer, rows, body, at)
            sql = "UPDATE body SET segment = ?, offset = ?, octets = ? WHERE id = ?"
            rows.connection.execute(sql, (*moved, body.body_id))
            copied += moved.octets
            if copied >= _BATCH_OCTETS:
                return True
    return False


def _sound_bodies(writer: AccountWriter, rows: Rows, segment: int) -> Iterator[_Body]:
    """Yield what lives in a segment; damaged messages stay where they are."""
    sql = "SELECT id, offset FROM body WHERE segment = ? ORDER BY offset"
    found: list[Any] = rows.connection.execute(sql, (segment,)).fetchall()
    if not found:
        return
    file = open_to_read(writer.folder, segment)
    for body_id, offset in found:
        seed = place_seed(writer.journal.seed, segment, offset)
        head = parse_head(read_exactly(file.fd, HEAD_OCTETS, offset), seed)
        if head is not None and is_content_sound(file, Found(offset, head, b"")):
            yield _Body(body_id, head, file, offset)


def _copy(writer: AccountWriter, rows: Rows, body: _Body, at: int) -> Location:
    """Write a message once more, at the end of the journal, without its facts."""
    journal, old = writer.journal, body.head
    head = old._replace(
        kind=Kind.COPY,
        flags=old.flags | LAST,
        facts_octets=0,
        part=0,
        body_id=body.body_id,
        modseq=rows.account.modseq,
        at=at,
        durable_end=journal.end,
        facts_checksum=checksum_of(b""),
    )
    offset = journal.reserve(head.octets)
    write_all(
        journal.file.fd,
        [pack_head(head, place_seed(journal.seed, journal.segment, offset))],
        offset,
    )
    begin, left = body.offset + old.content_offset, head.octets - HEAD_OCTETS
    for start in range(0, left, _PIECE_OCTETS):
        piece = read_exactly(body.file.fd, min(_PIECE_OCTETS, left - start), begin + start)
        write_all(journal.file.fd, [piece], offset + HEAD_OCTETS + start)
    return Location(journal.segment, offset, head.octets)


def remove_empty(writer: AccountWriter, first: int) -> None:
    """Remove the segments before `first`, a checkpoint's, in which nothing lives."""
    with writer.upkeep() as rows:
        used = {row[0] for row in rows.connection.execute("SELECT DISTINCT segment FROM body")}
        for number in list_segments(writer.folder):
            if number < first and number not in used:
                os.unlink(segment_path(writer.folder, number))
        sync_folder(writer.folder)
