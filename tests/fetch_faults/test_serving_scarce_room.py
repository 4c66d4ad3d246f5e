"""Room on a full disk is won by a server by itself: for new mail, beside who reads, and killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.marked_letters import Marks, letter_of
from tests.faults.small_disks import small_disk
from tests.fetch_faults.collector import DELETE, OWNER, Collector
from tests.fetch_faults.hurried import WRAPPER
from tests.fetch_faults.mailboxes import mark_of
from tests.fetch_faults.traced_fetch import Scripted
from tests.fetch_faults.watching import await_that
from tests.fetching.maildrop import Maildrop
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX, deliver_letters, open_mailbox, stored_letters
from tests.system.pop3 import Pop3Client
from tests.system.wire import WireError

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]

DISK_OCTETS = 96_000_000
MARK_OCTETS = 24_000_000
"""Half of it is won beyond the mark: more than what lies twice on the disk while it comes."""
LETTER_OCTETS = 900_000
LETTERS = 16
KEPT_OCTETS = 50_000
TABLES: dict[str, dict[str, object]] = {
    "store": {"free_space_octets": MARK_OCTETS, "segment_octets": 2_000_000}
}


@contextmanager
def hurried(folder: Path) -> Iterator[Collector]:
    """Make a server on a small disk that looks for room each second."""
    with small_disk(folder / "data", "tmpfs", DISK_OCTETS):
        collector = Collector(folder, TABLES)
        collector.hato.wrapper = WRAPPER
        try:
            yield collector
        finally:
            if collector.hato.runs:
                collector.hato.kill()
    assert "Traceback" not in collector.hato.log()


def fill(collector: Collector, marks: Marks) -> list[str]:
    """Let the owner's mail fill the disk; return the first three letters, which are small."""
    kept = [marks.next(KEPT_OCTETS) for _ in range(3)]
    deliver_letters(collector.hato, OWNER, *map(letter_of, kept))
    large = [letter_of(marks.next(LETTER_OCTETS)) for _ in range(DISK_OCTETS // LETTER_OCTETS)]
    with pytest.raises(WireError, match="452"):
        deliver_letters(collector.hato, OWNER, *large)
    return kept


def delete_all_but(kept: int, client: Pop3Client) -> None:
    for number in list(client.sizes())[kept:]:
        client.delete(number)
    client.quit()


def read_all(client: Pop3Client) -> list[str]:
    """Read a mailbox over POP3, every octet."""
    return [mark_of(client.retrieve(number)) for number in client.sizes()]


def segments(collector: Collector) -> set[str]:
    """Return which files the mail lies in."""
    return {path.name for path in collector.data_folder.glob("accounts/*/*.log")}


def has_room(collector: Collector) -> bool:
    """Tell whether a letter gets in."""
    try:
        deliver_letters(collector.hato, OWNER, b"Subject: is there room?\r\n\r\nwell\r\n")
    except WireError as fault:
        assert "452" in str(fault)  # noqa: PT017 - any other answer is a failure
        return False
    return True


def test_deleted_mail_makes_room_for_what_is_fetched(tmp_path: Path) -> None:
    """It could still be brought back for two weeks; nobody runs a command to end it."""
    marks = Marks(2)
    sent = [marks.next(LETTER_OCTETS) for _ in range(LETTERS)]
    drop = Maildrop()
    with hurried(tmp_path / "here") as collector, Provider(drop) as provider:
        mailbox = Scripted(drop, provider.port)
        collector.add_source(mailbox, provider.port, DELETE)
        collector.set_poll_seconds(1)
        collector.hato.start()
        kept = fill(collector, marks)
        with open_mailbox(collector.hato, OWNER) as client:
            delete_all_but(len(kept), client)
        mailbox.put(sent)
        await_that(lambda: not drop.letters, "all letters", collector)
        assert sorted(map(mark_of, collector.letters())) == sorted([*kept, *sent])
    assert '"event":"room-scarce"' in collector.hato.log()


def test_room_is_won_while_somebody_reads(tmp_path: Path) -> None:
    """A session that began before goes on, and gets every octet."""
    with hurried(tmp_path / "here") as collector:
        collector.hato.start()
        kept = fill(collector, Marks(3))
        with open_mailbox(collector.hato, OWNER) as client:
            delete_all_but(len(kept), client)
        before = segments(collector)
        with open_mailbox(collector.hato, OWNER) as client:
            reads = 0

            def has_won() -> bool:
                nonlocal reads
                assert read_all(client) == kept
                reads += 1
                return not before <= segments(collector)

            await_that(has_won, "room", collector)
            assert read_all(client) == kept
            assert reads
            client.quit()
        await_that(lambda: has_room(collector), "room for a letter", collector)


def test_killed_while_it_wins_room_it_loses_nothing(tmp_path: Path) -> None:
    """At the first file that comes or goes; afterwards it is left alone."""
    with hurried(tmp_path / "here") as collector:
        collector.hato.start()
        kept = fill(collector, Marks(4))
        before = segments(collector)
        with open_mailbox(collector.hato, OWNER) as client:
            delete_all_but(len(kept), client)
        await_that(lambda: segments(collector) != before, "room", collector, look_seconds=0)
        collector.hato.kill()
        assert list(map(mark_of, collector.letters())) == kept
        collector.hato.start()
        await_that(lambda: has_room(collector), "room for a letter", collector)
        assert list(map(mark_of, stored_letters(collector.hato, OWNER)[: len(kept)])) == kept
