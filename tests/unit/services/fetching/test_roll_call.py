"""Polls that end where nothing has changed, without a letter or an entry in memory."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hato.clients.pop3_listing import Listing
from hato.clients.pop3_packed_listing import PackedListing
from hato.core.ids import MessageNumber, ModSeq
from hato.protocols.pop3.client_events import Oddity, OddRow
from hato.protocols.pop3.commands import Uidl
from hato.services.fetching.roll_call import Expected, RollCall


def _listed(*names: bytes) -> PackedListing:
    listed = PackedListing()
    listed.add_unique_ids([(MessageNumber(n), name) for n, name in enumerate(names, 1)])
    return listed


def _expected(
    names: Iterable[bytes], *, try_again_at: int | None = None, has_missing: bool = False
) -> Expected:
    call = RollCall()
    call.add(names)
    return Expected(ModSeq(1), call, try_again_at, has_missing)


def test_the_order_and_the_parts_do_not_matter() -> None:
    listed = _listed(b"c")
    listed.add_unique_ids([(MessageNumber(2), b"a"), (MessageNumber(3), b"b")])
    assert _expected([b"a", b"b", b"c"]).is_met_by(listed, 0)
    assert _expected([]).is_met_by(_listed(), 0)


@pytest.mark.parametrize("names", [(b"a",), (b"a", b"c"), (b"a", b"b", b"c"), (b"a", b"a"), ()])
def test_any_other_listing_is_news(names: tuple[bytes, ...]) -> None:
    assert not _expected([b"a", b"b"]).is_met_by(_listed(*names), 0)


def test_what_is_due_or_was_missing_is_news() -> None:
    listed = _listed(b"a")
    assert _expected([b"a"], try_again_at=100).is_met_by(listed, 99)
    assert not _expected([b"a"], try_again_at=100).is_met_by(listed, 100)
    assert not _expected([b"a"], has_missing=True).is_met_by(listed, 0)


def test_an_odd_listing_is_news() -> None:
    listed = _listed(b"a")
    listed.add_odd(OddRow(Uidl(), None, b"?", Oddity.MALFORMED))
    assert not _expected([b"a"]).is_met_by(listed, 0)
    assert not _expected([]).is_met_by(PackedListing(), 0)


def test_what_was_packed_is_unpacked() -> None:
    rows = [(MessageNumber(n), b"u%d" % n) for n in (1, 3, 2**63)]
    odd = OddRow(Uidl(), MessageNumber(9), b"\x1b", Oddity.OCTETS)
    plain, packed = Listing(), PackedListing()
    for listing in (plain, packed):
        listing.add_unique_ids(rows[:2])
        listing.add_odd(odd)
        listing.add_unique_ids(rows[2:])
        listing.add_unique_ids(rows[:1])
        listing.add_unique_ids([])
    assert packed.unpack() == plain
    assert PackedListing().unpack() == Listing()


def test_a_number_beyond_all_numbers_is_odd() -> None:
    packed = PackedListing()
    packed.add_unique_ids([(MessageNumber(10**20), b"a")])
    assert not packed.is_sound
    assert packed.unpack().odd_count == 1
