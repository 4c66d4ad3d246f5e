"""Segments that were torn or damaged: what still counts, and what does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hato.core.ids import AccountId
from hato.store.embedded.encode import Draft, Part
from hato.store.embedded.journal import Journal
from hato.store.embedded.scan import Scanned, Step, scan_segment, steps_of
from hato.store.embedded.segments import chain_of, open_to_read
from hato.store.embedded.staging import EmbeddedStaged

ACCOUNT = AccountId("abcdefghijklmnop")


async def part(folder: Path, body_id: int, octets: bytes) -> Part:
    staged = EmbeddedStaged(str(folder))
    await staged.write(octets)
    await staged.seal()
    return Part(body_id, b"P: q\r\n", staged)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(str(tmp_path), ACCOUNT)
    journal.begin_next(1)
    return journal


def write(journal: Journal, *drafts: Draft) -> list[int]:
    """Write commits with one sync and return where each ends."""
    ends = []
    for draft in drafts:
        records = journal.plan(draft)
        journal.write(records)
        ends.append(journal.planned_end)
    journal.sync()
    return ends


def draft(modseq: int, *parts: Part) -> Draft:
    return Draft(modseq, 5, b"facts of %d" % modseq, parts)


def read(journal: Journal, number: int = 1, cut: int | None = None) -> tuple[Scanned, list[Step]]:
    file = open_to_read(journal.folder, number)
    scanned = scan_segment(file, journal.seed, number, 0, os.fstat(file.fd).st_size)
    return scanned, steps_of(file, number, scanned, cut)[0]


def modseqs(journal: Journal, number: int = 1, cut: int | None = None) -> list[int]:
    return [step.modseq for step in read(journal, number, cut)[1]]


def spoil(journal: Journal, offset: int, count: int = 1) -> None:
    """Turn over octets in the middle of the first segment."""
    path = Path(journal.folder) / "000001.log"
    content = bytearray(path.read_bytes())
    for place in range(offset, offset + count):
        content[place] ^= 0xFF
    path.write_bytes(content)


def shorten(journal: Journal, size: int) -> None:
    os.truncate(Path(journal.folder) / "000001.log", size)


async def test_commits_come_back_in_order(journal: Journal, tmp_path: Path) -> None:
    write(journal, draft(1), draft(2, await part(tmp_path, 7, b"x" * 300)))
    write(journal, draft(3, await part(tmp_path, 8, b"y"), await part(tmp_path, 9, b"z" * 400_000)))
    scanned, steps = read(journal)
    assert [(step.modseq, step.at, step.facts) for step in steps] == [
        (n, 5, b"facts of %d" % n) for n in (1, 2, 3)
    ]
    assert [sorted(step.bodies) for step in steps] == [[], [7], [8, 9]]
    assert (scanned.gaps, scanned.end) == ([], scanned.size)


async def test_every_torn_end_loses_the_last_commit_and_nothing_else(
    journal: Journal, tmp_path: Path
) -> None:
    begin, end = write(journal, draft(1), draft(2, await part(tmp_path, 7, b"x" * 20)))
    for size in range(end - 1, begin - 1, -1):
        shorten(journal, size)
        assert modseqs(journal) == [1]


async def test_a_commit_of_several_messages_counts_as_a_whole(
    journal: Journal, tmp_path: Path
) -> None:
    parts = [await part(tmp_path, number, b"x" * 50) for number in (7, 8, 9)]
    begin, end = write(journal, draft(1), draft(2, *parts))
    for size in range(end - 1, begin, -7):
        shorten(journal, size)
        assert modseqs(journal) == [1]


async def test_a_commit_whose_first_head_is_missing_does_not_take_parts_of_another(
    journal: Journal, tmp_path: Path
) -> None:
    parts = [await part(tmp_path, number, b"x" * 50) for number in (7, 8, 9, 10, 11)]
    end, _ = write(journal, draft(1, parts[0]), draft(2, parts[1], parts[2]))
    spoil(journal, end + 3)
    assert modseqs(journal) == [1]
    ends = write(journal, draft(3, *parts[3:]))
    assert [sorted(step.bodies) for step in read(journal)[1]] == [[7], [9], [10, 11]]
    spoil(journal, ends[0] - 60)
    assert [step.modseq for step in read(journal)[1]] == [1, 2]


async def test_a_commit_without_its_last_part_leaves_none_to_the_next(
    journal: Journal, tmp_path: Path
) -> None:
    parts = [await part(tmp_path, number, b"x" * 50) for number in (7, 8, 9, 10)]
    first, second = journal.plan(draft(2, *parts[:2])), journal.plan(draft(3, *parts[2:]))
    for record in (first[0], second[1]):
        journal.write([record])
    assert [found.head.part for found in read(journal)[0].records[1:]] == [0, 1]
    assert modseqs(journal) == []


async def test_a_hole_before_the_last_commit_that_was_never_synced_loses_that_one(
    journal: Journal, tmp_path: Path
) -> None:
    first, second, _ = write(
        journal,
        draft(1),
        draft(2, await part(tmp_path, 7, b"x" * 500)),
        draft(3, await part(tmp_path, 8, b"y" * 500)),
    )
    spoil(journal, second - 100, 50)
    assert modseqs(journal) == [1, 3]
    spoil(journal, first + 3)
    assert modseqs(journal) == [1, 3]


async def test_rot_in_a_message_that_was_synced_leaves_the_message(
    journal: Journal, tmp_path: Path
) -> None:
    (end,) = write(journal, draft(1, await part(tmp_path, 7, b"x" * 500)))
    write(journal, draft(2))
    spoil(journal, end - 100)
    _scanned, steps = read(journal)
    assert [sorted(step.bodies) for step in steps] == [[7], []]


async def test_rot_in_facts_that_were_synced_is_told(journal: Journal) -> None:
    (end,) = write(journal, draft(1))
    write(journal, draft(2))
    spoil(journal, end - 3)
    assert [step.facts for step in read(journal)[1]] == [None, b"facts of 2"]


async def test_after_a_bad_head_the_next_record_is_found(journal: Journal, tmp_path: Path) -> None:
    (begin,) = write(journal, draft(1))
    write(journal, draft(2, await part(tmp_path, 7, b"x" * 3_000_000)))
    write(journal, draft(3))
    spoil(journal, begin + 60)
    scanned, steps = read(journal)
    assert [step.modseq for step in steps] == [1, 3]
    assert len(scanned.gaps) == 1


async def test_a_record_inside_a_message_is_none(journal: Journal, tmp_path: Path) -> None:
    write(journal, draft(1))
    inner = (Path(journal.folder) / "000001.log").read_bytes()
    (end,) = write(journal, draft(2, await part(tmp_path, 7, inner)))
    spoil(journal, end - len(inner) - 30)
    assert modseqs(journal) == [1]


async def test_what_stands_behind_the_cut_never_happened(journal: Journal) -> None:
    ends = write(journal, draft(1), draft(2), draft(3))
    assert modseqs(journal, cut=ends[1]) == [1, 2]


async def test_a_segment_says_where_the_one_before_ends(journal: Journal, tmp_path: Path) -> None:
    write(journal, draft(1))
    end = journal.end
    journal.write(journal.plan(draft(2)))
    journal.unplan()
    journal.begin_next(1)
    write(journal, draft(2))
    links = chain_of(str(tmp_path), journal.seed)
    assert [(link.number, link.cut) for link in links] == [(1, end), (2, None)]
    assert modseqs(journal, 1, end) == [1]
    assert modseqs(journal, 2) == [2]


async def test_a_half_made_segment_is_passed_over(journal: Journal, tmp_path: Path) -> None:
    write(journal, draft(1))
    (tmp_path / "000002.log").write_bytes(b"\x93HJ\x01 half a head")
    journal.begin_next(1)
    assert journal.segment == 3
    write(journal, draft(2))
    assert [link.number for link in chain_of(str(tmp_path), journal.seed)] == [1, 3]
    assert (tmp_path / "000001.log").stat().st_mode & 0o222 == 0
