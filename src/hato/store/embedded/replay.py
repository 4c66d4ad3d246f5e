"""Brings the index to where the journal is, or makes it anew.

Called by `account_writer` under the account's gate, and by `verify`.
Never believes what may not be on the disk: it syncs what it is about to apply.
Standards: none.
Fails with OSError, apsw.Error, StaleIndexError when index and journal do not belong together, and
DamagedError where so much of the journal is gone that no index can be made from it.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

import apsw
import msgspec

from hato.core.errors import DamagedError
from hato.core.ids import AccountId
from hato.store.changes import Fact
from hato.store.embedded.apply import Applier
from hato.store.embedded.checkpoint import find_checkpoint, load_checkpoint
from hato.store.embedded.record import Kind, account_seed
from hato.store.embedded.rows import Rows, new_account_row
from hato.store.embedded.scan import Scanned, Step, scan_segment, steps_of
from hato.store.embedded.schema import ACCOUNT_COLUMNS, FORMAT, make_tables, open_index
from hato.store.embedded.segments import Link, chain_of, open_to_read
from hato.store.embedded.system import OpenFile, give_to_owner, sync_data, sync_folder
from hato.store.resolve import INBOX_ID

_FACTS: Final = msgspec.msgpack.Decoder(tuple[Fact, ...])
INDEX: Final = "index.db"
_NEW: Final = "index.new"
_BESIDE: Final = ("-wal", "-shm", "-journal")


class StaleIndexError(Exception):
    """The index holds what the journal does not: it must be made anew."""


def catch_up(rows: Rows, folder: str, seed: int, until: tuple[int, int] | None = None) -> bool:
    """Apply what the index lacks. Return whether the last segment must be left.

    It must when something that does not count stands behind its end, or when it was sealed.
    `until`: a segment's number and an end behind which nothing counts.
    """
    account = rows.account
    links = chain_of(folder, seed, account.segment)
    if until is not None:
        number, end = until
        links = [
            Link(link.number, end) if link.number == number else link
            for link in links
            if link.number <= number
        ]
    if not links or links[0].number != account.segment:
        raise StaleIndexError
    must_leave = False
    for link in links:
        start = account.segment_end if link.number == account.segment else 0
        if link.cut is not None and link.cut < start:
            raise StaleIndexError
        must_leave = _apply_segment(rows, folder, seed, link, start)
    return must_leave


def _apply_segment(rows: Rows, folder: str, seed: int, link: Link, start: int) -> bool:
    file = open_to_read(folder, link.number)
    facts = os.fstat(file.fd)
    size = facts.st_size
    if size < start:
        raise StaleIndexError
    end = start
    if size > start:
        sync_data(file.fd)
        scanned = scan_segment(file, seed, link.number, start, size)
        end = max(_apply_scanned(rows, file, link, scanned), start)
    rows.account.segment = link.number
    rows.account.segment_end = end
    return end == 0 or end < size or not facts.st_mode & 0o200


def _apply_scanned(rows: Rows, file: OpenFile, link: Link, scanned: Scanned) -> int:
    steps, end = steps_of(file, link.number, scanned, link.cut)
    for step in steps:
        apply_step(rows, step)
    return end


def apply_step(rows: Rows, step: Step) -> None:
    """Let a commit of the journal have happened, unless it has already."""
    if step.kind is Kind.COPY:
        rows.account.ended += 1
        sql = "UPDATE body SET segment = ?, offset = ?, octets = ? WHERE id = ?"
        for body_id, place in step.bodies.items():
            rows.connection.execute(sql, (*place, body_id))
    elif step.modseq > rows.account.modseq:
        facts = _FACTS.decode(step.facts) if step.facts is not None else ()
        Applier(rows, step.modseq, step.at, step.bodies).apply(facts)


def rebuild(folder: str, account_id: AccountId) -> None:
    """Make the index anew from the journal; the old file, if any, is replaced.

    Raises DamagedError where the journal's beginning is gone; then everything stays as it is, so
    that files which are put back count again.
    """
    _discard(folder, _NEW)
    path = f"{folder}/{_NEW}"
    connection = open_index(path, make=True)
    try:
        connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
        fill(connection, folder, account_id)
        if not is_whole(connection):
            raise DamagedError("the journal, or its beginning, is gone")
    except BaseException:
        connection.close()
        _discard(folder, _NEW)
        raise
    connection.close()
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync_data(fd)
    finally:
        os.close(fd)
    give_to_owner(path)
    _discard(folder, INDEX)
    os.rename(path, f"{folder}/{INDEX}")
    sync_folder(folder)
    connection = open_index(f"{folder}/{INDEX}")
    connection.pragma("journal_mode", "wal")
    connection.close()


def fill(
    connection: apsw.Connection,
    folder: str,
    account_id: AccountId,
    until: tuple[int, int] | None = None,
) -> None:
    """Replay the whole journal into an empty file, or up to a segment's number and an end."""
    seed = account_seed(account_id)
    make_tables(connection)
    columns = new_account_row().columns()
    connection.execute(
        f"INSERT INTO account(one, account_id, {ACCOUNT_COLUMNS})"
        f" VALUES(1, ?, {', '.join('?' * len(columns))})",
        (account_id, *columns),
    )
    with connection:
        links = chain_of(folder, seed)
        found = find_checkpoint(folder, seed, links, until)
        if found is not None:
            links = [link for link in links if link.number >= found.segment]
            load_checkpoint(connection, found)
        rows = Rows(connection)
        for link in links:
            if until is not None and link.number > until[0]:
                break
            if until is not None and link.number == until[0]:
                link = Link(link.number, until[1])  # noqa: PLW2901 - no further than asked for
            _apply_segment(rows, folder, seed, link, 0)
        rows.flush()


def is_whole(connection: apsw.Connection) -> bool:
    """Tell whether the journal that was replayed had its beginning: the INBOX, which never goes."""
    sql = "SELECT 1 FROM mailbox WHERE id = ?"
    return connection.execute(sql, (INBOX_ID,)).fetchone() is not None


def is_trustworthy(connection: apsw.Connection, account_id: AccountId) -> bool:
    """Tell whether an index that was just opened is of our format and of this account."""
    if connection.pragma("user_version") != FORMAT:
        return False
    row = connection.execute("SELECT account_id FROM account").fetchone()
    return row is not None and row[0] == account_id


def _discard(folder: str, name: str) -> None:
    for suffix in ("", *_BESIDE):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/{name}{suffix}")
