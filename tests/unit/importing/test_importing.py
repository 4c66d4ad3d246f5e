"""Import: every message once, with its date, flags and folder, however often it is tried."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from hato.cli.moving.import_sources import read_eml, read_maildir, read_mbox
from hato.core.clock import FixedClock
from hato.core.errors import InUseError, StorageFullError
from hato.core.settings import Settings
from hato.services.accounts import Accounts
from hato.services.delivery import DeliveryService
from hato.services.importing import ForeignMessage, Import, Tally
from hato.store.api import Account
from hato.store.memory import MemoryStore
from hato.store.model import ANSWERED, FLAGGED, SEEN, Email

LETTER = b"From: a@example.org\nSubject: %d\n\nHello %d\n"


class Desk:
    """An empty account and the door to it."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock, Settings().store)
        book = Accounts(self.store, Settings(), self.clock)
        self.deliveries = DeliveryService(
            self.store, book, self.clock, hostname="mail.example.org", message_octets=1000
        )
        self.account: Account

    async def open(self) -> Desk:
        self.account = await self.store.account(await self.store.create_account())
        return self

    async def bring(
        self, messages: Iterable[ForeignMessage], source: str = "import:test"
    ) -> tuple[Tally, Import]:
        work = Import(self.account, self.deliveries, self.clock, source)
        await work.begin()
        try:
            tallies = [Tally(0, 0, 0, 0), *[tally async for tally in work.run(messages)]]
        finally:
            await work.end()
        return tallies[-1], work

    async def emails(self) -> list[Email]:
        snapshot = await self.account.snapshot(self.account.inbox)
        return await self.account.emails(list(snapshot.email_ids))  # type: ignore[arg-type]  # plain numbers

    async def bodies(self) -> list[bytes]:
        return [
            (await self.account.read(email.body, 0, email.body.size_octets)).data
            for email in await self.emails()
        ]


def maildir(folder: Path, names: dict[str, bytes]) -> Path:
    for place in ("cur", "new", "tmp"):
        (folder / place).mkdir(parents=True)
    for name, content in names.items():
        (folder / name).write_bytes(content)
    return folder


async def test_a_maildir_keeps_dates_flags_and_folders(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {"new/1.a": LETTER % (1, 1), "cur/2.b:2,FRS": LETTER % (2, 2)})
    maildir(root / ".Work.2024", {"cur/3.c:2,": LETTER % (3, 3), "cur/4.d:2,T": LETTER % (4, 4)})
    os.utime(root / "new/1.a", (1_000_000_000, 1_000_000_000))
    os.utime(root / "cur/2.b:2,FRS", (1_100_000_000, 1_100_000_000))
    tally, _ = await desk.bring(read_maildir(root))
    assert tally == Tally(3, 0, 0, 3 * len(LETTER % (1, 1)))
    first, second = await desk.emails()
    assert (first.received, second.received) == (1_000_000_000, 1_100_000_000)
    assert first.keywords == frozenset()
    assert second.keywords == {SEEN, ANSWERED, FLAGGED}
    assert await desk.bodies() == [
        (LETTER % (number, number)).replace(b"\n", b"\r\n") for number in (1, 2)
    ]
    names = {mailbox.name: mailbox.total for mailbox in await desk.account.mailboxes()}
    assert names["2024"] == 1


async def test_a_second_run_adds_nothing(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {f"new/{n}.x": LETTER % (n, n) for n in range(5)})
    await desk.bring(read_maildir(root))
    for n in range(5):
        (root / "new" / f"{n}.x").rename(root / "cur" / f"{n}.x:2,S")
    tally, _ = await desk.bring(read_maildir(root))
    assert (tally.new, tally.known) == (0, 5)
    assert len(await desk.emails()) == 5


async def test_an_interrupted_run_is_taken_up(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {f"new/{n}.x": LETTER % (n, n) for n in range(5)})
    work = Import(desk.account, desk.deliveries, desk.clock, "import:test")
    await work.begin()
    async for tally in work.run(read_maildir(root)):
        if tally.new == 2:
            break
    await work.end()
    tally, _ = await desk.bring(read_maildir(root))
    assert (tally.new, tally.known) == (3, 2)
    assert len(await desk.emails()) == 5


async def test_two_runs_of_the_same_source_do_not_meet(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {"new/1.x": LETTER % (1, 1)})
    first = Import(desk.account, desk.deliveries, desk.clock, "import:test")
    await first.begin()
    with pytest.raises(InUseError):
        await desk.bring(read_maildir(root))
    await first.end()
    await desk.bring(read_maildir(root))
    assert len(await desk.emails()) == 1


async def test_one_bad_message_does_not_stop_the_others(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(
        tmp_path / "M", {"new/1.x": b"A: 1\n\n" + b"x" * 2000, "new/2.x": LETTER % (2, 2)}
    )
    tally, work = await desk.bring(read_maildir(root))
    assert (tally.new, tally.failed) == (1, 1)
    assert [failure.key for failure in work.failures] == ["1.x"]
    assert "more than 1000 octets" in work.failures[0].reason


async def test_a_full_disk_stops_the_run_and_the_next_takes_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {f"new/{n}.x": LETTER % (n, n) for n in range(3)})

    async def no_room(*_: object, **__: object) -> None:
        raise StorageFullError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(desk.deliveries, "bring_in", no_room)
        with pytest.raises(StorageFullError):
            await desk.bring(read_maildir(root))
    tally, _ = await desk.bring(read_maildir(root))
    assert tally.new == 3


async def test_an_mbox_keeps_dates_and_status_and_undoes_quoting(tmp_path: Path) -> None:
    desk = await Desk().open()
    file = tmp_path / "mbox"
    file.write_bytes(
        b"From a Sat Jan  3 01:05:34 1996\nSubject: 1\nStatus: RO\nX-Status: AF\n\n"
        b">From here\n.\n\n"
        b"From b Sat Jan  3 01:05:35 1996\nSubject: 1\n\nsame\n\n"
        b"From b Sat Jan  3 01:05:35 1996\nSubject: 1\n\nsame\n"
    )
    tally, _ = await desk.bring(read_mbox(file))
    assert tally.new == 3
    assert (await desk.bring(read_mbox(file)))[0].known == 3
    first = (await desk.emails())[0]
    assert first.received == 820631134
    assert first.keywords == {SEEN, ANSWERED, FLAGGED}
    assert (await desk.bodies())[0].endswith(b"\r\n\r\nFrom here\r\n.\r\n")


async def test_files_below_a_folder_come_in_by_name(tmp_path: Path) -> None:
    desk = await Desk().open()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.eml").write_bytes(LETTER % (2, 2))
    (tmp_path / "1.eml").write_bytes((LETTER % (1, 1)).removesuffix(b"\n"))
    (tmp_path / "notes.txt").write_bytes(b"not a letter")
    tally, _ = await desk.bring(read_eml(tmp_path))
    assert tally.new == 2
    assert (await desk.bodies())[0] == (LETTER % (1, 1)).replace(b"\n", b"\r\n")


async def test_line_ends_of_every_kind_become_those_of_the_wire(tmp_path: Path) -> None:
    desk = await Desk().open()
    (tmp_path / "1.eml").write_bytes(b"A: 1\r\r\nB: 2\n\nold\rtwo\r\n")
    await desk.bring(read_eml(tmp_path))
    assert await desk.bodies() == [b"A: 1\r\nB: 2\r\n\r\nold\r\ntwo\r\n"]


async def test_what_is_empty_is_no_letter(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {"new/1.x": LETTER % (1, 1), "new/2.x": b"", "cur/3.x:2,S": b""})
    tally, work = await desk.bring(read_maildir(root))
    assert (tally.new, tally.skipped, tally.failed) == (1, 2, 0)
    assert sorted(work.skipped) == ["2.x", "3.x"]
    (root / "new/2.x").write_bytes(LETTER % (2, 2))  # its writer was not done yet
    tally, _ = await desk.bring(read_maildir(root))
    assert (tally.new, tally.known, tally.skipped) == (1, 1, 1)


async def test_what_would_be_done_is_foreseen_and_nothing_changed(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {"new/1.x": LETTER % (1, 1)})
    await desk.bring(read_maildir(root))
    (root / "new/2.x").write_bytes(LETTER % (2, 2))
    (root / "new/3.x").write_bytes(b"")
    (root / "new/4.x").symlink_to(tmp_path / "nowhere")
    maildir(root / ".New", {"new/5.x": LETTER % (5, 5)})
    modseq, mailboxes = await desk.account.modseq(), await desk.account.mailboxes()
    work = Import(desk.account, desk.deliveries, desk.clock, "import:test")
    *_, foreseen = [tally async for tally in work.foresee(read_maildir(root))]
    assert (await desk.account.modseq(), await desk.account.mailboxes()) == (modseq, mailboxes)
    done, _ = await desk.bring(read_maildir(root))
    assert foreseen == done == Tally(2, 1, 1, 2 * len(LETTER % (2, 2)), 1)


@pytest.mark.parametrize("way", ["foresee", "run"])
async def test_it_can_be_interrupted_at_each_message(tmp_path: Path, way: str) -> None:
    """Not even what is known already passes without others having their turn."""
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {f"new/{n}.x": LETTER % (n, n) for n in range(9)})
    await desk.bring(read_maildir(root))
    work = Import(desk.account, desk.deliveries, desk.clock, "import:test")
    await work.begin()
    taken: list[str] = []

    def messages() -> Iterator[ForeignMessage]:
        for message in read_maildir(root):
            taken.append(message.key)
            if len(taken) == 3:
                going.cancel()
            yield message

    async def go() -> None:
        async for tally in getattr(work, way)(messages()):
            assert tally.known == len(taken)

    going = asyncio.ensure_future(go())
    with pytest.raises(asyncio.CancelledError):
        await going
    assert len(taken) == 3
    await work.end()


async def test_what_cannot_be_opened_is_a_failure_and_not_empty(tmp_path: Path) -> None:
    desk = await Desk().open()
    root = maildir(tmp_path / "M", {"new/1.x": LETTER % (1, 1)})
    (root / "new" / "2.x").symlink_to(tmp_path / "nowhere")
    tally, work = await desk.bring(read_maildir(root))
    assert (tally.new, tally.skipped) == (1, 0)
    assert [failure.key for failure in work.failures] == ["2.x"]
