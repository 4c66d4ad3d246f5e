"""What stays open: looking after everybody, or reading, must not open a writer for each account."""

from __future__ import annotations

from tests.unit.store_embedded.conftest import Office


async def test_looking_after_an_account_leaves_no_database_open(office: Office) -> None:
    await office.add()
    await office.open_again()
    assert await office.account.purge(1) == 0
    await office.account.compact()
    assert not office.writer.is_open
    assert not office.store._shared.indexes._recent._handles


async def test_reading_leaves_no_writer_open(office: Office) -> None:
    await office.add()
    await office.open_again()
    assert await office.uids() == [1]
    assert not office.writer.is_open


async def test_a_writer_that_was_open_stays_so(office: Office) -> None:
    await office.add()
    assert office.writer.is_open
    await office.account.compact()
    assert await office.uids() == [1]
    assert office.writer.is_open
