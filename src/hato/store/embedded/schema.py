"""The index of one account: its tables, and how its file is opened.

Called by `replay`, `account_writer`, `account`, `verify`, and by `handles` for the loop.
Never is the truth: another FORMAT, or damage, means that the file is made anew from the journal.
Standards: none.
Fails with apsw.Error.
"""

from __future__ import annotations

import ctypes
from typing import Final

import apsw

FORMAT: Final = 2
"""Raise it with every change of the tables: then each index is made anew."""

SCHEMA: Final = """
CREATE TABLE account(
  one INTEGER PRIMARY KEY CHECK(one = 1), account_id TEXT NOT NULL,
  modseq INTEGER NOT NULL, next_id INTEGER NOT NULL, next_mailbox INTEGER NOT NULL,
  next_uidvalidity INTEGER NOT NULL, used_octets INTEGER NOT NULL, used_count INTEGER NOT NULL,
  held_octets INTEGER NOT NULL, quota_octets INTEGER, quota_count INTEGER, floor INTEGER NOT NULL,
  segment INTEGER NOT NULL, segment_end INTEGER NOT NULL, -- applied up to here
  ended INTEGER NOT NULL -- grows whenever octets end or move: hints from before are looked up again
) STRICT;
CREATE TABLE mailbox(
  id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL, role TEXT,
  is_subscribed INTEGER NOT NULL, sort_order INTEGER NOT NULL, uidvalidity INTEGER NOT NULL,
  uidnext INTEGER NOT NULL, total INTEGER NOT NULL, unseen INTEGER NOT NULL,
  octets INTEGER NOT NULL, created INTEGER NOT NULL, modseq INTEGER NOT NULL,
  UNIQUE(parent, name)
) STRICT;
CREATE TABLE email(
  id INTEGER PRIMARY KEY, thread INTEGER NOT NULL, body INTEGER NOT NULL, size INTEGER NOT NULL,
  traits INTEGER NOT NULL, received INTEGER NOT NULL, keywords INTEGER NOT NULL,
  uidl TEXT, source TEXT, created INTEGER NOT NULL, modseq INTEGER NOT NULL,
  held_until INTEGER, last_mailbox INTEGER -- both only while it lies nowhere
) STRICT;
CREATE INDEX email_modseq ON email(modseq);
CREATE INDEX email_held ON email(held_until) WHERE held_until IS NOT NULL;
CREATE INDEX email_received ON email(received) WHERE held_until IS NULL;
CREATE UNIQUE INDEX email_uidl ON email(uidl) WHERE uidl IS NOT NULL;
CREATE TABLE placement(
  mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, email INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL, PRIMARY KEY(mailbox, uid)
) WITHOUT ROWID, STRICT;
CREATE INDEX placement_email ON placement(email);
CREATE TABLE body(
  id INTEGER PRIMARY KEY, size INTEGER NOT NULL,
  segment INTEGER NOT NULL, offset INTEGER NOT NULL, octets INTEGER NOT NULL, -- the record
  expires INTEGER -- an upload's
) STRICT;
CREATE INDEX body_expires ON body(expires) WHERE expires IS NOT NULL;
CREATE TABLE keyword_set(id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO keyword_set(id, names) VALUES(1, '[]');
CREATE TABLE thread(
  id INTEGER PRIMARY KEY, emails INTEGER NOT NULL, created INTEGER NOT NULL, modseq INTEGER NOT NULL
) STRICT;
CREATE TABLE thread_hash(
  hash INTEGER PRIMARY KEY, thread INTEGER NOT NULL
) STRICT;
CREATE TABLE gone(
  kind TEXT NOT NULL, id ANY NOT NULL, created INTEGER NOT NULL, modseq INTEGER NOT NULL,
  PRIMARY KEY(kind, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX gone_modseq ON gone(kind, modseq);
CREATE TABLE expunged(
  mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL,
  PRIMARY KEY(mailbox, modseq, uid)
) WITHOUT ROWID, STRICT;
CREATE TABLE removal(modseq INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE TABLE object(
  kind TEXT NOT NULL, id TEXT NOT NULL, content BLOB NOT NULL,
  created INTEGER NOT NULL, modseq INTEGER NOT NULL, PRIMARY KEY(kind, id)
) WITHOUT ROWID, STRICT;
CREATE TABLE ledger(
  source TEXT NOT NULL, uidl BLOB NOT NULL, entry BLOB NOT NULL, PRIMARY KEY(source, uidl)
) WITHOUT ROWID, STRICT;
CREATE TABLE delivered(id BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID, STRICT;
"""

ACCOUNT_COLUMNS: Final = (
    "modseq, next_id, next_mailbox, next_uidvalidity, used_octets, used_count, held_octets, "
    "quota_octets, quota_count, floor, segment, segment_end, ended"
)

_CACHE_KIBIBYTES: Final = 512
_PAGE_OCTETS: Final = 1_024
"""A delivery touches a dozen pages, a few octets in each; all of each page is written."""
_CHECKPOINT_PAGES: Final = 1_600
_LOG_OCTETS: Final = 2_097_152
"""More than the pages of a checkpoint take: then the log is written over and over in place, which
costs the file system nothing; a log that grows is flushed with every sync of the journal."""
BUSY_MILLISECONDS: Final = 10_000
"""How long a thread waits for what another process blocks."""


def open_index(path: str, *, make: bool = False, may_wait: bool = True) -> apsw.Connection:
    """Open an index that is there, or, with `make`, an empty file for one.

    Where it may not wait, what another process blocks fails at once with apsw.BusyError.
    """
    flags = apsw.SQLITE_OPEN_READWRITE
    if make:
        flags |= apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(path, flags=flags, statementcachesize=100)
    connection.set_busy_timeout(BUSY_MILLISECONDS if may_wait else 0)
    keep = ctypes.c_int(1)
    # The log stays when the last one closes: an index without one was tampered with.
    connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))
    # Closing must be cheap; what is in the log is found there by whoever opens next.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.execute(
        f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}; PRAGMA synchronous = NORMAL;"
        f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES};"
        f"PRAGMA journal_size_limit = {_LOG_OCTETS}; PRAGMA temp_store = MEMORY"
    ).fetchall()
    return connection


def make_tables(connection: apsw.Connection) -> None:
    """Make the tables of an empty index."""
    connection.execute(f"PRAGMA page_size = {_PAGE_OCTETS}").fetchall()
    connection.execute(SCHEMA)
    connection.pragma("user_version", FORMAT)
