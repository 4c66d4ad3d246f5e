"""Checkpoints: written and read piece by piece, however large the index is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hato.store.contract.picture import picture_of
from hato.store.embedded import checkpoint, compaction, scan
from hato.store.embedded.checkpoint import TableRows, encode_rows, find_checkpoint
from hato.store.embedded.record import Head, parse_head
from hato.store.embedded.segments import chain_of
from hato.store.embedded.system import write_all
from tests.unit.store_embedded.conftest import Office


async def write_small_records(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a checkpoint of which each record holds two rows."""
    monkeypatch.setattr(checkpoint, "_ROWS_PER_RECORD", 2)
    compaction.write_checkpoint(office.writer, 1)


async def test_each_record_is_written_before_the_next_is_made(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        await office.add()
    steps: list[str] = []

    def encode(rows: TableRows) -> bytes:
        steps.append("made")
        return encode_rows(rows)

    def write(fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        steps.append("written")
        write_all(fd, pieces, offset)

    monkeypatch.setattr(checkpoint, "encode_rows", encode)
    monkeypatch.setattr(checkpoint, "write_all", write)
    await write_small_records(office, monkeypatch)
    assert len(steps) > 20
    assert steps == ["made", "written"] * (len(steps) // 2)


async def test_an_index_is_made_from_a_checkpoint_of_many_records(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        await office.add(b"%d" % number, keywords=frozenset({f"k{number}"}))
    await write_small_records(office, monkeypatch)
    await office.add(b"later")
    picture = await picture_of(office.account)
    await office.store.close()
    (office.folder / "index.db").unlink()
    await office.open_again()
    assert await picture_of(office.account) == picture
    report = await office.account.verify()
    assert (report.emails, report.damaged, report.differences) == (10, (), ())


async def test_what_follows_a_checkpoint_is_not_read_to_find_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add()
    compaction.write_checkpoint(office.writer, 1)
    for _ in range(20):
        await office.add()
    heads: list[Head | None] = []

    def parse(data: bytes, seed: int) -> Head | None:
        heads.append(parse_head(data, seed))
        return heads[-1]

    monkeypatch.setattr(scan, "parse_head", parse)
    seed = office.writer.journal.seed
    found = find_checkpoint(str(office.folder), seed, chain_of(str(office.folder), seed), None)
    assert found is not None
    assert (found.segment, len(heads)) == (2, len(found.places))
    assert {rows.table for rows in found.contents()} >= {"account", "mailbox", "email", "body"}
