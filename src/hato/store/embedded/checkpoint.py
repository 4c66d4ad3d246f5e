"""The whole index as records: where a replay can begin, so that older segments may go.

Called by `compaction` and `losses` (write), `replay` (finds, loads), `verify` (compares indexes).
Never holds anything that an index does not; an incomplete checkpoint counts for nothing.
Standards: none.
Fails with OSError and apsw.Error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from hato.store.embedded.journal import Journal
from hato.store.embedded.record import (
    HEAD_OCTETS,
    LAST,
    Head,
    Kind,
    checksum_of,
    pack_head,
    place_seed,
)
from hato.store.embedded.scan import Found, first_records
from hato.store.embedded.segments import Link, open_to_read, read_start
from hato.store.embedded.system import OpenFile, read_exactly, write_all

TABLES: Final = (
    "account mailbox email placement body keyword_set thread thread_hash gone expunged removal"
    " object ledger delivered"
).split()
_ROWS_PER_RECORD: Final = 2_000


class TableRows(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one table as a record holds them; columns have names, so that they may change."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Checkpoint(NamedTuple):
    """A complete checkpoint."""

    segment: int
    file: OpenFile
    places: list[tuple[int, int]]
    """Where each record's facts begin, and how long they are."""

    def contents(self) -> Iterator[TableRows]:
        """Read what the records hold, one after the other: all of it may be large."""
        for offset, octets in self.places:
            facts = read_exactly(self.file.fd, octets, offset)
            yield msgspec.msgpack.decode(facts, type=TableRows)


def dump(connection: apsw.Connection) -> Iterator[TableRows]:
    """Yield everything in an index, table by table, some rows at a time."""
    for table in TABLES:
        columns = columns_of(connection, table)
        sql = f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2"  # noqa: S608 - names of ours
        rows: list[tuple[Any, ...]] = []
        for row in connection.execute(sql):
            rows.append(row)
            if len(rows) == _ROWS_PER_RECORD:
                yield TableRows(table, columns, tuple(rows))
                rows = []
        if rows:
            yield TableRows(table, columns, tuple(rows))


def columns_of(connection: apsw.Connection, table: str) -> tuple[str, ...]:
    """Return the names of a table's columns, in their order."""
    found = connection.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,))
    return tuple(row[0] for row in found)


def write_rows(journal: Journal, connection: apsw.Connection, modseq: int, at: int) -> None:
    """Write everything in an index behind the start of a segment that is to hold it; no sync."""
    for part, (facts, is_last) in enumerate(_contents(connection)):
        offset = journal.reserve(HEAD_OCTETS + len(facts))
        head = Head(
            kind=Kind.CHECKPOINT,
            flags=LAST if is_last else 0,
            facts_octets=len(facts),
            prefix_octets=0,
            content_octets=0,
            dot_count=0,
            part=part,
            body_id=0,
            modseq=modseq,
            at=at,
            durable_end=0,
            facts_checksum=checksum_of(facts),
            content_checksum=checksum_of(b""),
        )
        packed = pack_head(head, place_seed(journal.seed, journal.segment, offset))
        write_all(journal.file.fd, [packed, facts], offset)


def _contents(connection: apsw.Connection) -> Iterator[tuple[bytes, bool]]:
    """Yield what each record holds, and whether it is the last; all of it may be large."""
    waiting = dump(connection)
    following = next(waiting, None)
    while following is not None:
        facts, following = encode_rows(following), next(waiting, None)
        yield facts, following is None


def encode_rows(rows: TableRows) -> bytes:
    """Return what a record holds."""
    return msgspec.msgpack.encode(rows)


def find_checkpoint(
    folder: str, seed: int, links: Sequence[Link], until: tuple[int, int] | None
) -> Checkpoint | None:
    """Find the last complete checkpoint, not beyond `until` (a segment's number and an end)."""
    for link in reversed(links):
        if until is not None and link.number > until[0]:
            continue
        file = open_to_read(folder, link.number)
        begun = read_start(file, seed, link.number)
        if begun is None or not begun[0].has_checkpoint:
            continue
        stop = os.fstat(file.fd).st_size
        for end in (link.cut, until[1] if until and until[0] == link.number else None):
            stop = stop if end is None else min(stop, end)
        places = _complete(first_records(file, seed, link.number, begun[1], stop))
        if places is not None:
            return Checkpoint(link.number, file, places)
    return None


def _complete(records: Iterable[Found]) -> list[tuple[int, int]] | None:
    """Return where facts stand if the records begin with a whole checkpoint; read no further."""
    places: list[tuple[int, int]] = []
    for number, found in enumerate(records):
        head = found.head
        if head.kind != Kind.CHECKPOINT or head.part != number or found.facts is None:
            return None
        places.append((found.offset + HEAD_OCTETS, head.facts_octets))
        if head.flags & LAST:
            return places
    return None


def load_checkpoint(connection: apsw.Connection, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's rows into an index in which nothing has happened."""
    connection.execute("DELETE FROM account; DELETE FROM keyword_set")
    for rows in checkpoint.contents():
        if rows.table not in TABLES:
            continue
        known = columns_of(connection, rows.table)
        kept = [number for number, name in enumerate(rows.columns) if name in known]
        names = ", ".join(rows.columns[number] for number in kept)
        places = ", ".join("?" * len(kept))
        connection.executemany(
            f"INSERT INTO {rows.table}({names}) VALUES({places})",
            ([row[number] for number in kept] for row in rows.rows),
        )
