"""Names and entries of large mailboxes in little room: the same as in a plain dictionary."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from hato.clients.pop3_listing import Sizes
from hato.clients.pop3_packed_listing import PackedListing
from hato.core.ids import EmailId, MessageNumber
from hato.services.fetching.due_letters import DueLetters, Proof
from hato.services.fetching.ledger_index import LedgerIndex
from hato.services.fetching.name_index import NameIndex
from hato.services.fetching.packed_names import PackedNames, packed
from hato.services.fetching.reckoning import locate_packed, unnamed_of
from hato.store.model import LedgerEntry, LedgerState


def entry(name: bytes, state: LedgerState = LedgerState.STORED, at: int = 1) -> LedgerEntry:
    return LedgerEntry(name, state, EmailId(1), 10, b"w", b"h", at)


def listed(*rows: tuple[int, bytes]) -> PackedListing:
    made = PackedListing()
    for number, name in rows:
        made.add_unique_ids([(MessageNumber(number), name)])
    return made


def test_each_name_has_the_number_that_it_got_last() -> None:
    index = NameIndex("I")
    names = [b"%d" % number for number in range(2_000)]
    assert {index.put(name, place) for place, name in enumerate(names)} == {None}
    assert [index.find(name) for name in names] == list(range(2_000))
    assert (index.put(b"7", 99), index.find(b"7")) == (7, 99)
    assert (index.drop(b"7"), index.drop(b"7")) == (99, None)
    assert (index.find(b"7"), index.find(b"8"), index.find(b"x")) == (None, 8, None)


def test_an_index_is_what_a_dictionary_would_be() -> None:
    """Whatever is put, put again in another state, and dropped."""
    chance = random.Random(5)
    plain: dict[bytes, LedgerEntry] = {}
    ledger = LedgerIndex()
    for _ in range(3_000):
        name = b"%d" % chance.randrange(300)
        if chance.random() < 0.2:
            plain.pop(name, None)
            ledger.drop(name)
        else:
            state, at = chance.choice(list(LedgerState)), chance.choice([1, 300, 2**40])
            plain[name] = entry(name, state, at)
            ledger.put(plain[name])
    assert len(ledger) == len(plain)
    assert {name: ledger.state_of(name) for name in plain} == {
        name: one.state for name, one in plain.items()
    }
    for state in LedgerState:
        assert ledger.count(state) == sum(one.state is state for one in plain.values())
    assert ledger.state_of(b"nobody") is None
    assert b"nobody" not in ledger


def test_an_index_knows_when_the_first_letter_ended() -> None:
    ledger = LedgerIndex([entry(b"a", at=1)])
    assert ledger.oldest_end is None
    ledger.put(entry(b"b", LedgerState.GONE, at=7))
    ledger.put(entry(b"c", LedgerState.DELETION_CONFIRMED, at=5))
    ledger.put(entry(b"d", LedgerState.GONE, at=6))
    assert ledger.oldest_end == 5


def test_letters_that_are_due_are_marks_beside_the_listing() -> None:
    names = packed({b"%d" % n: MessageNumber(n) for n in range(1, 2_501)})
    names[b" header"] = MessageNumber(2_501)
    due = DueLetters(names)
    assert not any(map(due.has, Proof))
    due.put(b"2500", Proof.SURE)
    due.put(b"3", Proof.SURE)
    due.put(b" header", Proof.DOUBTFUL)
    due.put(b"4", Proof.DOUBTFUL)
    due.put(b"4", Proof.BY_NAME)
    due.put(b"4", Proof.DOUBTFUL)
    assert [proof for proof in Proof if due.has(proof)] == [Proof.SURE, Proof.DOUBTFUL]
    assert list(due.letters(Proof.SURE)) == [(b"3", 3), (b"2500", 2_500)]
    assert list(due.letters(Proof.DOUBTFUL)) == [(b"4", 4), (b" header", 2_501)]


def test_names_are_found_in_their_order_and_single_ones_are_added() -> None:
    names = packed({b"%d" % n: MessageNumber(n) for n in range(1, 2_501)})
    assert list(names)[:3] == [b"1", b"2", b"3"]
    assert names[b"2500"] == 2_500
    names[b" header"] = MessageNumber(7)
    names[b"3"] = MessageNumber(9)
    assert (names[b" header"], names[b"3"], len(names)) == (7, 3, 2_501)
    assert list(names.at([4, 1_699])) == [(b"5", 5), (b"1700", 1_700)]
    assert (names.row_of(b"5"), names.row_of(b" header"), names.row_count) == (4, None, 2_500)
    assert b"x" not in names
    assert not PackedNames()


def test_a_listing_is_located_as_it_is_where_nothing_in_it_is_odd() -> None:
    located = locate_packed(listed((1, b"a"), (3, b"b")))
    assert located is not None
    assert dict(located.numbers) == {b"a": 1, b"b": 3}
    in_order = listed((1, b"a"), (2, b"b"), (3, b"c"))
    assert (in_order.numbers, in_order.is_plain) == (range(1, 4), True)
    in_order.add_unique_ids([(MessageNumber(5), b"e")])
    assert (list(in_order.numbers), in_order.is_plain) == ([1, 2, 3, 5], True)


@pytest.mark.parametrize(
    "rows", [[(1, b"a"), (2, b"a")], [(2, b"a"), (1, b"b")], [(1, b"a"), (1, b"b")], [(0, b"a")]]
)
def test_an_odd_listing_is_looked_at_row_by_row(rows: list[tuple[int, bytes]]) -> None:
    assert locate_packed(listed(*rows)) is None


@pytest.mark.parametrize(
    ("sizes", "unnamed"), [([1, 2], []), ([1, 2, 3], [3]), ([1], []), ([1, 3], [3]), ([2, 1], [])]
)
def test_what_only_list_has_is_known(sizes: list[int], unnamed: list[int]) -> None:
    from_uidl = listed((1, b"a"), (2, b"b"))
    listing = PackedListing().unpack()
    listing.add_sizes([(MessageNumber(number), 10) for number in sizes])
    assert unnamed_of(from_uidl, listing) == unnamed


def test_each_letter_of_a_large_mailbox_takes_few_octets() -> None:
    """Its name as it is listed, and 30 octets: none for an object of its own."""
    letters, name_octets = 40_000, 16
    tracemalloc.start()
    try:
        from_uidl, ledger, sizes = PackedListing(), LedgerIndex(), Sizes()
        for first in range(1, letters, 1_000):
            numbers = [MessageNumber(number) for number in range(first, first + 1_000)]
            from_uidl.add_unique_ids([(number, b"%016d" % number) for number in numbers])
            for number in numbers:
                sizes.put(number, 8_192)
                ledger.put(entry(b"%016d" % number))
        located = locate_packed(from_uidl)
        assert located is not None
        due = DueLetters(located.numbers)
        due.put(b"%016d" % letters, Proof.SURE)
        octets, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert octets / letters < name_octets + 1 + 30
    assert (located.numbers[b"%016d" % 39_999], len(ledger), len(sizes)) == (39_999, 40_000, 40_000)


def test_sizes_are_kept_in_any_order_and_of_any_size() -> None:
    sizes = Sizes()
    rows = {1: 5, 2: 2**32, 3: 2**64 - 1, 4: 2**70, 6: 7, 5: 8}
    for number, size in rows.items():
        sizes.put(MessageNumber(number), size)
    assert dict(sizes) == rows
    assert (sizes.get(MessageNumber(9), 0), MessageNumber(4) in sizes, len(sizes)) == (0, True, 6)
