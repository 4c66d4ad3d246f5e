"""Reading `hato.db` on the event loop: microseconds from the page cache, and never a wait.

Called by the parts of `store.embedded.hato_db`.
Never writes; what another process blocks is read again in the writer's thread.
Standards: none.
Fails with UnavailableError.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, cast

import apsw

from hato.store.embedded.hato_db_connection import is_passing, translated
from hato.store.embedded.hato_db_writer import Work, Writer

ResultT = TypeVar("ResultT")

Row: TypeAlias = tuple[Any, ...]
"""Values of one row; STRICT tables hold each column to its type."""


class Reader:
    """A connection that only reads."""

    def __init__(self, connection: apsw.Connection, writer: Writer) -> None:
        """Own a connection that does not wait; share the writer."""
        self._connection = connection
        self._version_cursor = connection.cursor()
        self._writer = writer

    def data_version(self) -> int | None:
        """Return a number that differs once anybody has written; None when it cannot be had."""
        try:
            return cast("int", self._version_cursor.execute("PRAGMA data_version").get)
        except apsw.Error:
            return None

    async def run(self, work: Work[ResultT]) -> ResultT:
        """Do some reading."""
        try:
            return work(self._connection)
        except apsw.Error as fault:
            if not is_passing(fault):
                raise translated(fault) from fault
        return await self._writer.run(work)

    async def rows(self, query: str, *values: str | int) -> list[Row]:
        """Return all rows of a query."""
        return await self.run(
            lambda connection: cast("list[Row]", connection.execute(query, values).fetchall())
        )

    def close(self) -> None:
        """Close the connection; harmless twice."""
        self._connection.close()
