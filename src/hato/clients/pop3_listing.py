"""What lies in a maildrop, from the rows of UIDL and LIST.

Made by `clients.pop3`; read by services, which compare it with what they know.
Never believes a second row about the same message; never lets an odd row spoil the others.
Standards: RFC 1939 §5 and §7.
Fails never: what is odd is counted, with the rows themselves up to a limit.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hato.core.ids import MessageNumber
from hato.protocols.pop3.client_events import OddRow

_ODD_ROWS_KEPT: Final = 100


class Listing(msgspec.Struct):
    """The messages of a maildrop, as the server describes them."""

    sizes: dict[MessageNumber, int] = {}
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
                self.sizes[number] = size

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
