"""The names of the letters that a server lists, with their numbers, in little room.

Made by `services.fetching.reckoning` of each listing.
Never holds an object for each letter: 200 000 of them take the octets of the listing itself, and
two and a half megabytes.
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

    __slots__ = ("_added", "_blocks", "_index", "_numbers", "has_twins")

    def __init__(self, blocks: Sequence[bytes] = (), numbers: Sequence[int] = ()) -> None:
        """Take what is listed: blocks of names, divided by spaces, and the number of each name."""
        self._blocks = blocks
        self._numbers = numbers
        self._index = NameIndex("I")
        self._added: dict[bytes, MessageNumber] = {}
        self.has_twins = False
        """Whether a name is listed twice, so that one number stands for both."""
        for row, name in enumerate(self.listed()):
            if self._index.put(name, row) is not None:
                self.has_twins = True

    def listed(self) -> Iterator[bytes]:
        """Yield the names of the rows, in order."""
        return (name for block in self._blocks for name in block.split(b" "))

    def added(self) -> list[bytes]:
        """Return the names that were added since."""
        return list(self._added)

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._numbers)

    def row_of(self, name: bytes) -> int | None:
        """Return a name's row; None: it is not listed, or was added."""
        return self._index.find(name)

    def __getitem__(self, name: bytes) -> MessageNumber:
        """Return a number. Raises KeyError."""
        row = self._index.find(name)
        return self._added[name] if row is None else MessageNumber(self._numbers[row])

    def __setitem__(self, name: bytes, number: MessageNumber) -> None:
        """Know where a letter is that has just got its name."""
        if self._index.find(name) is None:
            self._added[name] = number

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is listed."""
        return isinstance(name, bytes) and (
            self._index.find(name) is not None or name in self._added
        )

    def __iter__(self) -> Iterator[bytes]:
        """Yield the names."""
        yield from self.listed()
        yield from self.added()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._numbers) + len(self._added)

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
