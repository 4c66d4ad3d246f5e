"""The lines of LIST and UIDL, in parts that are quick to make, kept for the next session.

Called by the maildrop of a session.
Never renders more than a part at once; never shows one state of a mailbox for another.
Standards: RFC 1939 §5 (LIST), RFC 1939 §7 (UIDL).
Fails never.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

from hato.core.ids import AccountId, MailboxId, ModSeq
from hato.protocols.pop3.replies import Rows, scan_rows, unique_id_rows
from hato.store.api import Account, Snapshot
from hato.store.model import Traits

PART_ROWS: Final = 2048
"""Lines that are rendered before others get their turn: about a millisecond's work."""
_ROWS: Final = 300_000
"""Messages in all mailboxes whose listings are kept, some 60 octets each."""


class Listings:
    """What was worked out of one snapshot, for every session that looks at it."""

    __slots__ = ("needing_utf8", "scan", "unique_ids")

    def __init__(self, snapshot: Snapshot) -> None:
        """Find the messages that need UTF-8 mode; lines are made when they are wanted."""
        self.scan: dict[int, Rows] = {}
        self.unique_ids: dict[int, Rows] = {}
        self.needing_utf8: frozenset[int] = frozenset()
        """Indices of messages that are shown as surrogates outside UTF-8 mode (RFC 6856 §2.1)."""
        if any(traits & Traits.NEEDS_UTF8 for traits in set(snapshot.traits)):
            self.needing_utf8 = frozenset(
                index for index, traits in enumerate(snapshot.traits) if traits & Traits.NEEDS_UTF8
            )


class _Known(NamedTuple):
    state: tuple[int, ModSeq]
    """The mailbox's uidvalidity and the account's modseq: they name one state for ever."""
    rows: int
    listings: Listings


class ListingCache:
    """The listings of the mailboxes that were looked at last."""

    def __init__(self) -> None:
        """Begin empty."""
        self._known: OrderedDict[tuple[AccountId, MailboxId], _Known] = OrderedDict()
        self._rows = 0

    def of(self, account: Account, snapshot: Snapshot) -> Listings:
        """Return what belongs to a snapshot; what belonged to an older one is forgotten."""
        key = (account.account_id, snapshot.mailbox_id)
        state = (snapshot.uidvalidity, snapshot.modseq)
        known = self._known.pop(key, None)
        if known is not None and known.state != state:
            self._rows -= known.rows
            known = None
        if known is None:
            known = _Known(state, len(snapshot), Listings(snapshot))
            self._rows += known.rows
        self._known[key] = known
        while self._rows > _ROWS and len(self._known) > 1:
            self._rows -= self._known.popitem(last=False)[1].rows
        return known.listings


def whole_scan(snapshot: Snapshot, listings: Listings) -> Iterator[Rows]:
    """Yield the lines of LIST for a mailbox in which nothing is marked."""
    for start in range(0, len(snapshot), PART_ROWS):
        rows = listings.scan.get(start)
        if rows is None:
            sizes = snapshot.sizes[start : start + PART_ROWS]
            rows = listings.scan[start] = scan_rows(enumerate(sizes, start + 1))
        yield rows


def whole_unique_ids(snapshot: Snapshot, listings: Listings) -> Iterator[Rows]:
    """Yield the lines of UIDL for a mailbox in which nothing is marked."""
    for start in range(0, len(snapshot), PART_ROWS):
        rows = listings.unique_ids.get(start)
        if rows is None:
            indices = range(start, min(start + PART_ROWS, len(snapshot)))
            rows = unique_id_rows((index + 1, snapshot.uidl(index)) for index in indices)
            listings.unique_ids[start] = rows
        yield rows
