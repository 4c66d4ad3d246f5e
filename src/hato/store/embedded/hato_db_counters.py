"""Counts of events and leases in `hato.db`, shared by all processes.

Called through `store.directory.Counters` and `store.directory.Leases`.
Never waits on the event loop.
Standards: none.
Fails as `store.directory` names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import apsw

from hato.core.errors import ConflictError, StorageFullError
from hato.store.directory import Lease
from hato.store.embedded.hato_db_reader import Reader
from hato.store.embedded.hato_db_writer import ResultT, Work, Writer


class EmbeddedCounters:
    """Events by key and second."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        """Begin."""
        self._reader = reader
        self._writer = writer

    async def add(self, key: str, at: int) -> None:
        """Count one event."""
        await self._write(
            "INSERT INTO counter VALUES(?, ?, 1)"
            " ON CONFLICT(key, at) DO UPDATE SET events = events + 1",
            key,
            at,
        )

    async def count(self, key: str, since: int) -> int:
        """Return how many events happened at or after `since`."""
        query = "SELECT total(events) FROM counter WHERE key = ? AND at >= ?"
        rows = await self._reader.rows(query, key, since)
        return int(rows[0][0])

    async def latest(self, key: str) -> int | None:
        """Return when the last event happened, or None."""
        rows = await self._reader.rows("SELECT max(at) FROM counter WHERE key = ?", key)
        at: int | None = rows[0][0]
        return at

    async def forget(self, key: str) -> None:
        """Begin anew with `key`."""
        await self._write("DELETE FROM counter WHERE key = ?", key)

    async def prune(self, before: int) -> None:
        """Drop what happened before a time."""
        await self._write("DELETE FROM counter WHERE at < ?", before)

    async def _write(self, statement: str, *values: str | int) -> None:
        await self._writer.run(lambda connection: connection.execute(statement, values).fetchall())


class EmbeddedLeases:
    """Who holds what until when; a lease that was given back leaves its fence behind."""

    def __init__(self, writer: Writer, make_room: Callable[[], bool]) -> None:
        """`make_room` gives up the reserve: who wins room on a full disk needs a lease first."""
        self._writer = writer
        self._make_room = make_room

    async def _write(self, work: Work[ResultT]) -> ResultT:
        """Do it; on a full disk in the room that was put aside."""
        try:
            return await self._writer.run(work)
        except StorageFullError:  # another process may have given it up just now: try anyhow
            await asyncio.to_thread(self._make_room)
        return await self._writer.run(work)

    async def acquire(self, name: str, owner: str, now: int, seconds: int) -> Lease | None:
        """Take the lease if it is free, expired or one's own."""

        def work(connection: apsw.Connection) -> Lease | None:
            rows: list[Any] = connection.execute(
                "INSERT INTO lease VALUES(?, ?, 1, ?) ON CONFLICT(name) DO UPDATE"
                " SET owner = excluded.owner, fence = fence + 1, until = excluded.until"
                " WHERE until <= ? OR owner = excluded.owner RETURNING fence",
                (name, owner, now + seconds, now),
            ).fetchall()
            return Lease(name, owner, rows[0][0], now + seconds) if rows else None

        return await self._write(work)

    async def renew(self, lease: Lease, now: int, seconds: int) -> Lease:
        """Hold it longer; also when it expired, as long as nobody else took it."""

        def work(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE lease SET until = ? WHERE name = ? AND fence = ? AND until > 0",
                (now + seconds, lease.name, lease.fence),
            )
            if not connection.changes():
                raise ConflictError(lease.name)

        await self._write(work)
        return Lease(lease.name, lease.owner, lease.fence, now + seconds)

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        statement = "UPDATE lease SET until = 0 WHERE name = ? AND fence = ?"
        values = (lease.name, lease.fence)
        await self._write(lambda connection: connection.execute(statement, values).fetchall())

    async def end_all(self) -> None:
        """End all of them."""
        statement = "UPDATE lease SET until = 0"
        await self._write(lambda connection: connection.execute(statement).fetchall())
