"""A disk that is full while a server fetches: nothing goes there, and it goes on by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.marked_letters import Marks, letter_of
from tests.faults.small_disks import small_disk
from tests.fetch_faults.collector import DELETE, Collector
from tests.fetch_faults.hurried import WRAPPER
from tests.fetch_faults.mailboxes import mark_of
from tests.fetch_faults.test_full_disk import (
    DISK_OCTETS,
    LEFT_OCTETS,
    LETTER_OCTETS,
    LETTERS,
    TABLES,
    leave_free,
)
from tests.fetch_faults.traced_fetch import Scripted
from tests.fetch_faults.watching import await_that, trouble
from tests.fetching.maildrop import Maildrop
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


def test_a_server_waits_for_room_and_goes_on(tmp_path: Path) -> None:
    """Somebody else fills the disk, and takes his file away."""
    folder = tmp_path / "here"
    marks = Marks(1)
    sent = [marks.next(LETTER_OCTETS) for _ in range(LETTERS)]
    drop = Maildrop({mark: letter_of(mark) for mark in sent})
    with small_disk(folder / "data", "tmpfs", DISK_OCTETS) as disk, Provider(drop) as provider:
        collector = Collector(folder, TABLES)
        collector.add_source(Scripted(drop, provider.port), provider.port, DELETE)
        collector.set_poll_seconds(1)
        collector.hato.wrapper = WRAPPER
        filler = leave_free(disk, LEFT_OCTETS)
        collector.hato.start()
        try:
            await_that(lambda: "disk" in trouble(collector), "the full disk", collector)
            here = list(map(mark_of, collector.letters()))
            assert 0 < len(here) < LETTERS
            assert set(here) | set(drop.letters) == set(sent)
            assert not set(drop.deleted) - set(here)
            filler.unlink()
            await_that(lambda: not drop.letters, "the rest", collector)
            assert sorted(map(mark_of, collector.letters())) == sorted(sent)
            await_that(lambda: not trouble(collector), "the end of the trouble", collector)
        finally:
            collector.hato.kill()
    assert len(drop.asked("DELE")) == LETTERS
    assert "Traceback" not in collector.hato.log()
