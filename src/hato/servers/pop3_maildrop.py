"""A mailbox as one POP3 session sees it: numbers frozen, deletions only marked.

Called by the session, which made it at login.
Never deletes anything by itself; never asks the store for what the snapshot knows.
Standards: RFC 1939 §4 to §6, RFC 6858 §4 (sizes of surrogates).
Fails with the errors of `store.api` where it commits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from hato.core.errors import DamagedError, NotFoundError
from hato.core.ids import EmailId, MessageNumber, Uid
from hato.protocols.pop3.replies import Rows, scan_rows, unique_id_rows
from hato.servers.pop3_listings import PART_ROWS, Listings, whole_scan, whole_unique_ids
from hato.servers.pop3_pieces import Pieces, StoredPieces, SurrogatePieces, SurrogateSizes
from hato.store.api import Account, Lock, Snapshot
from hato.store.changes import Expunge, SetKeywords, Wanted
from hato.store.directory import Person
from hato.store.model import SEEN, BodyRef

NOT_THERE: Final = -1
"""The index of a message that does not exist or is marked as deleted."""


class Maildrop:
    """INBOX, locked and numbered for one session."""

    __slots__ = (
        "_batch",
        "_latest",
        "_listings",
        "_lock",
        "_marked",
        "_person",
        "_retrieved",
        "_sizes",
        "_surrogate_sizes",
        "_surrogates",
        "account",
        "retrieved_count",
        "snapshot",
    )

    def __init__(
        self,
        account: Account,
        person: Person,
        lock: Lock,
        snapshot: Snapshot,
        listings: Listings,
        sizes: SurrogateSizes,
    ) -> None:
        """Begin with nothing marked; `use_surrogates` may follow."""
        self.account = account
        self.snapshot = snapshot
        self._person = person
        self._lock = lock
        self._latest = snapshot
        self._listings = listings
        self._sizes = sizes
        self._batch = 0
        self._marked: set[int] = set()
        self._retrieved: set[int] = set()
        self.retrieved_count = 0
        """How many messages were sent whole."""
        self._surrogates: frozenset[int] = frozenset()
        self._surrogate_sizes: dict[int, int] = {}

    # Numbers and sizes

    def find(self, number: MessageNumber) -> int:
        """Return the index of a message, or NOT_THERE."""
        index = number - 1
        if 0 <= index < len(self.snapshot.uids) and index not in self._marked:
            return index
        return NOT_THERE

    def body(self, index: int) -> BodyRef:
        """Return where the octets of a message are."""
        return self.snapshot.body(index)

    def size_octets(self, index: int) -> int:
        """Return the octets that RETR sends of a message."""
        return self._surrogate_sizes.get(index) or self.snapshot.sizes[index]

    def unique_id(self, index: int) -> str:
        """Return the UIDL of a message."""
        return self.snapshot.uidl(index)

    def totals(self) -> tuple[int, int]:
        """Return how many messages are left, and their octets together."""
        snapshot = self.snapshot
        octets = snapshot.total_octets
        for index, size in self._surrogate_sizes.items():
            octets += size - snapshot.sizes[index]
        for index in self._marked:
            octets -= self.size_octets(index)
        return len(snapshot) - len(self._marked), octets

    # Messages that need UTF-8 mode

    def use_surrogates(self) -> None:
        """Show messages that need UTF-8 mode as surrogates (RFC 6856 §2.1)."""
        self._surrogates = self._listings.needing_utf8

    def is_surrogate(self, index: int) -> bool:
        """Whether a message is shown as its surrogate."""
        return index in self._surrogates

    def has_unmeasured(self) -> bool:
        """Whether there are surrogates whose size is not known yet."""
        return len(self._surrogate_sizes) < len(self._surrogates)

    async def measure_all(self) -> None:
        """Learn the size of every surrogate. Raises UnavailableError.

        One that can never be made counts as large as its message: RETR will refuse it, and the
        others can still be read.
        """
        for index in sorted(self._surrogates - self._surrogate_sizes.keys()):
            try:
                await self.measure(index)
            except (DamagedError, NotFoundError):
                self._surrogate_sizes[index] = self.snapshot.sizes[index]

    async def measure(self, index: int) -> None:
        """Learn the size of a message if it is a surrogate. Raises as `Account.read`."""
        if index in self._surrogates and index not in self._surrogate_sizes:
            size = await self._sizes.measure(self.account, self.body(index))
            self._surrogate_sizes[index] = size

    def pieces(self, index: int) -> Pieces:
        """Begin to read what is shown of a message."""
        shown = SurrogatePieces if index in self._surrogates else StoredPieces
        return shown(self.account, self.body(index))

    # What other programs did meanwhile

    def must_look(self, batch: int) -> bool:
        """Tell whether something changed; asks the store once for each batch of commands."""
        if batch == self._batch:
            return False
        self._batch = batch
        return not self._latest.is_current()

    async def look(self) -> None:
        """Learn what is still there. Raises as `Account.snapshot`."""
        self._latest = await self.account.snapshot(self.snapshot.mailbox_id)

    def is_gone(self, index: int) -> bool:
        """Whether another program has taken a message away."""
        if self._latest is self.snapshot:
            return False
        uid, uids = self.snapshot.uids[index], self._latest.uids
        position = bisect_left(uids, uid)
        return position == len(uids) or uids[position] != uid

    # Marks

    def mark(self, index: int) -> None:
        """Mark a message as deleted; it has no number any more."""
        self._marked.add(index)

    def has_marks(self) -> bool:
        """Whether QUIT has to delete anything."""
        return bool(self._marked)

    def unmark_all(self) -> None:
        """Take all marks away."""
        self._marked.clear()

    def note_retrieved(self, index: int) -> None:
        """Remember that a message was sent whole, where QUIT has to know."""
        self.retrieved_count += 1
        if self._person.retr_sets_seen:
            self._retrieved.add(index)

    # Listings

    def scan(self) -> Iterator[Rows]:
        """Yield the lines of LIST, part by part."""
        if not self._marked and not self._surrogate_sizes:
            yield from whole_scan(self.snapshot, self._listings)
            return
        for indices in self._parts():
            yield scan_rows((index + 1, self.size_octets(index)) for index in indices)

    def unique_ids(self) -> Iterator[Rows]:
        """Yield the lines of UIDL, part by part."""
        if not self._marked:
            yield from whole_unique_ids(self.snapshot, self._listings)
            return
        for indices in self._parts():
            yield unique_id_rows((index + 1, self.snapshot.uidl(index)) for index in indices)

    def _parts(self) -> Iterator[list[int]]:
        """Yield the indices of what is left, so many at a time; never none."""
        for start in range(0, len(self.snapshot), PART_ROWS):
            stop = min(start + PART_ROWS, len(self.snapshot))
            indices = [index for index in range(start, stop) if index not in self._marked]
            if indices:
                yield indices

    # The end

    async def update(self) -> int:
        """Delete what is marked, in one durable step; return how many (RFC 1939 §6).

        The lock is free afterwards, whether it worked or not. Raises as `Account.commit`; then
        nothing was deleted.
        """
        try:
            wanted, count = self._wanted()
            if wanted:
                await self.account.commit(wanted, fence=self._lock)
            return count
        finally:
            await self._lock.release()

    async def release(self) -> None:
        """Let go without deleting anything; harmless twice."""
        await self._lock.release()

    def _wanted(self) -> tuple[list[Wanted], int]:
        """Return what QUIT has to change, and how many messages it deletes."""
        snapshot = self.snapshot
        doomed = self._marked
        wanted: list[Wanted] = []
        if doomed:
            uids = tuple(Uid(snapshot.uids[index]) for index in sorted(doomed))
            wanted.append(Expunge(snapshot.mailbox_id, uids))
        if self._person.retr_sets_seen:
            seen = tuple(
                EmailId(snapshot.email_ids[index])
                for index in sorted(self._retrieved - doomed)
                if not self._was_seen(index)
            )
            if seen:
                wanted.append(SetKeywords(seen, add=frozenset({SEEN})))
        return wanted, len(doomed)

    def _was_seen(self, index: int) -> bool:
        """Whether a message was marked as seen when the session began."""
        names = self.snapshot.keyword_names
        return SEEN in names and bool(self.snapshot.flags[index] >> (names.index(SEEN) + 1) & 1)
