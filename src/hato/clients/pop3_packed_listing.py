"""Unique-ids of a maildrop in little room, for who may have seen all of them before.

Made by `clients.pop3`; read by services, which unpack it only where something in it is new.
Never holds an object for each message: 200 000 of them take five megabytes, not thirty.
Standards: RFC 1939 §7.
Fails never: what is odd is counted, as in `Listing`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import lt

from hato.clients.pop3_listing import Listing
from hato.core.ids import MessageNumber
from hato.protocols.pop3.client_events import OddRow

_LARGEST_NUMBER = 2**64 - 1


class PackedListing:
    """What UIDL was answered with. Unique-ids have no spaces, so that these divide them."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.knows_unique_ids = False
        """Whether the server knows UIDL."""
        self._numbers: array[int] | range = range(1, 1)
        """As most servers have them: one after the other, from 1 on."""
        self._texts: list[bytes] = []
        self._odd = Listing()

    def __len__(self) -> int:
        """How many sound rows there were."""
        return len(self._numbers)

    @property
    def is_sound(self) -> bool:
        """Whether the server knows UIDL, no row was odd, and LIST has no letter that UIDL lacks."""
        return self.knows_unique_ids and not self._odd.odd_count and not self._odd.sizes

    def add_unique_ids(self, rows: list[tuple[MessageNumber, bytes]]) -> None:
        """Take rows of UIDL; none say that it is known."""
        self.knows_unique_ids = True
        sound = [row for row in rows if row[0] <= _LARGEST_NUMBER]
        self._odd.odd_count += len(rows) - len(sound)
        if sound:
            numbers, texts = zip(*sound, strict=True)
            self._add_numbers(numbers)
            self._texts.append(b" ".join(texts))

    def _add_numbers(self, numbers: tuple[MessageNumber, ...]) -> None:
        if isinstance(self._numbers, range):
            following = range(self._numbers.stop, self._numbers.stop + len(numbers))
            if numbers == tuple(following):
                self._numbers = range(1, following.stop)
                return
            self._numbers = array("Q", self._numbers)
        self._numbers.extend(numbers)

    def add_sizes(self, rows: list[tuple[MessageNumber, int]]) -> None:
        """Take rows of LIST, which is asked only where UIDL has nothing: one alone shows that."""
        self._odd.add_sizes(rows[:1])

    def add_odd(self, row: OddRow) -> None:
        """Take a row that is not as it should be."""
        self._odd.add_odd(row)

    def unique_ids(self) -> Iterator[list[bytes]]:
        """Yield the unique-ids, many at a time."""
        return (text.split(b" ") for text in self._texts)

    @property
    def is_plain(self) -> bool:
        """Whether it is sound, and each row has a higher number than the one before."""
        numbers = self._numbers
        if not self.is_sound or isinstance(numbers, range):
            return self.is_sound
        return numbers[0] > 0 and all(map(lt, numbers, islice(numbers, 1, None)))

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers, in the order of the rows."""
        return self._numbers

    @property
    def blocks(self) -> list[bytes]:
        """The unique-ids in the same order, divided by spaces."""
        return self._texts

    def unpack(self) -> Listing:
        """Return the listing that everybody else reads."""
        listing = Listing(odd_rows=self._odd.odd_rows, odd_count=self._odd.odd_count)
        if self.knows_unique_ids:
            listing.add_unique_ids([])
        first = 0
        for texts in self.unique_ids():
            numbers = self._numbers[first : first + len(texts)]
            first += len(texts)
            listing.add_unique_ids(
                [(MessageNumber(number), text) for number, text in zip(numbers, texts, strict=True)]
            )
        return listing
