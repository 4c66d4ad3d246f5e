"""Checks an account: every checksum, and the index against a fresh replay of the journal.

Called by `account` in a thread.
Never changes anything unless it is asked to repair; then the damaged side is made from the sound.
Standards: none.
Fails with OSError, apsw.Error, InUseError while another upkeep of the account runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import apsw

from hato.core.ids import EmailId
from hato.store.embedded.account_writer import AccountWriter
from hato.store.embedded.checkpoint import columns_of
from hato.store.embedded.compaction import upkeep_lock, write_checkpoint
from hato.store.embedded.faults import SPOILED
from hato.store.embedded.record import HEAD_OCTETS, parse_head, place_seed
from hato.store.embedded.replay import INDEX, fill
from hato.store.embedded.rows import read_account
from hato.store.embedded.scan import Found, is_content_sound, scan_segment
from hato.store.embedded.schema import open_index
from hato.store.embedded.segments import chain_of, open_to_read
from hato.store.embedded.system import OpenFile, read_exactly
from hato.store.model import VerifyReport

_COMPARED: Final = (
    "account mailbox email placement body thread thread_hash gone expunged removal object ledger"
    " delivered"
).split()
_LEFT_OUT: Final = {"account": ("ended",), "email": ("keywords",)}
"""Columns that may differ: `ended` only has to grow, sets of keywords are compared by names."""
_MOST_DIFFERENCES: Final = 100


def verify(writer: AccountWriter, at: int, *, repair: bool) -> VerifyReport:
    """Check the account as it stands now."""
    with upkeep_lock(writer.folder):
        try:
            report, is_journal_whole = _check(writer)
        except SPOILED as fault:
            if repair:
                _rebuild(writer)
                report, _whole = _check(writer)
            else:
                report = VerifyReport(writer.account_id, 0, 0, (), ())
            damage = f"the index is damaged: {fault}"
            return VerifyReport(
                writer.account_id, report.emails, report.octets, report.damaged, (damage,)
            )
        if repair and report.differences:
            if is_journal_whole:
                _rebuild(writer)
            else:  # The index knows what the journal lost: let the journal say it again.
                write_checkpoint(writer, at)
        return report


def _rebuild(writer: AccountWriter) -> None:
    with writer.gate.held():
        writer.rebuild()
        writer.catch_up()


def _check(writer: AccountWriter) -> tuple[VerifyReport, bool]:
    with writer.upkeep():
        pass
    live = open_index(f"{writer.folder}/{INDEX}")
    try:
        with live:
            account = read_account(live)
            until = (account.segment, account.segment_end)
            damaged = _damaged_bodies(writer, live)
            unreadable = _unreadable(writer, until)
            problem = live.execute("PRAGMA quick_check(1)").fetchall()
            broken = [] if problem == [("ok",)] else [f"the index is damaged: {problem[0][0]}"]
            differences = [*broken, *unreadable, *_compare(writer, live, until)]
            emails, octets = live.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM email"
            ).fetchone()  # type: ignore[misc]  # there is one row
            hurt = live.execute("SELECT id, body FROM email ORDER BY id")
            ids = tuple(EmailId(row[0]) for row in hurt if row[1] in damaged)
    finally:
        live.close()
    kept = tuple(differences[:_MOST_DIFFERENCES])
    return VerifyReport(writer.account_id, emails, octets, ids, kept), not unreadable


def _damaged_bodies(writer: AccountWriter, live: apsw.Connection) -> set[int]:
    """Return the ids of messages and uploads whose octets are not what was written."""
    damaged: set[int] = set()
    file: OpenFile | None = None
    opened = 0
    sql = "SELECT id, segment, offset, octets FROM body ORDER BY segment, offset"
    for body_id, segment, offset, octets in live.execute(sql):
        if segment != opened:
            try:
                file = open_to_read(writer.folder, segment)
            except FileNotFoundError:
                file = None
            opened = segment
        if file is None or not _is_sound(writer, file, segment, offset, octets, body_id):
            damaged.add(body_id)
    return damaged


def _is_sound(
    writer: AccountWriter, file: OpenFile, segment: int, offset: int, octets: int, body_id: int
) -> bool:
    seed = place_seed(writer.journal.seed, segment, offset)
    head = parse_head(read_exactly(file.fd, HEAD_OCTETS, offset), seed)
    if head is None or head.body_id != body_id or head.octets != octets:
        return False
    return is_content_sound(file, Found(offset, head, b""))


def _unreadable(writer: AccountWriter, until: tuple[int, int]) -> list[str]:
    """Say where the journal lost something that had happened."""
    found: list[str] = []
    for link in chain_of(writer.folder, writer.journal.seed):
        if link.number > until[0]:
            break
        file = open_to_read(writer.folder, link.number)
        stop = os.fstat(file.fd).st_size if link.cut is None else link.cut
        if link.number == until[0]:
            stop = until[1]
        scanned = scan_segment(file, writer.journal.seed, link.number, 0, stop)
        found += [
            f"segment {link.number}: octets {start} to {end} are damaged"
            for start, end in scanned.gaps
        ]
        found += [
            f"segment {link.number}: what happened in step {one.head.modseq} is damaged"
            for one in scanned.records
            if one.facts is None
        ]
    return found


def _compare(writer: AccountWriter, live: apsw.Connection, until: tuple[int, int]) -> list[str]:
    """Replay the journal into a temporary index, and say where the two differ."""
    fresh = apsw.Connection("")
    try:
        fill(fresh, writer.folder, writer.account_id, until)
        return [
            difference
            for table in _COMPARED
            for difference in _differences(table, _rows(live, table), _rows(fresh, table))
        ]
    finally:
        fresh.close()


def _rows(connection: apsw.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    columns = [
        f"{table}.{name}"
        for name in columns_of(connection, table)
        if name not in _LEFT_OUT.get(table, ())
    ]
    joined = ""
    if table == "email":
        columns.append("keyword_set.names")
        joined = " LEFT JOIN keyword_set ON keyword_set.id = email.keywords"
    order = ", ".join(str(number + 1) for number in range(min(len(columns), 3)))
    sql = f"SELECT {', '.join(columns)} FROM {table}{joined} ORDER BY {order}"  # noqa: S608 - names of ours
    yield from connection.execute(sql)


def _differences(
    table: str, live: Iterator[tuple[Any, ...]], fresh: Iterator[tuple[Any, ...]]
) -> Iterator[str]:
    only_live, only_fresh = set[tuple[Any, ...]](), set[tuple[Any, ...]]()
    for mine, its in _side_by_side(live, fresh):
        if mine == its:
            continue
        if mine is not None:
            only_live.add(mine)
        if its is not None:
            only_fresh.add(its)
    for row in sorted(only_live - only_fresh, key=repr):
        yield f"{table}: only the index has {row!r}"
    for row in sorted(only_fresh - only_live, key=repr):
        yield f"{table}: only the journal has {row!r}"


def _side_by_side(
    live: Iterator[tuple[Any, ...]], fresh: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]]:
    while True:
        mine, its = next(live, None), next(fresh, None)
        if mine is None and its is None:
            return
        yield mine, its
