"""Makes letters durable in groups, each letter in one record with its entry of the ledger.

Called by `services.fetching.letters` and `notes`, letter by letter.
Never holds more than two groups; never lets one letter that cannot be kept spoil its group; never
says that a letter is here before the disk has it.
Standards: none.
Fails with the errors of `core.errors` that mean all letters: a full disk, a full account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from hato.core.errors import (
    HatoError,
    NotFoundError,
    OverQuotaError,
    StorageFullError,
    UnavailableError,
)
from hato.core.limits import FETCH_GROUP_LETTERS, FETCH_GROUP_OCTETS
from hato.message.received_date import arrival_of
from hato.services.delivery import Placing, Taken
from hato.services.fetching.header_marks import key_without_unique_id, mark_of
from hato.services.fetching.identity import set_aside
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Wish
from hato.store.changes import Expunge, PutLedger, Wanted
from hato.store.model import LedgerEntry, LedgerState

_FOR_ALL: Final = (StorageFullError, UnavailableError)
"""What one letter has not brought about."""
_GROUP_SECONDS: Final = 0.5
"""A letter that came waits so long at most for others, while nothing else is written."""


class Kept(msgspec.Struct):
    """A letter that is here, and how it is to be kept."""

    wish: Wish
    taken: Taken
    entry: LedgerEntry
    received: int

    @property
    def key(self) -> bytes:
        """Its name in the ledger."""
        return self.entry.uidl


class LetterGroups:
    """Takes letters, and makes them durable while the next ones arrive."""

    def __init__(self, poll: Poll) -> None:
        """Begin with none."""
        self._poll = poll
        self._group: list[Kept] = []
        self._octets = 0
        self._began = 0.0
        self._under_way: asyncio.Task[None] | None = None
        self._copies: dict[tuple[bytes, int], int] = {}
        """How many names were given to letters that look alike."""
        self._over_quota: OverQuotaError | None = None
        self.unkeepable: list[Wish] = []
        """Letters that the store refuses: poison."""

    async def add(self, wish: Wish, taken: Taken, state: LedgerState) -> None:
        """Take a letter. Raises what befell an earlier group."""
        kept = self._prepared(wish, taken, state)
        now = asyncio.get_running_loop().time()
        if not self._group:
            self._began = now
        self._group.append(kept)
        self._octets += taken.staged.size_octets
        is_full = len(self._group) >= FETCH_GROUP_LETTERS or self._octets >= FETCH_GROUP_OCTETS
        is_idle = self._under_way is None or self._under_way.done()
        if is_full or (is_idle and now - self._began >= _GROUP_SECONDS):
            await self._hand_over()

    async def finish(self) -> None:
        """Make the last ones durable. Raises what befell a group."""
        await self._hand_over()
        await self._settle()
        if self._over_quota is not None:
            raise self._over_quota

    async def abandon(self) -> None:
        """Keep nothing more; what is being written is waited for, since it may happen anyhow."""
        _discard(self._group)
        self._group = []
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
            self._under_way = None

    async def _hand_over(self) -> None:
        """Let the group be written, once the one before it is."""
        await self._settle()
        if self._group:
            group, self._group, self._octets = self._group, [], 0
            self._under_way = asyncio.create_task(self._keep(group))

    async def _settle(self) -> None:
        """Wait for the group that is being written."""
        under_way = self._under_way
        if under_way is not None:
            await asyncio.shield(under_way)
            self._under_way = None

    # One group

    async def _keep(self, group: list[Kept]) -> None:
        try:
            await self._write_or_each(group)
        except asyncio.CancelledError:
            raise  # the store may still be reading the octets
        except BaseException:
            _discard(group)
            raise
        _discard(group)
        self._poll.tally.letters_done += len(group)

    async def _write_or_each(self, group: list[Kept]) -> None:
        """Write a group; where it is refused as a whole, one letter after the other."""
        try:
            await self._write(group)
        except _FOR_ALL:
            raise
        except HatoError:
            for kept in group:
                await self._keep_alone(kept)

    async def _keep_alone(self, kept: Kept) -> None:
        """Keep one letter of a group that was refused as a whole."""
        try:
            try:
                await self._write([kept])
            except NotFoundError as fault:
                self._poll.use_inbox(fault)
                await self._write([kept])
        except _FOR_ALL:
            raise
        except OverQuotaError as fault:
            self._over_quota = fault
            self._poll.tally.failed += 1
        except HatoError:
            self.unkeepable.append(kept.wish)

    async def _write(self, group: Sequence[Kept]) -> None:
        poll = self._poll
        wanted: list[Wanted] = []
        for kept in group:
            placing = Placing(
                poll.folder, kept.received, source=poll.source.source_id, ledger=(kept.entry,)
            )
            wanted.append(kept.taken.placed(placing))
        former = await poll.entries_of(kept.key for kept in group)
        wanted += await self._replaced(group, former)
        wanted += self._set_aside(former)
        await poll.write(wanted)
        for kept in group:
            poll.octets += kept.taken.staged.size_octets
            poll.located.numbers[kept.key] = kept.wish.number
            poll.note_shown(kept.wish.number)
            if poll.book.suspicions.failures(kept.key):
                poll.cleared.add(kept.key)

    async def _replaced(
        self, group: Sequence[Kept], former: Mapping[bytes, LedgerEntry]
    ) -> list[Wanted]:
        """Return what takes away the notes, or what came in part, where letters are here now."""
        notes = [
            former[kept.key].email_id
            for kept in group
            if kept.key in former and not former[kept.key].checksum
        ]
        emails = await self._poll.account.emails([one for one in notes if one is not None])
        return [Expunge(mailbox, (uid,)) for email in emails for mailbox, uid in email.placements]

    def _set_aside(self, former: Mapping[bytes, LedgerEntry]) -> list[Wanted]:
        """Return what keeps the entries of other letters that had the names of these."""
        aside = tuple(set_aside(entry) for entry in former.values() if entry.checksum)
        return [PutLedger(self._poll.source.source_id, aside)] if aside else []

    # One letter

    def _prepared(self, wish: Wish, taken: Taken, state: LedgerState) -> Kept:
        """Name a letter, and say what the ledger will know of it."""
        staged, now = taken.staged, self._poll.clock.now()
        header = staged.head()
        mark = wish.header_mark or mark_of(header)
        size = wish.size_octets or staged.size_octets
        key = self._name(mark, size) if wish.key is None else wish.key
        is_whole = state is LedgerState.STORED
        entry = LedgerEntry(
            uidl=key,
            state=state,
            email_id=None,
            size_octets=size,
            checksum=staged.checksum if is_whole else b"",
            header_checksum=mark,
            at=now,
            stored_at=now if is_whole else 0,
        )
        # When its server got it, where that can be told: a mailbox of years came not today.
        arrived = arrival_of(header, now)
        return Kept(wish, taken, entry, now if arrived is None else arrived)

    def _name(self, mark: bytes, size_octets: int) -> bytes:
        """Return a name for a letter that the server has none for."""
        while True:
            copies = self._copies.get((mark, size_octets), 0)
            self._copies[mark, size_octets] = copies + 1
            key = key_without_unique_id(mark, size_octets, copies)
            if key not in self._poll.book.index:
                return key


def _discard(group: list[Kept]) -> None:
    for kept in group:
        kept.taken.discard()
