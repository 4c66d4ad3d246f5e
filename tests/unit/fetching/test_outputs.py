"""Each new message goes to the command and the Maildir once, also where Hato was killed between."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hato.core.ids import EmailId
from hato.services.fetching.outputs import Cursor, OutputReport, Outputs
from hato.services.sources.source import Source
from hato.services.sources.sources import OUTPUT_KIND
from hato.store.api import Account
from hato.store.changes import PutObject
from tests.unit.fetching.house import House


class Scene:
    """One source with a hook that appends to a file."""

    def __init__(self, house: House, account: Account, source: Source, folder: Path) -> None:
        self.house = house
        self.account = account
        self.source = source
        self.folder = folder
        self.outputs = Outputs()

    async def receive(self, text: str, source_id: str | None = "") -> EmailId:
        source_id = self.source.source_id if source_id == "" else source_id
        return await self.house.receive(self.account, source_id, text)

    async def poll(self, *texts: str) -> OutputReport:
        """Do what a poll does around the messages that it brings."""
        await self.outputs.begin(self.account, self.source)
        for text in texts:
            await self.receive(text)
        return await self.outputs.run(self.account, self.source)

    def hooked(self) -> list[str]:
        path = self.folder / "hooked"
        return path.read_text().split() if path.exists() else []

    def in_maildir(self) -> list[str]:
        folder = self.folder / "Mail/new"
        return sorted(path.read_text().splitlines()[-1] for path in folder.iterdir())

    def restart(self) -> None:
        self.outputs = Outputs()


@pytest.fixture
async def scene(tmp_path: Path) -> Scene:
    house = House()
    account = await house.add_person()
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntail -n 1 | tr -d '\\r' >> {tmp_path}/hooked\n")
    hook.chmod(0o700)
    source = await house.add_source(account, hook=(str(hook),), maildir=str(tmp_path / "Mail"))
    return Scene(house, account, source, tmp_path)


async def test_new_messages_go_to_both_in_order(scene: Scene) -> None:
    assert await scene.poll("one", "two", "three") == OutputReport(done=3)
    assert scene.hooked() == ["one", "two", "three"]
    assert scene.in_maildir() == ["one", "three", "two"]


async def test_each_of_them_once(scene: Scene) -> None:
    await scene.poll("one")
    await scene.poll()
    scene.restart()
    assert await scene.poll("two") == OutputReport(done=1)
    scene.restart()
    assert await scene.poll() == OutputReport()
    assert scene.hooked() == ["one", "two"]


async def test_what_was_there_before_is_not_new(scene: Scene) -> None:
    await scene.receive("old")
    await scene.poll("new")
    assert scene.hooked() == ["new"]


async def test_mail_of_others_is_not_theirs(scene: Scene) -> None:
    await scene.poll()
    await scene.receive("delivered", source_id=None)
    await scene.receive("elsewhere", source_id="other")
    await scene.poll("ours")
    assert scene.hooked() == ["ours"]


async def test_what_a_killed_poll_left_is_done_by_the_next_one(scene: Scene) -> None:
    await scene.poll()
    await scene.receive("left")  # and Hato was killed before its outputs
    scene.restart()
    await scene.poll("later")
    assert scene.hooked() == ["left", "later"]


async def test_only_the_message_whose_command_ran_when_hato_died_comes_again(scene: Scene) -> None:
    await scene.poll()
    first, _ = await scene.receive("first"), await scene.receive("second")
    modseq = await scene.account.modseq()
    await scene.outputs.run(scene.account, scene.source)
    kept = await scene.account.stored_object(OUTPUT_KIND, scene.source.source_id)
    assert kept is not None
    killed = Cursor(msgspec.json.decode(kept.content, type=Cursor).modseq, first)
    begun = msgspec.structs.replace(killed, modseq=type(modseq)(modseq - 2))
    content = msgspec.json.encode(begun)
    await scene.account.commit([PutObject(OUTPUT_KIND, scene.source.source_id, content)])
    scene.restart()
    await scene.poll()
    assert scene.hooked() == ["first", "second", "second"]
    assert scene.in_maildir() == ["first", "second"]


async def test_a_command_that_fails_is_told_and_the_others_go_on(scene: Scene) -> None:
    (scene.folder / "hook").write_text("#!/bin/sh\ngrep -q bad && { echo ouch >&2; exit 1; }\n:\n")
    report = await scene.poll("good", "bad", "fine")
    assert report.done == 3
    assert report.hook_fault.endswith("hook: exit status 1 (ouch)")
    assert scene.in_maildir() == ["bad", "fine", "good"]
    assert await scene.poll() == OutputReport()


async def test_a_maildir_that_cannot_be_written_is_tried_again(scene: Scene) -> None:
    (scene.folder / "Mail").write_text("in the way")
    report = await scene.poll("one", "two")
    assert report.done == 0
    assert str(scene.folder / "Mail") in report.maildir_fault
    assert scene.hooked() == []
    (scene.folder / "Mail").unlink()
    assert await scene.poll("three") == OutputReport(done=3)
    assert scene.in_maildir() == ["one", "three", "two"]
    assert scene.hooked() == ["one", "two", "three"]


async def test_outputs_that_were_taken_away_and_given_back_begin_anew(scene: Scene) -> None:
    await scene.poll("one")
    wanted, scene.source = scene.source, msgspec.structs.replace(scene.source, hook=(), maildir="")
    await scene.poll("two")
    scene.source = wanted
    await scene.poll("three")
    assert scene.hooked() == ["one", "three"]


async def test_a_poll_that_brings_nothing_writes_nothing(scene: Scene) -> None:
    await scene.poll("one")
    before = await scene.account.modseq()
    await scene.poll()
    scene.restart()
    await scene.poll()
    assert await scene.account.modseq() == before
