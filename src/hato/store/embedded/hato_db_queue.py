"""What waits to leave for other machines, in `hato.db`.

Called through `store.directory.Queue`.
Never gives one item to two owners at a time.
Standards: none.
Fails as `store.directory` names it.
"""

from __future__ import annotations

from typing import Any, Final

import apsw

from hato.core.errors import ConflictError, InUseError, NotFoundError
from hato.store.directory import QueueId, QueueItem
from hato.store.embedded.hato_db_reader import Reader, Row
from hato.store.embedded.hato_db_writer import Writer

_ALL: Final = "SELECT queue_id, key, payload, body, due, attempts, reason, created FROM queue"


class EmbeddedQueue:
    """The queue of one data folder."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        """Begin."""
        self._reader = reader
        self._writer = writer

    async def put(self, key: str, payload: bytes, body: bytes, due: int, now: int) -> QueueId:
        """Add an item, or find the one with the same key."""

        def work(connection: apsw.Connection) -> QueueId:
            connection.execute(
                "INSERT OR IGNORE INTO queue(key, payload, body, due, attempts, reason, created,"
                " owner, claimed_until) VALUES(?, ?, ?, ?, 0, '', ?, '', 0)",
                (key, payload, body, due, now),
            )
            query = "SELECT queue_id FROM queue WHERE key = ?"
            rows: list[Any] = connection.execute(query, (key,)).fetchall()
            return QueueId(rows[0][0])

        return await self._writer.run(work)

    async def claim(self, owner: str, now: int, seconds: int, limit: int) -> list[QueueItem]:
        """Take due items that nobody holds, for `seconds`; counts an attempt for each."""

        def work(connection: apsw.Connection) -> list[QueueItem]:
            rows: list[Any] = connection.execute(
                "UPDATE queue SET owner = ?, claimed_until = ?, attempts = attempts + 1"
                " WHERE queue_id IN (SELECT queue_id FROM queue WHERE due <= ?"
                " AND claimed_until <= ? ORDER BY due, queue_id LIMIT ?)"
                " RETURNING queue_id, key, payload, body, due, attempts, reason, created",
                (owner, now + seconds, now, now, limit),
            ).fetchall()
            items = [_item(row) for row in rows]
            return sorted(items, key=lambda item: (item.due, item.queue_id))

        return await self._writer.run(work)

    async def claim_one(self, queue_id: QueueId, owner: str, now: int, seconds: int) -> QueueItem:
        """Take one item, due or not, for `seconds`; counts an attempt."""

        def work(connection: apsw.Connection) -> QueueItem:
            rows: list[Any] = connection.execute(
                "UPDATE queue SET owner = ?, claimed_until = ?, attempts = attempts + 1"
                " WHERE queue_id = ? AND claimed_until <= ?"
                " RETURNING queue_id, key, payload, body, due, attempts, reason, created",
                (owner, now + seconds, queue_id, now),
            ).fetchall()
            if rows:
                return _item(rows[0])
            query = "SELECT 1 FROM queue WHERE queue_id = ?"
            if connection.execute(query, (queue_id,)).fetchall():
                raise InUseError(str(queue_id))
            raise NotFoundError(str(queue_id))

        return await self._writer.run(work)

    async def keep(
        self, queue_id: QueueId, owner: str, now: int, seconds: int, payload: bytes | None = None
    ) -> None:
        """Hold a claimed item longer, and write how far it is."""
        await self._claimed(
            "UPDATE queue SET claimed_until = ?, payload = coalesce(?, payload)"
            " WHERE queue_id = ? AND owner = ? AND owner <> ''",
            now + seconds,
            payload,
            queue_id,
            owner,
        )

    async def retry(
        self,
        queue_id: QueueId,
        owner: str,
        due: int,
        reason: str,
        payload: bytes | None = None,
    ) -> None:
        """Give an item back for later."""
        await self._claimed(
            "UPDATE queue SET due = ?, reason = ?, payload = coalesce(?, payload), owner = '',"
            " claimed_until = 0 WHERE queue_id = ? AND owner = ? AND owner <> ''",
            due,
            reason,
            payload,
            queue_id,
            owner,
        )

    async def done(self, queue_id: QueueId, owner: str) -> None:
        """Remove an item that has left."""
        await self._claimed(
            "DELETE FROM queue WHERE queue_id = ? AND owner = ? AND owner <> ''", queue_id, owner
        )

    async def drop(self, queue_id: QueueId) -> None:
        """Remove an item by decision."""

        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM queue WHERE queue_id = ?", (queue_id,))
            if not connection.changes():
                raise NotFoundError(str(queue_id))

        await self._writer.run(work)

    async def items(self) -> list[QueueItem]:
        """Return all that waits, by due time."""
        rows = await self._reader.rows(_ALL + " ORDER BY due, queue_id")
        return [_item(row) for row in rows]

    async def item(self, queue_id: QueueId) -> QueueItem:
        """Return an item, claimed or not."""
        rows = await self._reader.rows(_ALL + " WHERE queue_id = ?", queue_id)
        if not rows:
            raise NotFoundError(str(queue_id))
        return _item(rows[0])

    async def _claimed(self, statement: str, *values: str | int | bytes | None) -> None:
        """Change an item that is still claimed. Raises ConflictError."""

        def work(connection: apsw.Connection) -> None:
            connection.execute(statement, values)
            if not connection.changes():
                message = "somebody else has it"
                raise ConflictError(message)

        await self._writer.run(work)


def _item(row: Row) -> QueueItem:
    number, *rest = row
    return QueueItem(QueueId(number), *rest)
