"""Reads from the journal what other processes committed.

Called by `account`, one follower for each subscription.
Never shows a step before the index has it: only then it is acknowledged.
Standards: none.
Fails with OSError.
"""

from __future__ import annotations

import os
from typing import Final

import msgspec

from hato.core.ids import ModSeq
from hato.store.changes import Committed, Fact
from hato.store.embedded.record import Kind
from hato.store.embedded.scan import scan_segment, steps_of
from hato.store.embedded.segments import Link, chain_of, open_to_read, segment_path, stand_of

_FACTS: Final = msgspec.msgpack.Decoder(tuple[Fact, ...])


class Follower:
    """A place in the journal up to which everything was read."""

    def __init__(self, folder: str, seed: int, place: tuple[int, int]) -> None:
        """Begin at a segment's number and an end."""
        self._folder = folder
        self._seed = seed
        self._place = place

    def has_news(self) -> bool:
        """Tell, with one system call, whether something may have been appended."""
        try:
            facts = os.stat(segment_path(self._folder, self._place[0]))
        except FileNotFoundError:
            return True
        stand = stand_of(facts)
        return stand.is_sealed or stand.octets != self._place[1]

    def read(self, until: tuple[int, int]) -> list[Committed]:
        """Return the steps up to what the index has applied; blocks."""
        if until <= self._place:
            return []
        found: list[Committed] = []
        begin = self._place
        for link in chain_of(self._folder, self._seed, begin[0]):
            if link.number <= until[0]:
                start = begin[1] if link.number == begin[0] else 0
                found += self._read_segment(link, start, until)
        self._place = until
        return found

    def _read_segment(self, link: Link, start: int, until: tuple[int, int]) -> list[Committed]:
        file = open_to_read(self._folder, link.number)
        stop = os.fstat(file.fd).st_size if link.cut is None else link.cut
        if link.number == until[0]:
            stop = min(stop, until[1])
        if stop <= start:
            return []
        scanned = scan_segment(file, self._seed, link.number, start, stop)
        steps, _end = steps_of(file, link.number, scanned, stop)
        return [
            Committed(ModSeq(step.modseq), step.at, _FACTS.decode(step.facts))
            for step in steps
            if step.kind is Kind.COMMIT and step.facts is not None
        ]
