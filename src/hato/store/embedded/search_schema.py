"""`search.db`, the search index of one account: its tables, and how its file is opened.

Called by `search_index`.
Never is the truth: another FORMAT, or damage, means that it is made anew from the letters.
Standards: none; SQLite's FTS5 keeps the words, without the letters themselves (contentless).
Fails with apsw.Error.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import Final

import apsw

from hato.store.embedded.replay import INDEX
from hato.store.embedded.schema import BUSY_MILLISECONDS
from hato.store.embedded.system import give_to_owner
from hato.store.search import SearchField

SEARCH_FILE: Final = "search.db"
FORMAT: Final = 1
"""Raise it with every change of the tables: then each search index is made anew."""
ACCOUNT: Final = "account_index"
"""The name under which the account's own index is attached."""

PLACE_BITS: Final = 12
"""A letter's rowid is the second in which it arrived and so many bits: the newest come last in each
list of rowids, from which they are read first, and neighbours differ by little, which is what a
list keeps (all bits of an email id made the file a third larger). More letters of one second than
fit go where the next seconds have room."""

SCHEMA: Final = f"""
CREATE TABLE progress(
  one INTEGER PRIMARY KEY CHECK(one = 1), maker TEXT NOT NULL, modseq INTEGER NOT NULL,
  overflow INTEGER NOT NULL -- how far at most a letter lies behind the places of its second
) STRICT;
CREATE TABLE letter(
  place INTEGER PRIMARY KEY, email INTEGER NOT NULL UNIQUE, received INTEGER NOT NULL,
  has_attachments INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE words USING fts5(
  {", ".join(SearchField)}, content='', contentless_delete=1, tokenize='ascii'
);
INSERT INTO words(words, rank) VALUES('hashsize', 33554432);
"""
_NAMES: Final = ("words", "letter", "progress")
_BESIDE: Final = ("-wal", "-shm", "-journal")
_CACHE_KIBIBYTES: Final = 16_384
_LOG_OCTETS: Final = 2_097_152
"""A log that is longer is emptied by whoever wrote: who opens the file first must read all of it,
which would make a search wait."""


def open_search(folder: str, *, make: bool = False) -> apsw.Connection:
    """Open the search index of an account's folder, or, with `make`, an empty file for one.

    Raises apsw.CantOpenError where there is none.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    if make:
        flags |= apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(f"{folder}/{SEARCH_FILE}", flags=flags)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    _keep_log(connection, "main")
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.execute(
        f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}; PRAGMA synchronous = NORMAL;"
        "PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY"
    ).fetchall()
    return connection


def attach_account(connection: apsw.Connection, folder: str) -> None:
    """Attach the account's own index, to ask it what lies where now."""
    connection.execute(f"ATTACH ? AS {ACCOUNT}", (f"{folder}/{INDEX}",))
    _keep_log(connection, ACCOUNT)  # as whoever else opens it does


def _keep_log(connection: apsw.Connection, name: str) -> None:
    keep = ctypes.c_int(1)
    connection.file_control(name, apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))


def empty_log(connection: apsw.Connection, folder: str) -> None:
    """Bring a long log into the file, unless somebody is reading; then the next one does it."""
    if os.stat(f"{folder}/{SEARCH_FILE}-wal").st_size > _LOG_OCTETS:
        connection.set_busy_timeout(0)
        with contextlib.suppress(apsw.BusyError):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def make_search(folder: str, maker: str) -> None:
    """Make an empty search index; what was there is emptied, or replaced if it is damaged."""
    connection = open_search(folder, make=True)
    give_to_owner(f"{folder}/{SEARCH_FILE}")
    try:
        connection.pragma("journal_mode", "wal")
        with connection:
            for name in _NAMES:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(SCHEMA)
            connection.execute(
                "INSERT INTO progress(one, maker, modseq, overflow) VALUES(1, ?, 0, 0)", (maker,)
            )
            connection.pragma("user_version", FORMAT)
        empty_log(connection, folder)
    finally:
        connection.close()


def discard_search(folder: str) -> None:
    """Remove the file. Who reads the old one goes on reading it."""
    for suffix in ("", *_BESIDE):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/{SEARCH_FILE}{suffix}")
