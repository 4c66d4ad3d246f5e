"""What a person may put into a folder that root imports: links, pipes; nothing is read by them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from hato.cli.moving.foreign_files import place_of
from hato.cli.moving.import_sources import read_eml, read_maildir, read_mbox
from hato.core.errors import InvalidInputError
from hato.services.importing import ForeignMessage, Import
from tests.unit.importing.test_importing import LETTER, Desk, maildir

SECRET = b"root:secret\n\nnobody else may read this\n"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "shadow").write_bytes(SECRET)
    (folder / "shadow.eml").write_bytes(SECRET)
    maildir(folder / "bob", {"cur/1.x": SECRET})
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return maildir(tmp_path / "M", {"new/0.x": LETTER % (0, 0)})


async def failing_keys(desk: Desk, messages: Iterable[ForeignMessage]) -> list[str]:
    _, work = await desk.bring(messages)
    return [failure.key for failure in work.failures]


@pytest.mark.parametrize("way", ["foresee", "run"])
async def test_a_link_in_the_place_of_a_letter_is_not_followed(
    root: Path, secrets: Path, way: str
) -> None:
    desk = await Desk().open()
    (root / "new/1.x").symlink_to(secrets / "shadow")
    work = Import(desk.account, desk.deliveries, desk.clock, "import:test")
    await work.begin()
    *_, tally = [tally async for tally in getattr(work, way)(read_maildir(root))]
    assert (tally.new, tally.failed) == (1, 1)
    assert work.failures[0].reason == (
        f"{root}/new/1.x is a link or stands behind one: links are not followed."
    )


@pytest.mark.parametrize(
    ("link", "target"),
    [(".Link", "bob"), (".Work/cur", "bob/cur"), ("cur", "bob/cur"), ("new", "bob/cur")],
)
async def test_a_folder_that_is_a_link_is_told_and_not_followed(
    tmp_path: Path, secrets: Path, link: str, target: str
) -> None:
    desk = await Desk().open()
    root = tmp_path / "M"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(secrets / target)
    assert await failing_keys(desk, read_maildir(root)) == [Path(link).name]
    assert await desk.emails() == []


async def test_links_among_files_are_told_and_not_followed(tmp_path: Path, secrets: Path) -> None:
    desk = await Desk().open()
    folder = tmp_path / "eml"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "1.eml").symlink_to(secrets / "shadow")
    (folder / "all").symlink_to(secrets)
    (folder / "0.eml").write_bytes(LETTER % (0, 0))
    assert await failing_keys(desk, read_eml(folder)) == ["all", "sub/1.eml"]
    assert len(await desk.emails()) == 1


async def test_a_folder_that_becomes_a_link_while_reading_is_not_followed(
    root: Path, secrets: Path
) -> None:
    desk = await Desk().open()
    messages = list(read_maildir(maildir(root / ".Work", {"cur/1.x": LETTER % (1, 1)}).parent))
    (root / ".Work").rename(root / "away")
    (root / ".Work").symlink_to(secrets / "bob")
    assert await failing_keys(desk, messages) == ["Work/1.x"]


@pytest.mark.parametrize("way", ["foresee", "run"])
@pytest.mark.parametrize("kind", [read_maildir, read_eml])
async def test_a_pipe_is_told_and_never_waited_for(
    root: Path, way: str, kind: Callable[[Path], Iterable[ForeignMessage]]
) -> None:
    desk = await Desk().open()
    os.mkfifo(root / "new/1.eml")
    work = Import(desk.account, desk.deliveries, desk.clock, "import:test")
    await work.begin()
    *_, tally = [tally async for tally in getattr(work, way)(kind(root))]
    assert (tally.failed, tally.skipped) == (1, 0)
    assert "no plain file but a folder, a pipe or a device" in work.failures[0].reason


def test_an_mbox_that_is_a_pipe_or_a_link_is_refused(tmp_path: Path, secrets: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(secrets / "shadow")
    with pytest.raises(InvalidInputError, match="no plain file"):
        list(read_mbox(tmp_path / "pipe"))
    with pytest.raises(InvalidInputError, match="is a link"):
        list(read_mbox(tmp_path / "link"))


def test_a_typed_path_may_lead_over_links_of_ones_own(tmp_path: Path, secrets: Path) -> None:
    (tmp_path / "link").symlink_to("secrets/../secrets")
    assert place_of(tmp_path / "link" / "bob") == secrets / "bob"


def test_a_typed_path_that_somebody_else_can_turn_is_refused(
    tmp_path: Path, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(secrets)
    if os.geteuid():
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    else:
        os.lchown(link, 12345, 12345)
    with pytest.raises(InvalidInputError, match="is a link that somebody else made"):
        place_of(link / "bob")


def test_a_typed_path_that_goes_in_circles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(InvalidInputError, match="goes in circles"):
        place_of(tmp_path / "a")
