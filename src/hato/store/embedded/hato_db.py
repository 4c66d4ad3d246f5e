"""`hato.db`: what belongs to no account alone. A truth of its own, durable with every commit.

Called by `store.embedded` and by the command line through it.
Never blocks the event loop: reads come from the page cache, one thread writes.
Standards: none.
Fails with UnavailableError, StorageFullError; InvalidInputError for a damaged or newer file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import apsw

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.store.directory import Counters, Directory, Leases, Queue
from hato.store.embedded.hato_db_connection import connect, connect_reader, translated
from hato.store.embedded.hato_db_counters import EmbeddedCounters, EmbeddedLeases
from hato.store.embedded.hato_db_directory import EmbeddedDirectory
from hato.store.embedded.hato_db_queue import EmbeddedQueue
from hato.store.embedded.hato_db_reader import Reader
from hato.store.embedded.hato_db_schema import migrate
from hato.store.embedded.hato_db_writer import Writer

FILE_NAME: Final = "hato.db"

_DAMAGED: Final = Text(
    en="{path} is damaged ({reason}), and in it stands who has mail here: put it back from a "
    "backup; the mail itself lies beside it in accounts/, and nothing was changed.",
    ja="{path} が壊れています({reason})。誰のメールがあるかを記したファイルです。"
    "バックアップから戻してください。メール自体は隣の accounts/ にあり、何も変えていません。",
)


class HatoDb:
    """The database of one data folder, in one process. Open it after any fork, never before."""

    def __init__(self, reader: Reader, writer: Writer, make_room: Callable[[], bool]) -> None:
        """Use `open`."""
        self._reader = reader
        self._writer = writer
        self.directory: Directory = EmbeddedDirectory(reader, writer)
        self.counters: Counters = EmbeddedCounters(reader, writer)
        self.leases: Leases = EmbeddedLeases(writer, make_room)
        self.queue: Queue = EmbeddedQueue(reader, writer)

    @classmethod
    def open(cls, path: Path, make_room: Callable[[], bool] = lambda: False) -> Self:
        """Open the file, making or migrating it first where that is needed.

        `make_room` gives up what was put aside for what must go on although the disk is full, and
        tells whether there was anything. Raises UnavailableError, StorageFullError,
        InvalidInputError (see the schema).
        """
        try:
            connection = connect(path)
            try:
                migrate(connection, str(path))
                writer = Writer(connection)
                reader = Reader(connect_reader(path), writer)
            except BaseException:
                connection.close()
                raise
        except (apsw.NotADBError, apsw.CorruptError) as fault:
            raise InvalidInputError(_DAMAGED, path=path, reason=fault) from fault
        except (apsw.Error, OSError) as fault:
            raise translated(fault) from fault
        return cls(reader, writer, make_room)

    def close(self) -> None:
        """Finish what was begun and close the file; harmless twice."""
        self._reader.close()
        self._writer.close()
