"""Whether exactly those letters lie on a server that the ledger has, told without holding either.

Called by `fetch_round` right after UIDL: most polls find nothing new and end here, whatever the
size of the maildrop.
Never takes a listing for the known one that differs in one unique-id; never decides anything else.
Standards: RFC 1939 §7.
Fails as the store does, where the ledger is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec
from xxhash import xxh3_128_intdigest

from hato.clients.pop3_packed_listing import PackedListing
from hato.core.ids import ModSeq
from hato.core.limits import QUARANTINE_SECONDS
from hato.services.fetching.suspicions import read_suspicions
from hato.services.sources.source import Keeping, Source
from hato.services.sources.sources import SUSPICIONS_KIND
from hato.store.api import Account
from hato.store.model import LedgerEntry, LedgerState

_ENTRIES_AT_ONCE: Final = 5_000
_NOT_LISTED: Final = frozenset({LedgerState.DELETION_CONFIRMED, LedgerState.GONE})


class RollCall(msgspec.Struct):
    """The sum of the hashes of names, whatever their order.

    Two different lists of as many names have the same sum once in 2**128. A server that made such
    a list on purpose would only hide letters, which it can do by not listing them.
    """

    count: int = 0
    total: int = 0

    def add(self, names: Iterable[bytes]) -> None:
        """Take names."""
        hashes = [xxh3_128_intdigest(name) for name in names]
        self.count += len(hashes)
        self.total += sum(hashes)


class Expected(msgspec.Struct, frozen=True):
    """What a listing is where nothing has happened."""

    modseq: ModSeq
    """The step of the account as of which this is so."""
    names: RollCall
    try_again_at: int | None
    """When the first letter in quarantine is to be tried again; None: there is none."""
    has_missing: bool
    """Whether letters were missing at the last poll: their return would be news."""

    def is_met_by(self, listed: PackedListing, now: int) -> bool:
        """Tell whether a listing has nothing new, nothing gone and nothing that is due."""
        if self.has_missing or not listed.is_sound or len(listed) != self.names.count:
            return False
        if self.try_again_at is not None and self.try_again_at <= now:
            return False
        called = RollCall()
        for names in listed.unique_ids():
            called.add(names)
        return called == self.names


def may_end_early(source: Source, wanted_whole: frozenset[bytes]) -> bool:
    """Tell whether a poll of a source ends where nothing in its maildrop has changed."""
    return source.policy.keeping is Keeping.KEEP and not wanted_whole


async def read_expected(account: Account, source_id: str, modseq: ModSeq) -> Expected:
    """Read a ledger part by part. Raises UnavailableError and DamagedError."""
    names, after = RollCall(), None
    quarantined_at: list[int] = []
    while entries := await account.ledger(source_id, after=after, most=_ENTRIES_AT_ONCE):
        quarantined_at += await asyncio.to_thread(_call, names, entries)
        after = entries[-1].uidl
    kept = await account.stored_object(SUSPICIONS_KIND, source_id)
    suspicions = read_suspicions(None if kept is None else kept.content)
    try_again_at = min(quarantined_at) + QUARANTINE_SECONDS if quarantined_at else None
    return Expected(modseq, names, try_again_at, bool(suspicions.missing))


def _call(names: RollCall, entries: list[LedgerEntry]) -> list[int]:
    """Add those that should be listed; return when those in quarantine were put there."""
    names.add(entry.uidl for entry in entries if entry.state not in _NOT_LISTED)
    return [entry.at for entry in entries if entry.state is LedgerState.QUARANTINED]
