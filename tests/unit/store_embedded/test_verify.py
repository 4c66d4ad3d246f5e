"""Verifying and repairing: the index against the journal, and the journal against its checksums."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from hato.core.errors import DamagedError
from hato.store.changes import SetKeywords
from hato.store.contract.picture import picture_of
from hato.store.embedded.record import HEAD_OCTETS
from tests.unit.store_embedded.conftest import LETTER, Office, OpenOffice


async def fill(office: Office) -> None:
    for number in range(6):
        await office.add(b"%d" % number + LETTER, uidl=f"kept-{number}" if number % 2 else None)
    await office.end(2)


def spoil_index(office: Office, sql: str) -> None:
    connection = apsw.Connection(str(office.folder / "index.db"))
    connection.execute(sql)
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE placement SET uid = 77 WHERE uid = 3",
        "DELETE FROM placement WHERE uid = 3",
        "UPDATE email SET uidl = 'other' WHERE uidl = 'kept-3'",
        "UPDATE email SET keywords = 9",
        "UPDATE mailbox SET unseen = 0",
        "UPDATE account SET next_id = next_id + 1",
        "UPDATE body SET offset = offset + 1 WHERE id = 10",
        "DELETE FROM expunged",
    ],
)
async def test_a_wrong_index_is_noticed_and_made_anew(office: Office, sql: str) -> None:
    await fill(office)
    picture = await picture_of(office.account)
    spoil_index(office, sql)
    report = await office.account.verify()
    assert report.differences
    assert (await office.account.verify()).differences == report.differences
    assert (await office.account.verify(repair=True)).differences == report.differences
    report = await office.account.verify()
    assert (report.damaged, report.differences) == ((), ())
    assert await picture_of(office.account) == picture


async def test_what_the_journal_lost_is_told_and_said_again_from_the_index(office: Office) -> None:
    await fill(office)
    (email,) = await office.account.emails([(await office.add()).email_id])
    await office.add()
    picture = await picture_of(office.account)
    segment = office.segments()[-1]
    content = bytearray(segment.read_bytes())
    content[email.body.hint[1] + HEAD_OCTETS + 3] ^= 1
    segment.write_bytes(content)
    report = await office.account.verify()
    assert any("is damaged" in difference for difference in report.differences)
    assert report.damaged == ()
    await office.account.verify(repair=True)
    assert await picture_of(office.account) == picture
    await office.store.close()
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await picture_of(office.account) == picture


async def test_a_damaged_head_loses_one_step_to_a_rebuild_and_nothing_else(office: Office) -> None:
    (email,) = await office.account.emails([(await office.add(b"first")).email_id])
    second = await office.add(b"second")
    segment = office.segments()[-1]
    content = bytearray(segment.read_bytes())
    content[email.body.hint[1] + 5] ^= 1
    segment.write_bytes(content)
    await office.store.close()
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await office.uids() == [2]
    assert await office.octets(second.email_id) == b"second"
    assert (await office.add()).placements[0][1] == 3
    report = await office.account.verify()
    assert any("are damaged" in difference for difference in report.differences)


async def test_steps_that_concern_a_lost_message_are_passed_over(office: Office) -> None:
    first = await office.add(b"first")
    (email,) = await office.account.emails([first.email_id])
    await office.add(b"second")
    await office.commit(SetKeywords((first.email_id,), frozenset({"a"})))
    await office.end(1)
    segment = office.segments()[-1]
    content = bytearray(segment.read_bytes())
    content[email.body.hint[1] + 5] ^= 1
    segment.write_bytes(content)
    await office.store.close()
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await office.uids() == [2]
    assert (await office.account.mailboxes())[0].total == 1


async def test_an_unreadable_index_is_told(office: Office) -> None:
    await fill(office)
    picture = await picture_of(office.account)
    await office.account.modseq()
    office.store._shared.indexes.forget()
    office.writer.close()
    path: Path = office.folder / "index.db"
    content = bytearray(path.read_bytes())
    wal = office.folder / "index.db-wal"
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    wal.touch()
    content = bytearray(path.read_bytes())
    content[1_024 * 2 :] = b"\x55" * (len(content) - 1_024 * 2)
    path.write_bytes(content)
    report = await office.account.verify(repair=True)
    assert report.damaged == ()
    assert await picture_of(office.account) == picture


def contents(office: Office) -> dict[str, tuple[bytes, int]]:
    """Everything that is kept for an account; what locks it and what SQLite shares is not."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mode)
        for path in office.folder.iterdir()
        if path.suffix != ".db-shm" and path.name != "gate" and not path.name.startswith("lock-")
    }


def lose_the_index(office: Office) -> None:
    for path in office.folder.glob("index.db*"):
        path.unlink()


def lose_the_log(office: Office) -> None:
    (office.folder / "index.db-wal").unlink()


def tear(office: Office) -> None:
    with office.segments()[-1].open("r+b") as file:
        file.truncate(office.segments()[-1].stat().st_size - 10)


def add_rubbish(office: Office) -> None:
    with office.segments()[-1].open("ab") as file:
        file.write(b"rubbish" * 100)


def leave(office: Office) -> None:
    office.segments()[-1].chmod(0o400)


@pytest.mark.parametrize("harm", [lose_the_index, lose_the_log, tear, add_rubbish, leave])
async def test_looking_writes_nothing(office: Office, harm: Callable[[Office], None]) -> None:
    await fill(office)
    await office.store.close()
    harm(office)
    before = contents(office)
    await office.open_again()
    report = await office.account.verify()
    assert contents(office) == before
    assert (report.damaged, report.differences) == ((), ())
    assert bool(report.losses) == (harm is tear)
    await office.account.verify(repair=True)
    report = await office.account.verify()
    assert (report.damaged, report.differences, report.losses) == ((), (), ())


async def test_a_journal_that_is_gone_is_damage(office: Office) -> None:
    await fill(office)
    await office.store.close()
    segment = office.segments()[0]
    segment.rename(office.folder / "000019.log")
    before = contents(office)
    await office.open_again()
    for repair in (False, True):
        with pytest.raises(DamagedError):
            await office.account.verify(repair=repair)
    assert contents(office) == before
    (office.folder / "000019.log").rename(segment)
    report = await office.account.verify()
    assert (report.damaged, report.differences, report.losses) == ((), (), ())
    assert len(await office.uids()) == 5


async def test_a_segment_that_is_gone_is_told_and_the_index_does_not_follow_it(
    open_office: OpenOffice,
) -> None:
    office = await open_office(segment_octets=4_096)
    for number in range(8):
        await office.add(b"%d" % number + LETTER * 100)
    uids = await office.uids()
    office.segments()[1].unlink()
    report = await office.account.verify()
    assert "the beginning of the journal is gone" in report.differences
    assert report.damaged
    await office.account.verify(repair=True)
    await office.store.close()
    lose_the_index(office)
    await office.open_again()
    assert await office.uids() == uids
    assert (await office.account.verify()).damaged == report.damaged
