"""The search index of one account of the embedded store: `search.db` beside its `index.db`.

Called by services.search, which knows it as `store.search.SearchIndex`.
Never blocks the loop: each call is a thread's; never holds the file open between two calls.
Standards: see `store.search`.
Fails with the errors that `store.search` names.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Final, TypeVar

import apsw
import msgspec

from hato.core.errors import DamagedError
from hato.core.ids import EmailId, ModSeq
from hato.store.embedded.faults import SPOILED, domain_error
from hato.store.embedded.search_question import question
from hato.store.embedded.search_schema import (
    FORMAT,
    PLACE_BITS,
    SEARCH_FILE,
    attach_account,
    discard_search,
    empty_log,
    make_search,
    open_search,
)
from hato.store.embedded.space import Space
from hato.store.model import Place
from hato.store.search import SearchEntry, SearchField, SearchState, SearchWanted

_Answer = TypeVar("_Answer")
_MERGED_PAGES: Final = 2_000
"""Pages that one part of tidying writes: some 50 milliseconds of work."""
_SPOILED: Final = (*SPOILED, apsw.CantOpenError, apsw.SQLError, FileNotFoundError)
"""What a file says that is none of ours, or none at all; our own SQL is right for ours."""
_ROOM_SHARE: Final = 3
"""So much room is taken by words while they are written: once in the log, once in the file, and
once where parts are merged."""
_COLUMNS: Final = ", ".join(SearchField)
_ROW: Final = f"(?{', ?' * len(SearchField)})"
_ROWS_TOGETHER: Final = 512
"""Rows of one INSERT: SQLite works on all of them while Python goes on; after each statement it
would have to wait for its turn."""
_IN: Final = "(SELECT value FROM json_each(?))"


class EmbeddedSearchIndex:
    """Which words stand in which letter of an account."""

    def __init__(
        self, folder: str, space: Space, catch_up: Callable[[], Awaitable[object]]
    ) -> None:
        """Of the account in `folder`; `catch_up` brings the account's own index up to date."""
        self._folder = folder
        self._space = space
        self._catch_up = catch_up

    async def state(self) -> SearchState | None:
        """Return how far it is; None: there is none, or none that can be used."""
        try:
            return await self._ask(_state)
        except DamagedError:
            return None

    async def begin(self, maker: str) -> None:
        """Make an empty one in place of what is there, damaged or not."""
        await self._in_thread(lambda: self._begin(maker))

    def _begin(self, maker: str) -> None:
        self._space.check(0)
        try:
            make_search(self._folder, maker)
        except _SPOILED:
            discard_search(self._folder)
            make_search(self._folder, maker)

    async def unknown(self, email_ids: Sequence[EmailId]) -> list[EmailId]:
        """Return those of the letters that are not in it, in the order asked for."""
        sql = (
            "SELECT value FROM json_each(?) WHERE NOT EXISTS"
            "(SELECT 1 FROM letter WHERE email = value)"
        )
        asked = msgspec.json.encode(email_ids).decode()
        return await self._ask(lambda index: _ids(index, sql, asked))

    async def strangers(self, email_ids: Sequence[EmailId]) -> list[EmailId]:
        """Return the letters that are in it and not among these."""
        sql = f"SELECT email FROM letter WHERE email NOT IN {_IN} ORDER BY email"  # noqa: S608 - names of ours
        asked = msgspec.json.encode(email_ids).decode()
        return await self._ask(lambda index: _ids(index, sql, asked))

    async def put(
        self,
        entries: Sequence[SearchEntry],
        removed: Sequence[EmailId] = (),
        *,
        until: ModSeq | None = None,
    ) -> None:
        """Add letters, take others out and note how far it is now: in one step."""
        octets = sum(len(words) for entry in entries for words in entry.words)

        def work(index: apsw.Connection) -> None:
            self._space.check(_ROOM_SHARE * octets)
            try:
                with index:
                    _take_out(index, removed)
                    _take_in(index, entries)
                    if until is not None:
                        index.execute("UPDATE progress SET modseq = ?", (until,))
            finally:  # the log of what did not fit must not keep the room that mail needs
                empty_log(index, self._folder)

        await self._ask(work)

    async def find(
        self, wanted: SearchWanted, most: int, *, before: Place | None = None
    ) -> list[Place]:
        """Return the newest letters for which all of `wanted` holds, newest first."""
        if most <= 0:
            return []
        return await self._look(lambda index: _newest(index, wanted, most, before))

    async def count(self, wanted: SearchWanted) -> int:
        """Return for how many letters all of `wanted` holds."""

        def look(index: apsw.Connection) -> int:
            asked = question(index, wanted, _overflow(index), None)
            return _number(index, f"SELECT count(*) {asked.sql}", asked.bindings)

        return await self._look(look)

    async def _look(self, work: Callable[[apsw.Connection], _Answer]) -> _Answer:
        """Ask the file, and beside it the account's own index as it is now."""
        await self._catch_up()

        def look(index: apsw.Connection) -> _Answer:
            attach_account(index, self._folder)
            index.execute("BEGIN")
            return work(index)  # closing ends it

        return await self._ask(look)

    async def tidy(self) -> int:
        """Put what was added bit by bit together, a part at a time."""
        parts = 0
        while await self._ask(self._merge_all if parts == 0 else self._merge):
            parts += 1
        return parts

    def _merge_all(self, index: apsw.Connection) -> bool:
        return self._merge(index, -_MERGED_PAGES)  # negative: begin with all there is

    def _merge(self, index: apsw.Connection, pages: int = _MERGED_PAGES) -> bool:
        self._space.check(0)
        before = index.total_changes()
        with index:
            index.execute("INSERT INTO words(words, rank) VALUES('merge', ?)", (pages,))
        is_done = index.total_changes() - before <= 1  # more: something was left to do
        empty_log(index, self._folder)
        return not is_done

    async def faults(self, *, discard: bool) -> list[str]:
        """Return what is wrong with the file, in words; with `discard` a bad one is removed.

        None at all is nothing wrong, and a new one is made by whoever searches next.
        """
        try:
            found = await self._ask(_faults) if await asyncio.to_thread(self._is_there) else []
        except DamagedError as fault:
            found = [str(fault)]
        if found and discard:
            await self._in_thread(lambda: discard_search(self._folder))
        return found

    def _is_there(self) -> bool:
        return os.path.exists(f"{self._folder}/{SEARCH_FILE}")

    async def _ask(self, work: Callable[[apsw.Connection], _Answer]) -> _Answer:
        """Ask the file. Raises DamagedError where there is none that can be used."""

        def ask() -> _Answer:
            index = open_search(self._folder)
            try:
                if index.pragma("user_version") != FORMAT:
                    raise DamagedError("the search index is of another format")
                return work(index)
            finally:
                index.close()

        return await self._in_thread(ask)

    async def _in_thread(self, work: Callable[[], _Answer]) -> _Answer:
        try:
            return await asyncio.to_thread(work)
        except _SPOILED as fault:
            raise DamagedError(f"the search index cannot be used: {fault}") from fault
        except (OSError, apsw.Error) as fault:
            raise domain_error(fault, "searching") from fault


def _state(index: apsw.Connection) -> SearchState | None:
    row = index.execute("SELECT maker, modseq FROM progress").fetchone()
    if row is None:
        return None
    letters = _number(index, "SELECT count(*) FROM letter", {})
    return SearchState(str(row[0]), ModSeq(int(str(row[1]))), letters)


def _faults(index: apsw.Connection) -> list[str]:
    """Check the file, the parts of FTS5 in it, and that each letter in it has its words."""
    found = [str(row[0]) for row in index.execute("PRAGMA quick_check(10)") if row[0] != "ok"]
    missing = _number(
        index, "SELECT count(*) FROM letter WHERE place NOT IN (SELECT rowid FROM words)", {}
    )
    if missing:
        found.append(f"the words of {missing} letters are missing")
    return [f"the search index is damaged: {one}" for one in found]


def _ids(index: apsw.Connection, sql: str, asked: str) -> list[EmailId]:
    return [EmailId(int(str(row[0]))) for row in index.execute(sql, (asked,))]


def _number(index: apsw.Connection, sql: str, bindings: dict[str, int | str]) -> int:
    row = index.execute(sql, bindings).fetchone()
    return 0 if row is None or row[0] is None else int(str(row[0]))


def _overflow(index: apsw.Connection) -> int:
    return _number(index, "SELECT overflow FROM progress", {})


def _take_out(index: apsw.Connection, removed: Sequence[EmailId]) -> None:
    """Take letters out; those that are not in are none."""
    asked = msgspec.json.encode(removed).decode()
    places = index.execute(f"SELECT place FROM letter WHERE email IN {_IN}", (asked,)).fetchall()  # noqa: S608 - names of ours
    index.executemany("DELETE FROM words WHERE rowid = ?", places)
    index.executemany("DELETE FROM letter WHERE place = ?", places)


def _take_in(index: apsw.Connection, entries: Sequence[SearchEntry]) -> None:
    """Add letters in the order of their places.

    FTS5 would write a part of its own for each that is not behind the one before.
    """
    overflow, rows = 0, []
    for entry in sorted(entries, key=lambda one: (one.received, one.email_id)):
        place, excess = _free_place(index, max(entry.received, 0))
        known = "INSERT INTO letter(place, email, received, has_attachments) VALUES(?, ?, ?, ?)"
        index.execute(
            known + " ON CONFLICT(email) DO NOTHING",
            (place, entry.email_id, entry.received, int(entry.has_attachments)),
        )
        if index.changes():
            rows.append((place, *entry.words))
            overflow = max(overflow, excess)
    rows.sort()
    for start in range(0, len(rows), _ROWS_TOGETHER):
        part = rows[start : start + _ROWS_TOGETHER]
        index.execute(
            f"INSERT INTO words(rowid, {_COLUMNS}) VALUES {', '.join([_ROW] * len(part))}",  # noqa: S608 - names of ours
            tuple(chain.from_iterable(part)),
        )
    index.execute("UPDATE progress SET overflow = max(overflow, ?)", (overflow,))


def _free_place(index: apsw.Connection, second: int) -> tuple[int, int]:
    """Return a place of a second, or of the next one with room, and how far behind it that is."""
    first = second << PLACE_BITS
    start, stop = first, first + (1 << PLACE_BITS)
    while True:
        row = index.execute(
            "SELECT max(place) FROM letter WHERE place >= ? AND place < ?", (start, stop)
        ).fetchone()
        last = None if row is None else row[0]
        place = start if last is None else int(str(last)) + 1
        if place < stop:
            return place, max(place - first - (1 << PLACE_BITS) + 1, 0)
        start, stop = stop, stop + (1 << PLACE_BITS)


def _newest(
    index: apsw.Connection, wanted: SearchWanted, most: int, before: Place | None
) -> list[Place]:
    """Return the newest, exactly in order.

    By their places they are nearly so: what arrived at some second or later lies no earlier than
    the places of that second, therefore nothing newer than the oldest that was read lies before
    them.
    """
    asked = question(index, wanted, _overflow(index), before)
    sql = f"SELECT letter.place, received, email {asked.sql} ORDER BY {asked.place} DESC"
    rows = index.execute(f"{sql} LIMIT :most", asked.bindings | {"most": most}).fetchall()
    found = [tuple(int(str(value)) for value in row) for row in rows]
    if len(found) == most:
        first = max(min(received for _, received, _ in found), 0) << PLACE_BITS
        bindings = asked.bindings | {"end": found[-1][0]}
        bindings["first"] = max(first, int(bindings["first"]))
        rows = index.execute(sql, bindings).fetchall()
        found += [tuple(int(str(value)) for value in row) for row in rows]
    places = [Place(received, EmailId(email)) for _, received, email in found]
    return sorted(places, reverse=True)[:most]
