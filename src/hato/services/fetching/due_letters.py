"""Which of the letters on a server the owner's rule wants gone: one octet for each that is listed.

Made by `services.fetching.deletions`.
Never holds a name that the listing has; never yields as proven what was not looked at this time.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from hato.core.ids import MessageNumber
from hato.services.fetching.packed_names import PackedNames


class Proof(IntEnum):
    """How sure it is that the letter that lies there is the one that is safe here."""

    SURE = 1
    """It was fetched or looked at in this session: it may be deleted."""
    BY_NAME = 2
    """Its name says so: its header is to be looked at."""
    DOUBTFUL = 3
    """It is to be compared whole."""


class DueLetters:
    """Marks beside the rows of a listing."""

    __slots__ = ("_added", "_marks", "_names")

    def __init__(self, names: PackedNames) -> None:
        """Begin with none of the letters that are listed by these names."""
        self._names = names
        self._marks = bytearray(names.row_count)
        self._added: dict[bytes, int] = {}

    def put(self, name: bytes, proof: Proof) -> None:
        """Take a letter, or say something else of it."""
        row = self._names.row_of(name)
        if row is None:
            self._added[name] = proof
        else:
            self._marks[row] = proof

    def has(self, proof: Proof) -> bool:
        """Tell whether there is one of which so much is known."""
        return proof in self._marks or proof in self._added.values()

    def letters(self, proof: Proof) -> Iterator[tuple[bytes, MessageNumber]]:
        """Yield those of which so much is known, with their numbers."""
        yield from self._names.at(self._rows(proof))
        for name, added in self._added.items():
            if added == proof:
                yield name, self._names[name]

    def _rows(self, proof: Proof) -> Iterator[int]:
        row = self._marks.find(proof)
        while row >= 0:
            yield row
            row = self._marks.find(proof, row + 1)
