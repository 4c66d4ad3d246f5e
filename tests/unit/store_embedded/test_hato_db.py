"""`hato.db`: opened by many at once, shared by processes, and on bad days."""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hato.core.errors import (
    AlreadyExistsError,
    InvalidInputError,
    StorageFullError,
    UnavailableError,
)
from hato.core.ids import AccountId, PersonId
from hato.store.directory import Person, Strictest
from hato.store.embedded import hato_db_connection
from hato.store.embedded.hato_db import FILE_NAME, HatoDb
from hato.store.embedded.hato_db_directory import _STRICTEST
from hato.store.embedded.hato_db_schema import APPLICATION_ID, MIGRATIONS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def database(path: Path) -> Iterator[HatoDb]:
    database = HatoDb.open(path)
    yield database
    database.close()


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hato_db_connection, "WAIT_MILLISECONDS", 20)


def test_it_is_for_its_owner_alone(path: Path, database: HatoDb) -> None:
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


async def test_a_commit_is_on_disk_before_it_is_acknowledged(path: Path, database: HatoDb) -> None:
    await database.directory.add_domain("example.org")
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as other:
        assert other.pragma("journal_mode") == "wal"
        assert other.execute("SELECT name FROM domain").fetchall() == [("example.org",)]
    assert database._writer._connection.pragma("synchronous") == 2


async def test_it_is_the_same_after_it_was_closed(path: Path) -> None:
    first = HatoDb.open(path)
    await first.directory.add_domain("example.org")
    version = await first.directory.version()
    first.close()
    first.close()
    second = HatoDb.open(path)
    assert await second.directory.domains() == ["example.org"]
    assert await second.directory.version() == version
    second.close()


def test_many_open_it_for_the_first_time_at_once(tmp_path: Path) -> None:
    faults: list[Exception] = []
    barrier = threading.Barrier(6)

    def open_and_close(path: Path) -> None:
        barrier.wait()
        try:
            HatoDb.open(path).close()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test shows it
            faults.append(fault)

    for number in range(10):
        path = tmp_path / f"{number}.db"
        threads = [threading.Thread(target=open_and_close, args=(path,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []


async def test_a_file_of_an_older_version_is_brought_up_to_date(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as other:
        other.execute(MIGRATIONS[0])
        other.execute("INSERT INTO domain VALUES('example.org')")
        other.pragma("user_version", 1)
        other.pragma("application_id", APPLICATION_ID)
    database = HatoDb.open(path)
    assert await database.directory.domains() == ["example.org"]
    assert await database.directory.strictest() == Strictest(0, None)
    assert database._writer._connection.pragma("user_version") == len(MIGRATIONS)
    database.close()


def test_the_strictest_is_found_without_looking_at_everybody(database: HatoDb) -> None:
    connection = database._writer._connection
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {_STRICTEST}")]
    assert [step for step in plan if step.startswith("SCAN person")] == []
    assert sum("person_login_delay" in step or "person_expire" in step for step in plan) == 2


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    HatoDb.open(path).close()
    with closing(apsw.Connection(str(path))) as other:
        other.pragma("user_version", len(MIGRATIONS) + 1)
    with pytest.raises(InvalidInputError, match="newer version"):
        HatoDb.open(path)


def test_a_file_of_another_program_is_left_alone(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as other:
        other.execute("CREATE TABLE t(x); PRAGMA application_id = 7")
    with pytest.raises(InvalidInputError, match="another program"):
        HatoDb.open(path)


def test_a_damaged_file_is_told_in_one_sentence(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(InvalidInputError, match="put it back from a backup"):
        HatoDb.open(path)


def test_a_folder_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        HatoDb.open(tmp_path / "nowhere" / FILE_NAME)


async def test_a_damaged_page_is_unavailable_not_wrong(path: Path) -> None:
    database = HatoDb.open(path)
    await database.directory.add_domain("example.org")
    for number in range(200):
        person = Person(PersonId(0), AccountId(f"{number}"), f"{number}@example.org")
        await database.directory.add_person(person)
    database.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    try:
        damaged = HatoDb.open(path)
    except UnavailableError:
        return
    with pytest.raises(UnavailableError, match="damaged"):
        await damaged.directory.people()
    damaged.close()


@pytest.mark.usefixtures("_impatient")
async def test_a_locked_file_is_waited_for_in_a_thread_and_then_told(path: Path) -> None:
    database = HatoDb.open(path)
    await database.directory.add_domain("example.org")
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(database.directory.add_domain("example.com"))
        await asyncio.sleep(0)
        assert not writing.done()
        assert await database.directory.domains() == ["example.org"]
        with pytest.raises(UnavailableError, match="busy"):
            await writing
        other.execute("ROLLBACK")
    await database.directory.add_domain("example.com")
    assert await database.directory.domains() == ["example.com", "example.org"]
    database.close()


async def test_a_read_that_meets_a_lock_goes_to_the_thread(database: HatoDb) -> None:
    reader = database._reader

    class Blocked:
        def execute(self, *_: object) -> None:
            raise apsw.BusyError

        def close(self) -> None:
            """There is nothing to close."""

    await database.directory.add_domain("example.org")
    version = await database.directory.version()
    open_connection, cursor = reader._connection, reader._version_cursor
    reader._connection = Blocked()  # type: ignore[assignment]  # all that is asked of it here
    reader._version_cursor = Blocked()  # type: ignore[assignment]  # the same
    assert await database.directory.domains() == ["example.org"]
    assert await database.directory.version() == version
    reader._connection, reader._version_cursor = open_connection, cursor


async def test_a_full_disk_is_told_and_nothing_is_changed(database: HatoDb) -> None:
    await database.directory.add_domain("example.org")
    pages = database._writer._connection
    pages.execute(f"PRAGMA max_page_count = {pages.pragma('page_count')}")
    with pytest.raises(StorageFullError):
        await database.queue.put("key", b"", bytes(100_000), 0, 0)
    assert await database.queue.items() == []
    pages.execute("PRAGMA max_page_count = 100000")
    await database.queue.put("key", b"", bytes(100_000), 0, 0)
    assert len(await database.queue.items()) == 1


async def test_one_refusal_spoils_nothing_that_is_committed_with_it(database: HatoDb) -> None:
    names = ["a.example", "b.example", "a.example", "c.example"]
    ends = await asyncio.gather(
        *(database.directory.add_domain(name) for name in names), return_exceptions=True
    )
    assert [type(end) for end in ends] == [type(None), type(None), AlreadyExistsError, type(None)]
    assert await database.directory.domains() == ["a.example", "b.example", "c.example"]


async def test_a_fault_in_one_piece_of_work_reaches_its_caller_and_the_thread_lives_on(
    database: HatoDb,
) -> None:
    def broken(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO domain VALUES('x.example')")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await database._writer.run(broken)
    with pytest.raises(UnavailableError):
        await database._writer.run(lambda connection: connection.execute("nonsense"))
    with pytest.raises(UnavailableError):
        await database._writer.run(
            lambda connection: connection.execute("INSERT INTO domain VALUES(NULL)")
        )
    assert await database.directory.domains() == []
    await database.directory.add_domain("example.org")
    assert await database.directory.domains() == ["example.org"]


async def test_who_no_longer_waits_is_passed_over(database: HatoDb) -> None:
    is_begun, may_go_on = threading.Event(), threading.Event()

    def slow(_: apsw.Connection) -> None:
        is_begun.set()
        may_go_on.wait()

    first = asyncio.ensure_future(database._writer.run(slow))
    await asyncio.to_thread(is_begun.wait)
    second = asyncio.ensure_future(database.directory.add_domain("example.org"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    await first
    await database.directory.add_domain("example.com")
    assert await database.directory.domains() == ["example.com"]


async def test_nothing_is_written_after_it_was_closed(path: Path) -> None:
    database = HatoDb.open(path)
    database.close()
    with pytest.raises(UnavailableError):
        await database.directory.add_domain("example.org")
    with pytest.raises(UnavailableError):
        await database.directory.domains()


async def test_who_wins_room_gets_a_lease_in_the_reserve_of_a_full_disk(path: Path) -> None:
    """Without one nobody could begin to win room."""
    given_up: list[str] = []

    def make_room() -> bool:
        given_up.append("the reserve")
        opened._writer._connection.pragma("max_page_count", 1_000_000)
        return True

    opened = HatoDb.open(path, make_room)
    with closing(opened):
        connection = opened._writer._connection
        connection.pragma("max_page_count", connection.pragma("page_count"))
        names = [f"lease {number}: {'x' * 500}" for number in range(40)]
        for name in names:  # some of them need a page more
            assert await opened.leases.acquire(name, "kim", 0, 60)
        assert given_up == ["the reserve"]
        assert await opened.leases.acquire(names[0], "ada", 0, 60) is None
