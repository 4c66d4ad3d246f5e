"""A listing compared with the ledger: every case, and what it comes to."""

from __future__ import annotations

import pytest

from hato.clients.pop3_listing import Listing
from hato.core.ids import EmailId, MessageNumber
from hato.core.limits import (
    LEDGER_REMEMBERED_SECONDS,
    LOST_POLLS_UNTIL_QUARANTINE,
    MISSING_POLLS_UNTIL_GONE,
    QUARANTINE_SECONDS,
    REFUSED_POLLS_UNTIL_QUARANTINE,
)
from hato.services.fetching.ledger_index import LedgerIndex
from hato.services.fetching.reckoning import (
    Located,
    Wish,
    asked_for,
    back_again,
    locate,
    orphans_of,
    reckon_absences,
    reckon_returns,
    sort_wishes,
    to_try_again,
    with_state,
)
from hato.services.fetching.standing import compare
from hato.services.fetching.suspicions import Suspicions
from hato.store.model import LedgerEntry, LedgerState

NOW = 1_800_000_000


def listing(unique_ids: list[bytes] | None, sizes: list[int] | None = None) -> Listing:
    made = Listing()
    if unique_ids is not None:
        made.add_unique_ids([(MessageNumber(n), key) for n, key in enumerate(unique_ids, 1)])
    if sizes is not None:
        made.add_sizes([(MessageNumber(n), size) for n, size in enumerate(sizes, 1)])
    return made


def entry(
    key: bytes, state: LedgerState = LedgerState.STORED, *, email: int = 1, at: int = NOW
) -> LedgerEntry:
    return LedgerEntry(key, state, EmailId(email), 10, b"whole", b"header", at, at)


def ledger(*entries: LedgerEntry) -> LedgerIndex:
    return LedgerIndex(entries)


def unknown_keys(located: Located, known: LedgerIndex) -> list[bytes]:
    numbers = located.numbers
    return [key for key, _ in numbers.at(compare(numbers, known).unknown)]


def wish(number: int, key: bytes | None = b"k", size: int = 10) -> Wish:
    return Wish(MessageNumber(number), key, size)


# Names


def test_each_letter_is_where_its_unique_id_stands() -> None:
    located = locate(listing([b"a", b"b"]))
    assert located.numbers == {b"a": 1, b"b": 2}
    assert located.unnamed == []


def test_letters_that_share_a_unique_id_have_none() -> None:
    located = locate(listing([b"a", b"x", b"x", b"x"]))
    assert located.numbers == {b"a": 1}
    assert located.unnamed == [2, 3, 4]


def test_a_letter_whose_row_was_odd_has_no_name() -> None:
    half = listing(None, [10, 20, 30])
    half.add_unique_ids([(MessageNumber(1), b"a"), (MessageNumber(3), b"c")])
    located = locate(half)
    assert located.numbers == {b"a": 1, b"c": 3}
    assert located.unnamed == [2]


def test_without_uidl_nobody_has_a_name() -> None:
    assert locate(listing(None, [10, 20])).unnamed == [1, 2]


def test_a_letter_that_only_uidl_knows_is_there_all_the_same() -> None:
    assert locate(listing([b"a", b"b"], [10])).numbers == {b"a": 1, b"b": 2}


def test_an_empty_mailbox_has_nothing() -> None:
    located = locate(listing([]))
    assert not located.numbers
    assert not located.unnamed


def test_names_like_paths_are_names() -> None:
    assert locate(listing([b"../../etc/passwd", b"/"])).numbers[b"../../etc/passwd"] == 1


@pytest.mark.parametrize("state", list(LedgerState))
def test_what_the_ledger_has_in_any_state_is_not_new(state: LedgerState) -> None:
    assert unknown_keys(locate(listing([b"a", b"b"])), ledger(entry(b"a", state))) == [b"b"]


def test_new_names_come_in_the_order_of_their_letters() -> None:
    assert unknown_keys(locate(listing([b"z", b"a", b"m"])), ledger()) == [b"z", b"a", b"m"]


# What is not listed by its name


@pytest.mark.parametrize("state", list(LedgerState))
def test_what_was_deleted_by_us_is_never_taken_for_a_letter_that_is_there(
    state: LedgerState,
) -> None:
    orphans = orphans_of([entry(b"a", state)])
    assert [one.uidl for one in orphans] == (
        [] if state is LedgerState.DELETION_CONFIRMED else [b"a"]
    )


def test_orphans_come_in_the_order_in_which_their_letters_came() -> None:
    gone = entry(b"d", LedgerState.GONE, email=1)
    absent = [entry(b"a", email=9), gone, entry(b"b", email=2), entry(b"c", email=5)]
    assert [one.uidl for one in orphans_of(absent)] == [b"b", b"c", b"a", b"d"]


ABSENT = {
    LedgerState.SEEN: "missing",
    LedgerState.STORED: "missing",
    LedgerState.MAY_BE_DELETED: "missing",
    LedgerState.DELETION_SENT: LedgerState.DELETION_CONFIRMED,
    LedgerState.DELETION_CONFIRMED: "nothing",
    LedgerState.QUARANTINED: "missing",
    LedgerState.GONE: "nothing",
}


@pytest.mark.parametrize("state", list(LedgerState))
def test_what_an_absence_means_depends_on_the_state(state: LedgerState) -> None:
    absences = reckon_absences([entry(b"a", state)], Suspicions(), NOW)
    expected = ABSENT[state]
    assert absences.missing == ([b"a"] if expected == "missing" else [])
    assert [one.state for one in absences.settled] == (
        [expected] if isinstance(expected, LedgerState) else []
    )


def test_a_letter_is_gone_after_several_polls_only() -> None:
    absent, suspicions = [entry(b"a")], Suspicions()
    for _ in range(MISSING_POLLS_UNTIL_GONE - 1):
        absences = reckon_absences(absent, suspicions, NOW)
        assert absences.missing == [b"a"]
        assert not absences.settled
        suspicions = suspicions.after(missing=absences.missing)
    absences = reckon_absences(absent, suspicions, NOW)
    assert [one.state for one in absences.settled] == [LedgerState.GONE]
    assert not suspicions.after(missing=absences.missing).missing


def test_a_letter_that_is_back_in_between_is_counted_anew() -> None:
    suspicions = Suspicions(missing={b"a": MISSING_POLLS_UNTIL_GONE - 1})
    assert reckon_absences([], suspicions, NOW).missing == []
    assert suspicions.after(missing=[]).missing == {}


def test_a_letter_that_was_gone_and_is_back_is_what_it_was() -> None:
    note = LedgerEntry(b"n", LedgerState.GONE, EmailId(2), 10, b"", b"header", NOW)
    whole = entry(b"a", LedgerState.GONE)
    assert reckon_returns([whole, note], NOW + 1) == [with_state(note, LedgerState.SEEN, NOW + 1)]
    assert back_again([whole, note]) == [whole]


def test_what_left_the_server_is_remembered_for_more_than_a_year() -> None:
    old = NOW - LEDGER_REMEMBERED_SECONDS - 1
    absent = [
        entry(b"a", LedgerState.DELETION_CONFIRMED, at=old),
        entry(b"b", LedgerState.GONE, at=old),
        entry(b"c", LedgerState.DELETION_CONFIRMED, at=old + 1),
        entry(b"d", LedgerState.STORED, at=old),
    ]
    assert reckon_absences(absent, Suspicions(), NOW).expired == [b"a", b"b"]


def test_a_deletion_notes_when_it_was_sent_and_keeps_that() -> None:
    sent = with_state(entry(b"a"), LedgerState.DELETION_SENT, NOW + 5)
    confirmed = with_state(sent, LedgerState.DELETION_CONFIRMED, NOW + 9)
    assert (confirmed.stored_at, confirmed.deletion_sent_at, confirmed.at) == (
        NOW,
        NOW + 5,
        NOW + 9,
    )


# What is fetched, and how


def test_large_letters_come_as_notes() -> None:
    sorted_out = sort_wishes(
        [wish(1, b"a", 100), wish(2, b"b", 101), wish(3, None, 500)],
        Suspicions(),
        largest_octets=100,
    )
    assert [one.number for one in sorted_out.whole] == [1]
    assert [one.number for one in sorted_out.too_large] == [2, 3]


def test_what_a_person_asks_for_comes_whole_however_large_and_hopeless() -> None:
    suspicions = Suspicions(refused={b"a": 99})
    sorted_out = sort_wishes(
        [wish(1, b"a", 10**9)], suspicions, largest_octets=100, asked_for={b"a"}
    )
    assert [one.number for one in sorted_out.whole] == [1]


@pytest.mark.parametrize(
    ("suspicions", "is_hopeless"),
    [
        (Suspicions(refused={b"a": REFUSED_POLLS_UNTIL_QUARANTINE - 1}), False),
        (Suspicions(refused={b"a": REFUSED_POLLS_UNTIL_QUARANTINE}), True),
        (Suspicions(lost={b"a": LOST_POLLS_UNTIL_QUARANTINE - 1}), False),
        (Suspicions(lost={b"a": LOST_POLLS_UNTIL_QUARANTINE}), True),
        (Suspicions(missing={b"a": 99}), False),
    ],
)
def test_a_letter_is_given_up_after_several_polls_only(
    suspicions: Suspicions, is_hopeless: bool
) -> None:
    sorted_out = sort_wishes([wish(1, b"a")], suspicions, largest_octets=100)
    assert bool(sorted_out.hopeless) is is_hopeless
    assert bool(sorted_out.whole or sorted_out.suspects) is not is_hopeless


def test_letters_that_failed_before_wait_for_all_others() -> None:
    suspicions = Suspicions(refused={b"a": 1}, lost={b"a": 2, b"b": 2, b"c": 1})
    wished = [wish(1, b"a"), wish(2, b"b"), wish(3, b"c"), wish(4, b"d"), wish(5, None)]
    sorted_out = sort_wishes(wished, suspicions, largest_octets=100)
    assert [one.number for one in sorted_out.whole] == [4, 5, 3]
    assert [one.number for one in sorted_out.suspects] == [2, 1]


@pytest.mark.parametrize("state", list(LedgerState))
def test_on_request_comes_what_is_not_wholly_here(state: LedgerState) -> None:
    known = ledger(entry(b"a", state))
    is_open = state in (LedgerState.SEEN, LedgerState.QUARANTINED)
    wanted = [b"a", b"unheard-of"]
    assert asked_for({b"a": MessageNumber(1)}, known, wanted) == ([b"a"] if is_open else [])
    assert asked_for({}, known, wanted) == []


def test_quarantine_ends_with_another_try() -> None:
    old = entry(b"a", LedgerState.QUARANTINED, at=NOW - QUARANTINE_SECONDS)
    young = entry(b"b", LedgerState.QUARANTINED, at=NOW - QUARANTINE_SECONDS + 1)
    assert to_try_again([old, young], NOW) == [b"a"]


# Both at one look


def test_one_look_tells_what_is_unknown_what_is_odd_and_what_is_away() -> None:
    known = ledger(
        entry(b"a"),
        entry(b"b", LedgerState.GONE),
        entry(b"c", LedgerState.QUARANTINED),
        entry(b"d", LedgerState.DELETION_CONFIRMED),
        entry(b"e", LedgerState.DELETION_CONFIRMED),
    )
    numbers = locate(listing([b"new", b"d", b"c", b"b", b"a", b"newer"])).numbers
    numbers[b" by its header"] = MessageNumber(7)
    standing = compare(numbers, known)
    assert list(standing.unknown) == [0, 5]
    assert (standing.gone, standing.quarantined, standing.confirmed) == ([b"b"], [b"c"], [b"d"])
    assert not standing.lacks(known, {LedgerState.DELETION_CONFIRMED})
    assert standing.lacks(known, ())
