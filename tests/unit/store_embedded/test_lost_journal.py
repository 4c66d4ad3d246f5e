"""An account without its journal, or with less of it than was acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hato.core.errors import DamagedError
from hato.core.ids import AccountId
from hato.services.upkeep import do_round
from tests.unit.store_embedded.conftest import Office


def remove(office: Office) -> None:
    for segment in office.segments():
        segment.unlink()


def empty(office: Office) -> None:
    office.segments()[0].write_bytes(b"")


def rename(office: Office) -> None:
    office.segments()[0].rename(office.folder / "000007.log")


def cut_the_beginning(office: Office) -> None:
    with office.segments()[0].open("r+b") as file:
        file.truncate(100)


gone = pytest.mark.parametrize("lose", [remove, empty, rename, cut_the_beginning])


def contents(folder: Path) -> dict[str, bytes]:
    """What is kept in an account's folder: the journal and the index's file."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.suffix in {".log", ".db", ".new"}
    }


@gone
async def test_an_account_without_its_journal_is_damaged_and_no_new_one(
    office: Office, lose: Callable[[Office], None]
) -> None:
    await office.add()
    before = contents(office.folder)
    await office.store.close()
    lose(office)
    lost = contents(office.folder)
    await office.open_again()
    with pytest.raises(DamagedError):
        await office.account.snapshot(office.account.inbox)
    with pytest.raises(DamagedError):
        await office.add()
    with pytest.raises(DamagedError):
        await office.account.usage()
    assert contents(office.folder) == lost
    for name in lost:
        (office.folder / name).unlink()
    for name, content in before.items():
        (office.folder / name).write_bytes(content)
    assert await office.uids() == [1]
    assert (await office.add()).placements[0][1] == 2


@gone
async def test_the_index_may_be_gone_too(office: Office, lose: Callable[[Office], None]) -> None:
    await office.add()
    await office.store.close()
    lose(office)
    for path in office.folder.glob("index.*"):
        path.unlink()
    await office.open_again()
    with pytest.raises(DamagedError):
        await office.add()
    assert not list(office.folder.glob("index.*"))


@gone
async def test_upkeep_goes_on_with_the_other_accounts(
    office: Office, lose: Callable[[Office], None]
) -> None:
    account_ids = [await office.store.create_account() for _ in range(3)]
    await office.add()
    await office.store.close()
    lose(office)
    await office.open_again()
    assert await do_round(office.store, office.clock, "me")
    for account_id in account_ids:  # purging has made each an index
        assert (office.data_folder / "accounts" / account_id / "index.db").exists()


async def test_a_bug_in_one_accounts_upkeep_does_not_end_the_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [await office.store.create_account() for _ in range(3)]
    account = office.store.account
    looked_at: list[AccountId] = []

    async def stumble(account_id: AccountId) -> object:
        looked_at.append(account_id)
        if len(looked_at) == 1:
            raise ZeroDivisionError
        return await account(account_id)

    monkeypatch.setattr(office.store, "account", stumble)
    assert await do_round(office.store, office.clock, "me")
    assert sorted(looked_at) == sorted([office.account.account_id, *others])
