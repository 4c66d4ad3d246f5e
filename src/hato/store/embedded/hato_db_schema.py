"""The tables of `hato.db`, as numbered migrations.

Called by `store.embedded.hato_db` when it opens the file.
Never changes a migration that was released: a new one is added at the end.
Standards: none.
Fails with InvalidInputError for a file that a newer Hato has written; apsw's errors pass through.
"""

from __future__ import annotations

from typing import Final

import apsw

from hato.core.errors import InvalidInputError
from hato.core.language import Text

APPLICATION_ID: Final = 0x4861746F
"""`Hato` in ASCII: what the program `file` and ourselves know the database by."""

_NEWER = Text(
    en="{path} was written by a newer version of Hato (format {found}, known here: {known}): "
    "use that version, or restore a backup.",
    ja="{path} は新しい版の鳩が書いたものです(形式 {found}、この版は {known} まで)。"
    "その版を使うか、バックアップから戻してください。",
)
_FOREIGN = Text(
    en="{path} is a database of another program: move it away.",
    ja="{path} は別のプログラムのデータベースです。移動してください。",
)

MIGRATIONS: Final = (
    """
    CREATE TABLE directory_version(one INTEGER PRIMARY KEY CHECK(one = 1), number INTEGER NOT NULL)
      STRICT;
    INSERT INTO directory_version VALUES(1, 1);
    CREATE TABLE domain(name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE person(
      person_id INTEGER PRIMARY KEY AUTOINCREMENT,
      account_id TEXT NOT NULL,
      name TEXT NOT NULL UNIQUE,
      is_enabled INTEGER NOT NULL,
      language TEXT NOT NULL,
      retr_sets_seen INTEGER NOT NULL,
      expire_days INTEGER,
      login_delay_seconds INTEGER NOT NULL,
      local_part TEXT NOT NULL) STRICT;
    CREATE INDEX person_local_part ON person(local_part);
    CREATE TABLE address(
      address TEXT NOT NULL,
      person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
      domain TEXT NOT NULL REFERENCES domain,
      PRIMARY KEY(address, person_id)) STRICT, WITHOUT ROWID;
    CREATE INDEX address_person ON address(person_id);
    CREATE INDEX address_domain ON address(domain);
    CREATE TABLE credential(
      credential_id INTEGER PRIMARY KEY AUTOINCREMENT,
      person_id INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
      label TEXT NOT NULL,
      hashed TEXT NOT NULL,
      scram_salt BLOB, scram_iterations INTEGER, scram_stored_key BLOB, scram_server_key BLOB,
      recoverable BLOB,
      created INTEGER NOT NULL,
      last_used INTEGER,
      UNIQUE(person_id, label)) STRICT;
    CREATE TABLE counter(
      key TEXT NOT NULL,
      at INTEGER NOT NULL,
      events INTEGER NOT NULL,
      PRIMARY KEY(key, at)) STRICT, WITHOUT ROWID;
    CREATE INDEX counter_at ON counter(at);
    CREATE TABLE lease(
      name TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      fence INTEGER NOT NULL,
      until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE queue(
      queue_id INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE,
      payload BLOB NOT NULL,
      body BLOB NOT NULL,
      due INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      reason TEXT NOT NULL,
      created INTEGER NOT NULL,
      owner TEXT NOT NULL,
      claimed_until INTEGER NOT NULL) STRICT;
    CREATE INDEX queue_due ON queue(due);
    """,
    """
    CREATE INDEX person_login_delay ON person(login_delay_seconds);
    CREATE INDEX person_expire ON person(expire_days);
    """,
)


def migrate(connection: apsw.Connection, path: str) -> None:
    """Bring the tables to the newest form, in one step. Raises InvalidInputError, apsw.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = int(connection.pragma("user_version"))
        owner = int(connection.pragma("application_id"))
        if found > len(MIGRATIONS):
            raise InvalidInputError(_NEWER, path=path, found=found, known=len(MIGRATIONS))
        if owner not in {0, APPLICATION_ID} or (found and not owner):
            raise InvalidInputError(_FOREIGN, path=path)
        if found == len(MIGRATIONS) and owner:
            connection.execute("ROLLBACK")  # writing nothing, so that a full disk is no hindrance
            return
        for migration in MIGRATIONS[found:]:
            connection.execute(migration).fetchall()
        connection.pragma("user_version", len(MIGRATIONS))
        connection.pragma("application_id", APPLICATION_ID)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
