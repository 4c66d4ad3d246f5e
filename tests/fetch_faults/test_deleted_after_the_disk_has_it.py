"""DELE is on no wire before the disk has the letter: read from the system calls of `hato fetch`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.grounds import rounds_of_this_run, seed_of_this_run
from tests.faults.marked_letters import CHUNKED, SMALL, SPOOLED, Marks
from tests.faults.system_calls import skip_untraceable
from tests.fetch_faults.collector import DELETE, KEEP, Collector
from tests.fetch_faults.traced_fetch import Scripted, deletions, trace_of_fetch
from tests.fetching.maildrop import LOGIN, Maildrop
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]

SIZES = (SMALL, SMALL, CHUNKED, SMALL, SMALL, SPOOLED)


def test_the_disk_has_a_letter_before_dele_is_said(tmp_path: Path) -> None:
    skip_untraceable()
    seed = seed_of_this_run()
    print(f"seed {seed}")
    marks = Marks(seed)
    small_segments: dict[str, dict[str, object]] = {"store": {"segment_octets": 400_000}}
    collector = Collector(tmp_path / "here", small_segments)
    said = 0
    drop = Maildrop()
    with Provider(drop) as provider:
        mailbox = Scripted(drop, provider.port)
        collector.add_source(mailbox, provider.port, DELETE)
        for number in range(rounds_of_this_run(3)):
            sent = [marks.next(low + 137 * at) for at, (low, _) in enumerate(SIZES * 4)]
            mailbox.put(sent)
            disk = trace_of_fetch(collector, tmp_path / f"trace{number}")
            for call, numbers in deletions(disk, provider.port):
                assert disk.unsynced_journals(call.began) == []
                for one in numbers:
                    records = disk.records_of(sent[one - 1])
                    assert len(records) == 1, f"{sent[one - 1]} is not in the journal"
                    disk.require(records.values(), call.began, sent[one - 1])
                    said += 1
            assert drop.letters == {}
    assert said == len(drop.deleted) == len(drop.asked("DELE"))
    print(f"DELE after the disk had the letter, its name included: {said} of {said}")


def test_a_letter_of_an_earlier_poll_may_go_at_once(tmp_path: Path) -> None:
    """Kept first, then the rule changes: what is deleted was durable long ago, and stays here."""
    skip_untraceable()
    marks = Marks(seed_of_this_run())
    collector = Collector(tmp_path / "here")
    drop = Maildrop()
    with Provider(drop) as provider:
        mailbox = Scripted(drop, provider.port)
        collector.add_source(mailbox, provider.port, KEEP)
        mailbox.put([marks.next(2_000) for _ in range(5)])
        assert collector.fetch()[0] == 0
        collector.hato.run("account", "edit", LOGIN, "--owner", "kim@example.org", *DELETE)
        disk = trace_of_fetch(collector, tmp_path / "trace")
        for call, _ in deletions(disk, provider.port):
            assert disk.unsynced_journals(call.began) == []
    assert drop.letters == {}
    assert len(collector.letters()) == 5
