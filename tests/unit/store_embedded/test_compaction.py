"""Compaction: what is won, and that it may stop anywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hato.core.errors import DamagedError, InUseError, NotFoundError, StorageFullError
from hato.store.contract.picture import picture_of
from hato.store.embedded import compaction, journal, segments
from hato.store.embedded.compaction import compact, upkeep_lock
from hato.store.embedded.schema import open_index
from hato.store.embedded.system import OpenFile
from hato.store.model import BodyRef
from tests.unit.store_embedded.conftest import Office, OpenOffice


async def fill(office: Office, count: int = 24, size: int = 5_000) -> None:
    """Deliver letters into several segments, and let three of four be gone."""
    for number in range(count):
        await office.add(b"%d\r\n" % number + bytes(size), keywords=frozenset({f"k{number % 3}"}))
    await office.end(*(uid for uid in range(1, count + 1) if uid % 4))


@pytest.fixture
async def filled(open_office: OpenOffice) -> Office:
    office = await open_office(segment_octets=20_000)
    await fill(office)
    return office


def size_of(office: Office) -> int:
    return sum(path.stat().st_size for path in office.segments())


async def test_room_is_won_and_nothing_else_changes(filled: Office) -> None:
    before, picture = size_of(filled), await picture_of(filled.account)
    won = await filled.account.compact()
    assert won == before - size_of(filled) > before / 2
    assert await picture_of(filled.account) == picture
    for lost in ("index.db", "index.db-wal"):
        await filled.store.close()
        (filled.folder / lost).unlink()
        await filled.open_again()
        assert await picture_of(filled.account) == picture
    report = await filled.account.verify()
    assert (report.damaged, report.differences) == ((), ())


async def test_twice_wins_nothing_more(filled: Office) -> None:
    await filled.account.compact()
    before = [path.name for path in filled.segments()]
    assert await filled.account.compact() == 0
    assert [path.name for path in filled.segments()] == before


async def test_the_log_of_the_index_is_given_back_too(office: Office) -> None:
    for number in range(40):
        await office.add(b"%d\r\n" % number)
    log = office.folder / "index.db-wal"
    assert log.stat().st_size > 65_536
    picture = await picture_of(office.account)
    assert await office.account.compact() == 0
    assert log.stat().st_size == 0
    assert await picture_of(office.account) == picture
    await office.open_again()
    assert await picture_of(office.account) == picture


async def test_who_reads_the_index_meanwhile_is_not_waited_for(office: Office) -> None:
    """The gate is held: everybody who delivers would wait too."""
    for number in range(40):
        await office.add(b"%d\r\n" % number)
    log = office.folder / "index.db-wal"
    before = log.stat().st_size
    reader = open_index(f"{office.folder}/index.db")
    reader.execute("BEGIN; SELECT modseq FROM account").fetchall()
    asked: list[int] = []

    def wait(count: int) -> bool:
        asked.append(count)
        return False

    office.writer._open().set_busy_handler(wait)
    office.writer.shrink_log()
    reader.close()
    assert asked == []
    assert log.stat().st_size == before
    await office.account.compact()
    assert log.stat().st_size == 0


async def test_a_log_that_was_removed_takes_no_room(office: Office) -> None:
    await office.add()
    await office.account.usage()
    (office.folder / "index.db-wal").unlink()
    office.writer.shrink_log()


async def test_a_missing_segment_is_damage_not_a_missing_account(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_to_read(folder: str, number: int) -> OpenFile:
        (Path(folder) / f"{number:06d}.log").unlink()
        return segments.open_to_read(folder, number)

    monkeypatch.setattr(compaction, "open_to_read", open_to_read)
    with pytest.raises(DamagedError, match="missing"):
        await filled.account.compact()


async def test_little_is_not_worth_the_writing(office: Office) -> None:
    await fill(office, 8, 100)
    before = [path.name for path in office.segments()]
    assert await office.account.compact() == 0
    assert [path.name for path in office.segments()] == before


async def test_old_places_of_messages_are_looked_up_again(filled: Office) -> None:
    snapshot = await filled.account.snapshot(filled.account.inbox)
    bodies = [snapshot.body(index) for index in range(len(snapshot))]
    octets = [(await filled.account.read(body, 0, 9_999)).data for body in bodies]
    await filled.account.compact()
    assert not snapshot.is_current()
    assert filled.account.read_now(bodies[0], 0, 9_999) is None
    assert [(await filled.account.read(body, 0, 9_999)).data for body in bodies] == octets


async def test_another_process_finds_moved_messages(filled: Office) -> None:
    office = filled
    there = type(office.store)(office.data_folder, office.settings, office.clock)
    second = await (await there.open()).account(office.account.account_id)
    snapshot = await second.snapshot(second.inbox)
    bodies = [snapshot.body(index) for index in range(len(snapshot))]
    octets = [(await second.read(body, 0, 9_999)).data for body in bodies]
    await office.account.compact()
    assert [(await second.read(body, 0, 9_999)).data for body in bodies] == octets
    fresh = await second.snapshot(second.inbox)
    assert [(await second.read(fresh.body(n), 0, 9_999)).data for n in range(len(fresh))] == octets
    await there.close()


async def test_a_letter_without_room_finds_what_another_process_removed(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was removed takes room until everybody has closed it."""
    office = filled
    snapshot = await office.account.snapshot(office.account.inbox)
    await office.account.read(snapshot.body(0), 0, 10)
    there = await type(office.store)(office.data_folder, office.settings, office.clock).open()
    await (await there.account(office.account.account_id)).compact()
    await there.close()
    shared = office.store._shared
    closed: list[int] = []
    sweep, check = shared.sweep, shared.space.check

    def sweep_and_count() -> int:
        closed.append(sweep())
        return closed[-1]

    def check_room(octets: int) -> None:
        if not closed:
            raise StorageFullError("no room")
        check(octets)

    monkeypatch.setattr(shared, "sweep", sweep_and_count)
    monkeypatch.setattr(shared.space, "check", check_room)
    await office.add(b"new")
    assert closed[0] >= 1
    assert shared.writers.forget_removed() == shared.files.forget_removed() == 0


async def test_on_a_full_disk_nothing_is_copied(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that does not fit would take the room in which people delete."""
    before, picture = size_of(filled), await picture_of(filled.account)
    space = filled.store._shared.space
    monkeypatch.setattr(space, "free_octets", lambda: 100)
    log = filled.folder / "index.db-wal"
    assert log.stat().st_size > 65_536
    with pytest.raises(StorageFullError):
        await filled.account.compact()
    assert log.stat().st_size == 0, "the log of the index is room too"
    assert size_of(filled) == before
    assert await picture_of(filled.account) == picture


async def test_segments_in_which_nothing_lives_need_no_room(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint is small: it may take what is kept for those who delete."""
    await filled.end(*await filled.uids())
    space = filled.store._shared.space
    space.release_reserve()
    monkeypatch.setattr(space, "free_octets", lambda: 100_000)
    before = size_of(filled)
    assert await filled.account.compact() > 0.9 * before
    assert await filled.uids() == []
    assert (await filled.account.verify()).differences == ()


async def test_where_room_is_missing_little_is_worth_the_writing(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await open_office(segment_octets=2_000_000, free_space_octets=8_000_000)
    for number in range(24):
        await office.add(b"%d\r\n" % number + bytes(50_000))
    await office.end(1, 2, 3, 4, 5)
    assert await office.account.compact() == 0
    monkeypatch.setattr(office.store._shared.space, "free_octets", lambda: 7_000_000)
    assert await office.account.compact() > 200_000


async def test_a_segment_that_is_emptied_makes_room_for_the_next(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = await picture_of(filled.account)
    space, most = filled.store._shared.space, size_of(filled)
    space.release_reserve()
    full = most + 4_194_304 + 20_000
    monkeypatch.setattr(space, "free_octets", lambda: full - size_of(filled))
    await filled.account.compact()
    assert size_of(filled) < most / 2
    assert await picture_of(filled.account) == picture


async def test_an_idle_writer_closes_what_another_process_removed(filled: Office) -> None:
    there = await type(filled.store)(filled.data_folder, filled.settings, filled.clock).open()
    await (await there.account(filled.account.account_id)).compact()
    await there.close()
    assert filled.store._shared.writers.forget_removed() == 1
    assert filled.store._shared.writers.forget_removed() == 0
    assert (await filled.add(b"new")).placements[0][1] == 25


async def test_delivery_goes_on_afterwards(filled: Office) -> None:
    await filled.account.compact()
    added = await filled.add(b"new")
    assert added.placements[0][1] == 25
    await filled.end(*await filled.uids())
    await filled.account.compact()
    assert await filled.uids() == []
    assert (await filled.add(b"newer")).placements[0][1] == 26


async def test_a_purged_message_is_not_found(filled: Office) -> None:
    body = (await filled.account.snapshot(filled.account.inbox)).body(0)
    await filled.account.read(body, 0, 10)
    await filled.end(4)
    assert filled.account.read_now(body, 0, 10) is None
    with pytest.raises(NotFoundError):
        await filled.account.read(body, 0, 10)


async def test_only_one_at_a_time(filled: Office) -> None:
    with upkeep_lock(str(filled.folder)), pytest.raises(InUseError):
        await filled.account.compact()


async def test_damaged_messages_are_left_where_they_are(filled: Office) -> None:
    snapshot = await filled.account.snapshot(filled.account.inbox)
    body: BodyRef = snapshot.body(1)
    segment, offset = body.hint[:2]
    path = Path(f"{filled.folder}/{segment:06d}.log")
    content = bytearray(path.read_bytes())
    content[offset + 3_000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    await filled.account.compact()
    assert path.exists()
    with pytest.raises(DamagedError):
        await filled.account.read(body, 0, 9_999)
    report = await filled.account.verify()
    assert report.damaged == (snapshot.email_ids[1],)
    assert report.differences == ()


async def test_a_segment_is_opened_once_however_many_messages_are_copied(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    open_one = segments.open_to_read

    def note(folder: str, number: int) -> OpenFile:
        opened.append(number)
        return open_one(folder, number)

    monkeypatch.setattr(compaction, "open_to_read", note)
    await filled.account.compact()
    assert opened
    assert len(opened) == len(set(opened))


class Killed(BaseException):
    """Stands for the end of the process."""


def calls_of(monkeypatch: pytest.MonkeyPatch, last: int) -> Iterator[int]:
    """Count the calls that change files; end the process, as it were, at the last."""
    count = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the call takes
            nonlocal count
            count += 1
            if count >= last:
                raise Killed
            return call(*arguments)

        return wrapper

    for module, names in (
        (compaction, ("write_all", "sync_folder")),
        (segments, ("write_all", "sync_data", "sync_folder")),
        (journal, ("sync_data", "seal")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, counted(getattr(module, name)))
    monkeypatch.setattr(os, "unlink", counted(os.unlink))
    yield count
    yield count


@pytest.mark.parametrize("lose_index", [False, True])
async def test_it_may_stop_anywhere(filled: Office, *, lose_index: bool) -> None:
    picture = await picture_of(filled.account)
    stopped = 0
    for last in range(1, 200):
        writer = filled.writer
        with pytest.MonkeyPatch.context() as patched:
            counting = calls_of(patched, last)
            next(counting)
            try:
                compact(writer, 1, least_octets=1)
            except Killed:
                stopped += 1
            else:
                break
        # What the process knew is gone, the gate with it; the files are as they were.
        await filled.store.close()
        if lose_index:
            (filled.folder / "index.db").unlink()
        await filled.open_again()
        assert await picture_of(filled.account) == picture, last
    assert stopped > 10
    assert await picture_of(filled.account) == picture
