"""What lies in a maildrop, from the rows of UIDL and LIST.

Made by `clients.pop3`; read by services, which compare it with what they know.
Never believes a second row about the same message; never lets an odd row spoil the others.
Standards: RFC 1939 §5 and §7.
Fails never: what is odd is counted, with the rows themselves up to a limit.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from hato.core.ids import MessageNumber
from hato.protocols.pop3.client_events import OddRow

_ODD_ROWS_KEPT: Final = 100
_LARGEST: Final = 2**64
_LARGEST_SMALL: Final = 2**32


class Sizes(Mapping[MessageNumber, int]):
    """Octets by number, in four octets each where the numbers follow one another from 1."""

    __slots__ = ("_in_order", "_others")

    def __init__(self) -> None:
        """Begin with none."""
        self._in_order = array("I")
        self._others: dict[MessageNumber, int] = {}

    def __getitem__(self, number: MessageNumber) -> int:
        """Return a size. Raises KeyError."""
        if 1 <= number <= len(self._in_order):
            return self._in_order[number - 1]
        return self._others[number]

    def __contains__(self, number: object) -> bool:
        """Tell whether a size is known."""
        return isinstance(number, int) and (
            1 <= number <= len(self._in_order) or number in self._others
        )

    def __iter__(self) -> Iterator[MessageNumber]:
        """Yield the numbers."""
        yield from map(MessageNumber, range(1, len(self._in_order) + 1))
        yield from self._others

    def __len__(self) -> int:
        """How many there are."""
        return len(self._in_order) + len(self._others)

    def put(self, number: MessageNumber, size_octets: int) -> None:
        """Take a size that is not known yet."""
        if number == len(self._in_order) + 1 and size_octets < _LARGEST and not self._others:
            if size_octets >= _LARGEST_SMALL and self._in_order.typecode != "Q":
                self._in_order = array("Q", self._in_order)
            self._in_order.append(size_octets)
        else:
            self._others[number] = size_octets


class Listing(msgspec.Struct):
    """The messages of a maildrop, as the server describes them."""

    sizes: Sizes = msgspec.field(default_factory=Sizes)
    """Octets of each message, as LIST has them: a claim."""
    unique_ids: dict[MessageNumber, bytes] | None = None
    """None: the server does not know UIDL. One that is missing had an odd row."""
    odd_rows: list[OddRow] = []
    """The first rows that were not as they should be."""
    odd_count: int = 0
    """How many of them there were, second rows about the same message included."""

    def add_sizes(self, rows: list[tuple[MessageNumber, int]]) -> None:
        """Take rows of LIST."""
        for number, size in rows:
            if number < 1 or number in self.sizes:
                self.odd_count += 1
            else:
                self.sizes.put(number, size)

    def add_unique_ids(self, rows: list[tuple[MessageNumber, bytes]]) -> None:
        """Take rows of UIDL."""
        if self.unique_ids is None:
            self.unique_ids = {}
        for number, unique_id in rows:
            if number < 1 or number in self.unique_ids:
                self.odd_count += 1
            else:
                self.unique_ids[number] = unique_id

    def add_odd(self, row: OddRow) -> None:
        """Take a row that is not as it should be."""
        self.odd_count += 1
        if len(self.odd_rows) < _ODD_ROWS_KEPT:
            self.odd_rows.append(row)
