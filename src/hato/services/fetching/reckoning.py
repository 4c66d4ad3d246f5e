"""What lies on a server, compared with the ledger: what to fetch, and what became of the rest.

Called by `services.fetching.fetch_round` with each listing.
Never asks anybody anything; never lets two letters share a name; never trusts a unique-id that
the listing has twice.
Standards: RFC 1939 §5 and §7.
Fails never, whatever a server lists. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable
from operator import eq
from typing import Final

import msgspec

from hato.clients.pop3_listing import Listing
from hato.clients.pop3_packed_listing import PackedListing
from hato.core.ids import MessageNumber
from hato.core.limits import (
    LEDGER_REMEMBERED_SECONDS,
    MISSING_POLLS_UNTIL_GONE,
    QUARANTINE_SECONDS,
)
from hato.services.fetching.ledger_index import ENDED, LedgerIndex
from hato.services.fetching.packed_names import PackedNames, packed
from hato.services.fetching.suspicions import Suspicions
from hato.store.model import LedgerEntry, LedgerState

_ON_REQUEST: Final = frozenset({LedgerState.SEEN, LedgerState.QUARANTINED})
_FAILURES_BY_CHANCE: Final = 1
"""Any line may break once, within any letter."""


class Located(msgspec.Struct):
    """Where each letter is in this session, by its name in the ledger."""

    numbers: PackedNames
    unnamed: list[MessageNumber]
    """Letters without a unique-id of their own: they are known by their header."""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """A letter that is to be fetched."""

    number: MessageNumber
    key: bytes | None
    """Its name in the ledger; None: it is named when its header is known."""
    size_octets: int
    """As the server claims; 0 where it does not."""
    header_mark: bytes = b""
    """Of its header, where TOP showed it already."""


class Wishes(msgspec.Struct):
    """Letters to be fetched, in the order in which that is done."""

    whole: list[Wish] = []
    suspects: list[Wish] = []
    """They failed again and again, and may end the connection: tried when all else is done."""
    too_large: list[Wish] = []
    """Only the header comes, with a note."""
    hopeless: list[Wish] = []
    """They failed too often: a note takes their place."""

    def put_off(self, others: Wishes) -> None:
        """Take over those of others that are not fetched at once."""
        self.suspects += others.suspects
        self.too_large += others.too_large
        self.hopeless += others.hopeless


def locate(listing: Listing) -> Located:
    """Name what a listing has."""
    unique_ids = listing.unique_ids or {}
    # As loops of Python's, which let others run in between.
    numbers = {key: number for number, key in unique_ids.items()}
    unnamed: set[MessageNumber] = set()
    if len(numbers) != len(unique_ids):
        counts = Counter(unique_ids.values())
        numbers = {key: number for key, number in numbers.items() if counts[key] == 1}
        unnamed.update(number for number, key in unique_ids.items() if counts[key] > 1)
    unnamed |= listing.sizes.keys() - unique_ids.keys()
    return Located(packed(numbers), sorted(unnamed))


def locate_packed(listed: PackedListing) -> Located | None:
    """Name what a listing of unique-ids has, where nothing in it is odd; None: something is."""
    if not listed.is_plain:
        return None
    names = PackedNames(listed.blocks, listed.numbers)
    return None if names.has_twins else Located(names, [])


def unnamed_of(listed: PackedListing, listing: Listing) -> list[MessageNumber]:
    """Return the letters that only LIST has."""
    if len(listed) == len(listing.sizes) and all(map(eq, listed.numbers, listing.sizes)):
        return []
    named = set(listed.numbers)
    return [number for number in listing.sizes if number not in named]


def back_again(gone: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Return which of the letters that were gone and are listed are whole here."""
    return [entry for entry in gone if entry.checksum]


def orphans_of(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries whose letters may be on the server by other names, oldest letters first.

    Those that were gone before come last. What was deleted from there by us is no orphan: a letter
    like it would be another one.
    """
    return sorted(
        (one for one in entries if one.state is not LedgerState.DELETION_CONFIRMED),
        key=lambda one: (one.state is LedgerState.GONE, one.email_id or 0, one.uidl),
    )


def sort_wishes(
    wished: Iterable[Wish],
    suspicions: Suspicions,
    *,
    largest_octets: int,
    asked_for: Collection[bytes] = (),
) -> Wishes:
    """Say how each letter is to be fetched; those that failed most often come last.

    What a person asked for is fetched whole, or tried at least.
    """
    sorted_out = Wishes()
    for wish in wished:
        if wish.key in asked_for:
            sorted_out.whole.append(wish)
        elif wish.size_octets > largest_octets:
            sorted_out.too_large.append(wish)
        elif suspicions.is_hopeless(wish.key):
            sorted_out.hopeless.append(wish)
        elif suspicions.failures(wish.key) > _FAILURES_BY_CHANCE:
            sorted_out.suspects.append(wish)
        else:
            sorted_out.whole.append(wish)
    for wishes in (sorted_out.whole, sorted_out.suspects):
        wishes.sort(key=lambda wish: suspicions.failures(wish.key))
    return sorted_out


def asked_for(
    located: Container[bytes], ledger: LedgerIndex, wanted_whole: Iterable[bytes]
) -> list[bytes]:
    """Return which of the letters that a person asks for are there, and not wholly here."""
    return [key for key in wanted_whole if key in located and ledger.state_of(key) in _ON_REQUEST]


def to_try_again(quarantined: Iterable[LedgerEntry], now: int) -> list[bytes]:
    """Return the letters whose quarantine has lasted long enough for another try."""
    until = now - QUARANTINE_SECONDS
    return [entry.uidl for entry in quarantined if entry.at <= until]


class Absences(msgspec.Struct):
    """What is not listed, and what that means."""

    missing: list[bytes] = []
    """Not there this time; too early to say more."""
    settled: list[LedgerEntry] = []
    """Entries as they are from now on."""
    expired: list[bytes] = []
    """Names that need not be remembered any more."""


def reckon_absences(absent: Iterable[LedgerEntry], suspicions: Suspicions, now: int) -> Absences:
    """Tell what became of letters that are not listed (any more).

    A deletion whose QUIT was not answered has happened where its letter is gone. Others count as
    gone after several polls.
    """
    absences = Absences()
    for entry in absent:
        key = entry.uidl
        if entry.state in ENDED:
            if entry.at < now - LEDGER_REMEMBERED_SECONDS:
                absences.expired.append(key)
        elif entry.state is LedgerState.DELETION_SENT:
            absences.settled.append(with_state(entry, LedgerState.DELETION_CONFIRMED, now))
        elif suspicions.missing.get(key, 0) + 1 >= MISSING_POLLS_UNTIL_GONE:
            absences.settled.append(with_state(entry, LedgerState.GONE, now))
        else:
            absences.missing.append(key)
    return absences


def reckon_returns(gone: Iterable[LedgerEntry], now: int) -> list[LedgerEntry]:
    """Return the entries, as they are from now on, of letters that were gone and are listed.

    Those that are whole here are not among them: it is to be seen first whether it is them.
    """
    return [with_state(one, LedgerState.SEEN, now) for one in gone if not one.checksum]


def with_state(entry: LedgerEntry, state: LedgerState, now: int) -> LedgerEntry:
    """Return an entry that has reached a state, with the moments that its receipt needs."""
    sent_at = entry.deletion_sent_at
    if state is LedgerState.DELETION_SENT and not sent_at:
        sent_at = now
    return msgspec.structs.replace(entry, state=state, at=now, deletion_sent_at=sent_at)
