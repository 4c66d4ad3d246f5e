"""The end of one account's journal: where the next commit is written.

Called by `account_writer`, which holds the account's gate.
Never writes into a segment that was left, and never behind octets that are not known to be
durable: after a failed write or sync a new segment begins.
Standards: none.
Fails with OSError.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from hato.core.ids import AccountId
from hato.store.embedded.encode import Draft, Record, lay_out, write_records
from hato.store.embedded.record import account_seed
from hato.store.embedded.segments import (
    SegmentStart,
    Stand,
    begin_segment,
    open_to_append,
    open_to_read,
    seal,
    segment_path,
    stand_of,
)
from hato.store.embedded.system import OpenFile, is_removed, sync_data


class Journal:
    """Appends to the last segment."""

    def __init__(self, folder: str, account_id: AccountId) -> None:
        """Stand nowhere yet."""
        self.folder = folder
        self.account_id = account_id
        self.seed = account_seed(account_id)
        self.segment = 0
        self.end = 0
        """Everything before it is durable and applied."""
        self._planned_end = 0
        self._file: OpenFile | None = None

    def stand_at(self, segment: int, end: int) -> None:
        """Go on at a place."""
        if segment != self.segment:
            self._file = None
        self.segment = segment
        self.end = self._planned_end = end

    @property
    def file(self) -> OpenFile:
        """The last segment, open."""
        if self._file is None:
            self._file = open_to_append(self.folder, self.segment)
        return self._file

    def stand(self) -> Stand:
        """Return how long the segment really is, and whether it was left."""
        if self._file is None:
            return stand_of(os.stat(segment_path(self.folder, self.segment)))
        return stand_of(os.fstat(self._file.fd))

    def close_if_removed(self) -> bool:
        """Close the segment if somebody removed it; tell whether so."""
        if self._file is None or not is_removed(self._file):
            return False
        self._file = None
        return True

    def begin_next(self, at: int, *, has_checkpoint: bool = False, beyond: int = 0) -> None:
        """Leave the segment at `end`, for good, and begin the next one, numbered above `beyond`."""
        if self.segment:
            seal(self._file or open_to_read(self.folder, self.segment))
        number = max(self.segment, beyond) + 1
        while True:
            start = SegmentStart(
                self.account_id, number, self.segment, self.end, has_checkpoint=has_checkpoint
            )
            try:
                file, end = begin_segment(self.folder, self.seed, start, at)
            except FileExistsError:
                number += 1
                continue
            self._file = file
            self.segment = number
            self.end = self._planned_end = end
            return

    def plan(self, draft: Draft) -> list[Record]:
        """Give a commit its place behind those planned before."""
        records = lay_out(draft, self._planned_end, self.end)
        self._planned_end = records[-1].offset + records[-1].head.octets
        return records

    def reserve(self, octets: int) -> int:
        """Give a record that somebody else makes its place; return where it begins."""
        offset = self._planned_end
        self._planned_end += octets
        return offset

    def unplan(self) -> None:
        """Forget what was planned and not written."""
        self._planned_end = self.end

    @property
    def planned_end(self) -> int:
        """Where the journal will end."""
        return self._planned_end

    def write(self, records: Sequence[Record]) -> None:
        """Write what was planned."""
        write_records(self.file.fd, self.seed, self.segment, records)

    def sync(self) -> None:
        """Make durable what was written."""
        sync_data(self.file.fd)
        self.end = self._planned_end
