"""Checks an account: every checksum, and the index against a fresh replay of the journal.

Called by `account` in a thread.
Never changes anything unless it is asked to repair; then the damaged side is made from the sound.
Standards: none.
Fails with OSError, apsw.Error, InUseError while another upkeep of the account runs, and
DamagedError where the journal is gone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw

from hato.core.errors import DamagedError
from hato.core.ids import EmailId
from hato.store.embedded.account_writer import AccountWriter
from hato.store.embedded.checkpoint import columns_of
from hato.store.embedded.compaction import upkeep_lock, write_checkpoint
from hato.store.embedded.faults import SPOILED
from hato.store.embedded.losses import Known, find_loss, read_known, read_losses
from hato.store.embedded.record import HEAD_OCTETS, parse_head, place_seed
from hato.store.embedded.replay import INDEX, fill, holds, is_trustworthy, is_whole
from hato.store.embedded.rows import read_account
from hato.store.embedded.scan import Found, is_content_sound, scan_segment
from hato.store.embedded.schema import open_index
from hato.store.embedded.segments import chain_of, open_to_read
from hato.store.embedded.system import OpenFile, read_exactly
from hato.store.model import JournalLoss, VerifyReport

_COMPARED: Final = (
    "account mailbox email placement body thread thread_hash gone expunged removal object ledger"
    " delivered"
).split()
_LEFT_OUT: Final = {"account": ("ended",), "email": ("keywords",)}
"""Columns that may differ: `ended` only has to grow, sets of keywords are compared by names."""
_MOST_DIFFERENCES: Final = 100


def verify(writer: AccountWriter, at: int, *, repair: bool) -> VerifyReport:
    """Check the account as it stands now. Raises DamagedError where the journal is gone."""
    with upkeep_lock(writer.folder):
        report, is_journal_whole = _check(writer, at)
        if repair:
            with writer.upkeep():  # makes an index that cannot be used anew
                pass
            if report.differences and is_journal_whole:
                _rebuild(writer)
            elif report.differences:  # The index knows what the journal lost: let it say it again.
                write_checkpoint(writer, at)
        return report


def _rebuild(writer: AccountWriter) -> None:
    with writer.gate.held():
        writer.rebuild()
        writer.catch_up()


def _check(writer: AccountWriter, at: int) -> tuple[VerifyReport, bool]:
    """Look, without writing, also where an index is missing: it would be made when it is needed.

    Return also whether all of the journal can be read.
    """
    path = f"{writer.folder}/{INDEX}"
    if not (os.path.exists(path) and os.path.exists(f"{path}-wal")):  # it would not be used
        return _check_journal(writer, (), None, at)
    try:
        with contextlib.closing(open_index(path)) as live:
            live.execute("BEGIN")  # all of it is of one moment
            if not is_trustworthy(live, writer.account_id):
                return _check_journal(writer, (), None, at)
            account = read_account(live)
            until = (account.segment, account.segment_end)
            if not holds(writer.folder, writer.journal.seed, until):
                return _check_journal(writer, (), read_known(live), at)
            return _check_index(writer, live, until)
    except SPOILED as fault:
        return _check_journal(writer, (f"the index is damaged: {fault}",), None, at)


def _check_index(
    writer: AccountWriter, live: apsw.Connection, until: tuple[int, int]
) -> tuple[VerifyReport, bool]:
    """Check everything that an index tells, and the journal up to where it was applied."""
    damaged = _damaged_bodies(writer, live)
    problem = live.execute("PRAGMA quick_check(1)").fetchall()
    broken = [] if problem == [("ok",)] else [f"the index is damaged: {problem[0][0]}"]
    with _replayed(writer, until) as fresh:
        unreadable = _unreadable(writer, until)
        if not is_whole(fresh):
            unreadable.append("the beginning of the journal is gone")
        differences = [*broken, *unreadable, *_compare(live, fresh)]
    losses = tuple(read_losses(live).values())
    return _report(writer, live, damaged, differences, losses), not unreadable


def _check_journal(
    writer: AccountWriter, said: tuple[str, ...], known: Known | None, at: int
) -> tuple[VerifyReport, bool]:
    """Check the journal where no index can be used; `known`: what one knew that is ahead of it."""
    with _replayed(writer, None) as fresh:
        if not is_whole(fresh):
            raise DamagedError("the journal, or its beginning, is gone")
        account = read_account(fresh)
        unreadable = _unreadable(writer, (account.segment, account.segment_end))
        losses = list(read_losses(fresh).values())
        loss = None if known is None else find_loss(known, fresh, at)
        if loss is not None:
            losses.append(loss)
        damaged = _damaged_bodies(writer, fresh)
        report = _report(writer, fresh, damaged, [*said, *unreadable], tuple(losses))
        return report, not unreadable


@contextlib.contextmanager
def _replayed(writer: AccountWriter, until: tuple[int, int] | None) -> Iterator[apsw.Connection]:
    """Replay the journal into a temporary index."""
    fresh = apsw.Connection("")
    try:
        fill(fresh, writer.folder, writer.account_id, until)
        yield fresh
    finally:
        fresh.close()


def _report(
    writer: AccountWriter,
    index: apsw.Connection,
    damaged: set[int],
    differences: Sequence[str],
    losses: tuple[JournalLoss, ...],
) -> VerifyReport:
    emails, octets = index.execute("SELECT count(*), coalesce(sum(size), 0) FROM email").fetchone()  # type: ignore[misc]  # there is one row
    rows = index.execute("SELECT id, body FROM email ORDER BY id")
    hurt = tuple(EmailId(row[0]) for row in rows if row[1] in damaged)
    kept = tuple(differences[:_MOST_DIFFERENCES])
    return VerifyReport(writer.account_id, emails, octets, hurt, kept, losses)


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


def _compare(live: apsw.Connection, fresh: apsw.Connection) -> list[str]:
    """Say where two indexes differ."""
    return [
        difference
        for table in _COMPARED
        for difference in _differences(table, _rows(live, table), _rows(fresh, table))
    ]


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
