"""Committing: groups, failures of the disk, gates that others hold, the end of the store."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from hato.core.errors import HatoError, NotFoundError, StorageFullError, UnavailableError
from hato.store.changes import Added, Expunge, PutObject
from hato.store.embedded import encode, journal, segments
from hato.store.embedded.account_writer import AccountWriter
from hato.store.embedded.gate import Gate
from hato.store.embedded.rows import Rows
from hato.store.embedded.system import sync_data, write_all
from tests.unit.store_embedded.conftest import LETTER, Office, OpenOffice

ALWAYS = 10**9


class Failing:
    """Stands for a call of the system: fails some times, then works."""

    def __init__(self, call: Callable[..., None], error: int, times: int) -> None:
        self._call = call
        self._error = error
        self.times = times
        self.calls = 0

    def __call__(self, *arguments: object) -> None:
        self.calls += 1
        if self.times > 0:
            self.times -= 1
            raise OSError(self._error, os.strerror(self._error))
        self._call(*arguments)


def fail_syncs(monkeypatch: pytest.MonkeyPatch, times: int, error: int = errno.EIO) -> Failing:
    """Let the next syncs of a journal fail."""
    failing = Failing(sync_data, error, times)
    monkeypatch.setattr(journal, "sync_data", failing)
    monkeypatch.setattr(segments, "sync_data", failing)
    return failing


def fail_writes(monkeypatch: pytest.MonkeyPatch, times: int, error: int) -> Failing:
    """Let the next writes to a journal fail."""
    failing = Failing(write_all, error, times)
    monkeypatch.setattr(encode, "write_all", failing)
    return failing


async def test_commits_that_wait_together_share_a_sync(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = fail_syncs(monkeypatch, 0)
    letters = [await office.letter() for _ in range(60)]
    done = await asyncio.gather(*(office.commit(letter) for letter in letters))
    assert [one.modseq for one in done] == list(range(2, 62))
    assert await office.uids() == list(range(1, 61))
    assert syncs.calls <= 4


async def test_one_refusal_in_a_group_concerns_nobody_else(office: Office) -> None:
    letters = [await office.letter() for _ in range(3)]
    bad = PutObject("script", "a", b"1")
    outcomes = await asyncio.gather(
        office.commit(letters[0]),
        office.commit(Expunge(99, ())),  # type: ignore[arg-type]  # any number will do
        office.commit(letters[1]),
        office.commit(bad, expected_modseq=77),
        office.commit(letters[2]),
        return_exceptions=True,
    )
    refused = [isinstance(outcome, HatoError) for outcome in outcomes]
    assert refused == [False, True, False, True, False]
    assert await office.uids() == [1, 2, 3]


@pytest.mark.parametrize("times", [1, 2, ALWAYS])
async def test_after_a_failed_sync_nothing_has_happened(
    office: Office, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    await office.add()
    failing = fail_syncs(monkeypatch, times)
    with pytest.raises(UnavailableError):
        await office.add(b"lost")
    assert await office.uids() == [1]
    failing.times = 0
    added = await office.add(b"kept")
    assert added.placements[0][1] == 2
    for lose_index in (False, True):
        await office.store.close()
        if lose_index:
            (office.folder / "index.db").unlink()
        await office.open_again()
        assert await office.uids() == [1, 2]
        assert await office.octets(added.email_id) == b"kept"


async def test_nor_has_it_when_the_failed_write_had_begun_a_segment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index still stands in the segment before: what is behind must not be read as news."""
    await office.add()
    failing = fail_syncs(monkeypatch, 1)
    with pytest.raises(UnavailableError):
        await office.add(b"lost")
    assert len(office.segments()) == 2
    failing.times = 2  # of the record, and of the segment after it
    with pytest.raises(UnavailableError):
        await office.add(b"lost too")
    assert failing.times == 0
    assert await office.uids() == [1]
    await office.add(b"kept")
    assert await office.uids() == [1, 2]
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await office.uids() == [1, 2]


async def test_octets_whose_sync_failed_are_never_believed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.segments()
    fail_syncs(monkeypatch, 1)
    with pytest.raises(UnavailableError):
        await office.add()
    assert len(office.segments()) == len(before) + 1
    assert before[-1].stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
async def test_a_failed_write_is_told_and_the_next_one_works(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    monkeypatch.setattr(office.store._shared.space, "release_reserve", lambda: False)
    fail_writes(monkeypatch, 1, error)
    with pytest.raises(UnavailableError if error == errno.EIO else StorageFullError):
        await office.add()
    assert await office.uids() == []
    await office.add()
    assert await office.uids() == [1]


async def test_the_reserve_makes_room_for_a_write_on_a_full_disk(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    reserve = office.data_folder / "reserve"
    assert reserve.exists()
    fail_writes(monkeypatch, 1, errno.ENOSPC)
    await office.commit(Expunge(office.account.inbox, (1,)))  # type: ignore[arg-type]  # a UID
    assert await office.uids() == []
    assert not reserve.exists()
    await office.add()
    assert reserve.exists()


async def test_the_reserve_is_not_for_letters(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    reserve = office.data_folder / "reserve"
    fail_writes(monkeypatch, 1, errno.ENOSPC)
    with pytest.raises(StorageFullError):
        await office.add()
    assert reserve.exists()
    fail_writes(monkeypatch, 1, errno.ENOSPC)
    expunge = Expunge(office.account.inbox, (1,))  # type: ignore[arg-type]  # a UID
    letter = await office.letter()
    refused, deleted = await asyncio.gather(
        office.commit(letter), office.commit(expunge), return_exceptions=True
    )
    assert isinstance(refused, StorageFullError)
    assert not isinstance(deleted, BaseException)
    assert await office.uids() == []
    assert not reserve.exists()


async def test_the_index_of_a_letter_does_not_take_the_reserve_either(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    reserve = office.data_folder / "reserve"
    commit = AccountWriter._commit
    left = [1]

    def fail_once(writer: AccountWriter, rows: Rows) -> None:
        if left and left.pop():
            raise apsw.FullError("the disk is full")
        commit(writer, rows)

    monkeypatch.setattr(AccountWriter, "_commit", fail_once)
    await office.add()
    assert reserve.exists()
    assert await office.uids() == [1, 2]


async def test_without_the_reserve_letters_leave_its_room_free(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    space = office.store._shared.space
    space.release_reserve()
    monkeypatch.setattr(space, "free_octets", lambda: 4_000_000)
    with pytest.raises(StorageFullError):
        await office.add()
    monkeypatch.undo()
    await office.add()
    assert (office.data_folder / "reserve").exists()


async def test_what_is_durable_has_happened_also_when_the_index_is_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()

    def fail(*_: object) -> None:
        raise apsw.FullError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(AccountWriter, "_commit", fail)
        assert (await office.add(b"kept")).placements[0][1] == 2
        await office.commit(Expunge(office.account.inbox, (1,)))  # type: ignore[arg-type]  # a UID
        for question in (office.uids, office.account.usage):
            with pytest.raises(StorageFullError):
                await question()
    assert await office.uids() == [2]
    assert (await office.account.usage()).used_count == 1
    await office.add()
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await office.uids() == [2, 3]


async def test_below_the_mark_nothing_is_added_but_deleting_goes_on(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await open_office()
    await office.add()
    monkeypatch.setattr(office.store._shared.space, "_mark_octets", 2**60)
    with pytest.raises(StorageFullError):
        await office.add()
    with pytest.raises(StorageFullError):
        await office.store.create_account()
    await office.commit(Expunge(office.account.inbox, (1,)))  # type: ignore[arg-type]  # a UID
    assert await office.uids() == []


async def test_somebody_elses_gate_holds_up_one_account_only(office: Office) -> None:
    other = await office.store.account(await office.store.create_account())
    gate = Gate(str(office.folder))
    gate.take()
    waiting = asyncio.ensure_future(office.add())
    await other.commit([await office.letter()])
    assert not waiting.done()
    gate.release()
    assert (await waiting).placements[0][1] == 1


async def test_what_waits_when_the_store_is_closed_is_finished(office: Office) -> None:
    letters = [await office.letter() for _ in range(20)]
    waiting = [asyncio.ensure_future(office.commit(letter)) for letter in letters]
    await asyncio.sleep(0)
    await office.open_again()
    assert [(await one).modseq for one in waiting] == list(range(2, 22))
    assert len(await office.uids()) == 20


async def test_a_closed_store_says_so(office: Office) -> None:
    account = office.account
    letter = await office.letter()
    await office.open_again()
    with pytest.raises(UnavailableError):
        await account.commit([letter])


async def test_a_full_segment_is_left_for_a_new_one(open_office: OpenOffice) -> None:
    office = await open_office(segment_octets=2_000)
    for number in range(12):
        await office.add(b"%d" % number + bytes(900))
    assert len(office.segments()) > 4
    modes = [segment.stat().st_mode & 0o222 for segment in office.segments()]
    assert modes[-1]
    assert not any(modes[:-1])
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await office.uids() == list(range(1, 13))


async def test_large_and_small_letters_together(office: Office) -> None:
    sizes = [10, 3_000_000, 50, 200_000, 140_000, 0, 1_500_000]
    letters = [await office.letter(bytes(size)) for size in sizes]
    await asyncio.gather(*(office.commit(letter) for letter in letters))
    await office.commit(*letters)
    snapshot = await office.account.snapshot(office.account.inbox)
    assert sorted(snapshot.sizes) == sorted(sizes * 2)
    for index in range(len(snapshot)):
        body = snapshot.body(index)
        piece = await office.account.read(body, 0, body.size_octets)
        assert piece.data == bytes(body.size_octets)


async def test_one_staged_letter_for_many_accounts(office: Office) -> None:
    accounts = [await office.store.account(await office.store.create_account()) for _ in range(20)]
    letter = await office.letter(LETTER, prefix=b"Delivered-To: all\r\n")
    done = await asyncio.gather(*(account.commit([letter]) for account in accounts))
    for account, committed in zip(accounts, done, strict=True):
        (added,) = (fact for fact in committed.facts if isinstance(fact, Added))
        (email,) = await account.emails([added.email_id])
        octets = (await account.read(email.body, 0, 10_000)).data
        assert octets == b"Delivered-To: all\r\n" + LETTER


async def test_an_index_that_breaks_under_way_is_made_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    office.writer.close()
    (office.folder / "index.db-wal").write_bytes(b"")
    (office.folder / "index.db").write_bytes(b"\x17" * 8_192)
    assert (await office.add()).placements[0][1] == 2
    assert await office.uids() == [1, 2]


async def test_an_index_that_is_removed_under_way_is_made_anew(office: Office) -> None:
    await office.add()
    for path in office.folder.glob("index.db*"):
        path.unlink()
    assert (await office.add()).placements[0][1] == 2
    for path in office.folder.glob("index.db*"):
        path.unlink()
    assert await office.uids() == [1, 2]


async def test_a_folder_that_is_removed_under_way_is_not_found(office: Office) -> None:
    await office.add()
    office.folder.rename(Path(f"{office.folder}.gone"))
    with pytest.raises(NotFoundError):
        await office.add()
    with pytest.raises(NotFoundError):
        await office.account.mailboxes()


async def test_an_unexpected_fault_reaches_who_asked_and_nobody_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_writer: AccountWriter) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(AccountWriter, "write", fail)
        with pytest.raises(UnavailableError):
            await office.add()
    await office.add()
    assert await office.uids() == [1]
