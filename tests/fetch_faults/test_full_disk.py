"""A disk that is full while mail is fetched: nothing is deleted there, and it goes on by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.marked_letters import Marks, letter_of
from tests.faults.small_disks import KINDS, free_octets, small_disk
from tests.fetch_faults.collector import DELETE, Collector
from tests.fetch_faults.mailboxes import mark_of
from tests.fetch_faults.traced_fetch import Scripted
from tests.fetching.maildrop import Maildrop
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]

DISK_OCTETS = 64_000_000
LEFT_OCTETS = 18_000_000
"""Well above the mark: what arrives lies in a temporary file first, and takes room twice."""
LETTERS = 24
LETTER_OCTETS = 900_000
TABLES: dict[str, dict[str, object]] = {"store": {"free_space_octets": 6_000_000}}


def leave_free(folder: Path, octets: int) -> Path:
    """Take what is free but so much; return the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        while (room := free_octets(folder) - octets) > 0:
            file.write(bytes(min(room, 1 << 20)))
            file.flush()
            os.fsync(file.fileno())
            if room < 4096:
                break
    return filler


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_deleted_there_and_it_goes_on(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "here"
    marks = Marks(1)
    sent = [marks.next(LETTER_OCTETS) for _ in range(LETTERS)]
    drop = Maildrop({mark: letter_of(mark) for mark in sent})
    with small_disk(folder / "data", kind, DISK_OCTETS) as disk, Provider(drop) as provider:
        collector = Collector(folder, TABLES)
        collector.add_source(Scripted(drop, provider.port), provider.port, DELETE)
        filler = leave_free(disk, LEFT_OCTETS)
        here: list[str] = []
        for _ in range(3):
            status, words = collector.fetch()
            here = list(map(mark_of, collector.letters()))
            assert status == 1, words
            assert "disk" in words, words
            assert len(set(here)) == len(here)
            assert set(here) | set(drop.letters) == set(sent)
        assert 0 < len(here) < LETTERS
        filler.unlink()
        status, words = collector.fetch()
        assert status == 0, words
        assert sorted(map(mark_of, collector.letters())) == sorted(sent)
        assert drop.letters == {}


def test_a_disk_without_any_room_loses_nothing(tmp_path: Path) -> None:
    """Not one octet can be written: the mail waits where it is."""
    folder = tmp_path / "here"
    marks = Marks(2)
    drop = Maildrop({mark: letter_of(mark) for mark in [marks.next(50_000) for _ in range(5)]})
    with small_disk(folder / "data", "tmpfs", DISK_OCTETS) as disk, Provider(drop) as provider:
        collector = Collector(folder, TABLES)
        collector.add_source(Scripted(drop, provider.port), provider.port, DELETE)
        (disk / "reserve").unlink(missing_ok=True)
        filler = leave_free(disk, 0)
        status, words = collector.fetch()
        assert status != 0, words
        assert len(drop.letters) == 5
        filler.unlink()
        assert collector.fetch()[0] == 0
        assert drop.letters == {}
        assert len(collector.letters()) == 5
