"""An account without its journal, or with less of it than was acknowledged."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hato.core.errors import ConflictError, DamagedError, UnavailableError
from hato.core.ids import AccountId, ModSeq
from hato.core.log import Level, log
from hato.services.upkeep import do_round
from hato.store.changes import MailboxMade, MakeMailbox
from hato.store.embedded import journal, replay
from hato.store.embedded.compaction import compact, write_checkpoint
from hato.store.embedded.segments import open_to_append, segment_path
from hato.store.embedded.system import OpenFile
from hato.store.model import TOP, ChangeKind, JournalLoss
from tests.unit.store_embedded.conftest import LETTER, Office, OpenOffice


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


def cut_the_end(office: Office, octets: int) -> None:
    segment = office.segments()[-1]
    segment.chmod(0o600)
    with segment.open("r+b") as file:
        file.truncate(octets)


async def uidls(office: Office) -> list[str]:
    snapshot = await office.account.snapshot(office.account.inbox)
    return [snapshot.uidl(index) for index in range(len(snapshot))]


async def lose_the_last_of(office: Office, letters: int, lost: int) -> list[str]:
    """Deliver letters and cut the journal before the last ones; return all their UIDLs."""
    for number in range(letters - lost):
        await office.add(b"%d" % number + LETTER)
    octets = office.segments()[-1].stat().st_size
    for number in range(lost):
        await office.add(b"lost %d" % number + LETTER)
    given = await uidls(office)
    await office.store.close()
    cut_the_end(office, octets)
    await office.open_again()
    return given


async def test_numbers_that_lost_letters_had_are_not_given_again(office: Office) -> None:
    given = await lose_the_last_of(office, 10, 6)
    before = await office.account.snapshot(office.account.inbox)
    assert await uidls(office) == given[:4]
    assert [(await office.add()).placements[0][1] for _ in range(7)] == [*range(11, 18)]
    after = await office.account.snapshot(office.account.inbox)
    assert before.uidvalidity == after.uidvalidity
    now = await uidls(office)
    assert now[:4] == given[:4]
    assert not set(now[4:]) & set(given)
    made = await office.commit(MakeMailbox(TOP, "Other"))
    assert made.modseq == 1 + 10 + 1 + 7 + 1  # the loss is a step


async def test_a_client_that_saw_lost_steps_must_read_everything_again(office: Office) -> None:
    for _ in range(3):
        await office.add()
    await lose_the_last_of(office, 4, 3)
    seen = ModSeq(8)
    with pytest.raises(ConflictError):
        await office.account.changes(ChangeKind.EMAIL, seen, 100)
    assert await office.account.modseq() == 9


async def test_mailboxes_that_were_lost_leave_their_numbers_unused(office: Office) -> None:
    octets = office.segments()[-1].stat().st_size
    (first,) = (await office.commit(MakeMailbox(TOP, "First"))).facts
    assert isinstance(first, MailboxMade)
    await office.store.close()
    cut_the_end(office, octets)
    await office.open_again()
    (again,) = (await office.commit(MakeMailbox(TOP, "First"))).facts
    assert isinstance(again, MailboxMade)
    assert again.mailbox_id > first.mailbox_id
    assert again.uidvalidity > first.uidvalidity


async def test_the_numbers_stay_above_after_rebuilding_and_compacting(office: Office) -> None:
    given = await lose_the_last_of(office, 10, 6)
    await office.add()
    write_checkpoint(office.writer, 1)
    await office.store.close()
    for path in office.folder.glob("index.*"):
        path.unlink()
    await office.open_again()
    assert (await office.add()).placements[0][1] == 12
    assert not set((await uidls(office))[4:]) & set(given)
    assert (await office.account.verify()).differences == ()


async def test_a_journal_that_lost_its_last_segment_keeps_its_numbers(
    open_office: OpenOffice,
) -> None:
    office = await open_office(segment_octets=4_096)
    for _ in range(20):
        await office.add(LETTER * 30)
    given = await uidls(office)
    assert len(office.segments()) > 2
    await office.store.close()
    office.segments()[-1].unlink()
    await office.open_again()
    assert (await office.add()).placements[0][1] == 21
    now = await uidls(office)
    assert len(now) < 20
    assert not set(now[-1:]) & set(given)


async def test_a_crash_before_the_new_index_is_in_place_loses_no_number(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = await lose_the_last_of(office, 10, 6)

    def cut_short(*_: object) -> None:
        raise OSError(errno.EIO, "the power went")

    with monkeypatch.context() as patched:
        patched.setattr(replay, "give_to_owner", cut_short)
        with pytest.raises(UnavailableError):
            await office.account.usage()
    await office.open_again()
    assert (await office.add()).placements[0][1] == 11
    assert not set((await uidls(office))[4:]) & set(given)
    assert len((await office.account.verify()).losses) == 1


async def test_a_journal_that_shrinks_while_it_is_served_is_noticed(office: Office) -> None:
    for _ in range(3):
        await office.add()
    octets = office.segments()[-1].stat().st_size
    await office.add()
    cut_the_end(office, octets)
    assert await office.uids() == [1, 2, 3]
    assert (await office.add()).placements[0][1] == 5


async def test_an_index_that_is_only_behind_is_no_loss(open_office: OpenOffice) -> None:
    office = await open_office(segment_octets=4_096)
    await office.add()
    await office.store.close()
    old = {path.name: path.read_bytes() for path in office.folder.glob("index.db*")}
    await office.open_again()
    for _ in range(20):
        await office.add(LETTER * 30)
    await office.end(*range(1, 20))
    compact(office.writer, 1, least_octets=1)
    assert not (office.folder / "000001.log").exists()
    await office.store.close()
    for name, content in old.items():
        (office.folder / name).write_bytes(content)
    (office.folder / "index.db-shm").unlink(missing_ok=True)
    await office.open_again()
    assert await office.uids() == [20, 21]
    assert (await office.account.verify()).losses == ()


async def test_a_loss_is_logged_and_reported_until_it_is_acknowledged(
    office: Office, tmp_path: Path
) -> None:
    loss = JournalLoss(office.clock.now(), 6, 6)
    with (tmp_path / "log").open("w+b") as file:
        log.configure(level=Level.ERROR, as_json=True, descriptor=file.fileno())
        try:
            await lose_the_last_of(office, 10, 6)
            assert (await office.account.verify()).losses == (loss,)
            assert await office.uids() == [1, 2, 3, 4]
        finally:
            log.configure(level=Level.INFO, as_json=False)
        file.seek(0)
        (line,) = file.read().splitlines()
    told = msgspec.json.decode(line)
    assert told["event"] == "journal-lost-its-end"
    assert (told["account"], told["steps"], told["emails"]) == (office.account.account_id, 6, 6)
    for _ in range(2):
        assert (await office.account.verify()).losses == (loss,)
    await office.open_again()
    assert (await office.account.verify(repair=True)).losses
    report = await office.account.verify()
    assert (report.losses, report.differences, report.damaged) == ((), (), ())


async def test_a_segment_left_by_a_crash_can_be_left_by_whoever_may_not_write_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read-only already: only root could open it to write."""
    await office.add()
    await office.store.close()
    office.segments()[-1].chmod(0o400)

    def open_as_owner(folder: str, number: int) -> OpenFile:
        if not Path(segment_path(folder, number)).stat().st_mode & 0o200:
            raise PermissionError(errno.EACCES, "read-only")
        return open_to_append(folder, number)

    monkeypatch.setattr(journal, "open_to_append", open_as_owner)
    await office.open_again()
    assert (await office.add()).placements[0][1] == 2
