"""The names of the letters that a server lists, with their numbers, in little room.

Made by `services.fetching.reckoning` of each listing.
Never holds an object for each letter: 200 000 of them take some eight megabytes.
Standards: RFC 1939 §7 (unique-ids have no spaces, so that these divide them).
Fails with KeyError where a name is not listed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from hato.core.ids import MessageNumber
from hato.services.fetching.name_index import NameIndex

_NAMES_PER_BLOCK = 1_000


class PackedNames(Mapping[bytes, MessageNumber]):
    """Numbers by name, in the order of the listing; single ones can be added."""

    __slots__ = ("_blocks", "_index", "_more", "_numbers", "has_twins")

    def __init__(self, blocks: Sequence[bytes] = (), numbers: array[int] | None = None) -> None:
        """Take what is listed: blocks of names, divided by spaces, and the number of each name."""
        self._blocks = blocks
        self._numbers = numbers if numbers is not None else array("Q")
        self._index = NameIndex()
        self._more: dict[bytes, MessageNumber] = {}
        self.has_twins = False
        """Whether a name is listed twice, so that the first number stands for both."""
        for row, name in enumerate(self._listed()):
            if not self._index.put(name, row):
                self.has_twins = True

    def _listed(self) -> Iterator[bytes]:
        return (name for block in self._blocks for name in block.split(b" "))

    def __getitem__(self, name: bytes) -> MessageNumber:
        """Return a number. Raises KeyError."""
        row = self._index.find(name)
        return self._more[name] if row is None else MessageNumber(self._numbers[row])

    def __setitem__(self, name: bytes, number: MessageNumber) -> None:
        """Know where a letter is that has just got its name."""
        if self._index.find(name) is None:
            self._more[name] = number

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is listed."""
        return isinstance(name, bytes) and (
            self._index.find(name) is not None or name in self._more
        )

    def __iter__(self) -> Iterator[bytes]:
        """Yield the names."""
        yield from self._listed()
        yield from list(self._more)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._numbers) + len(self._more)

    def rows_without(self, known: Mapping[bytes, object]) -> array[int]:
        """Return the rows of the listing whose names are not known."""
        return array("I", (row for row, name in enumerate(self._listed()) if name not in known))

    def at(self, rows: Iterable[int]) -> Iterator[tuple[bytes, MessageNumber]]:
        """Yield names and numbers of rows, given in order."""
        first, blocks, names = 0, iter(self._blocks), list[bytes]()
        for row in rows:
            while row >= first + len(names):
                first += len(names)
                names = next(blocks).split(b" ")
            yield names[row - first], MessageNumber(self._numbers[row])


def packed(numbers: Mapping[bytes, MessageNumber]) -> PackedNames:
    """Pack names and numbers that are at hand."""
    names = iter(numbers)
    blocks = list(iter(lambda: b" ".join(islice(names, _NAMES_PER_BLOCK)), b""))
    return PackedNames(blocks, array("Q", numbers.values()))
