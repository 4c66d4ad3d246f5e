"""The owner's rule: what may be deleted there, and what never."""

from __future__ import annotations

import itertools

import pytest

from hato.core.ids import EmailId
from hato.services.fetching.policies import due, is_safe_here
from hato.services.sources.source import Keeping, Policy
from hato.store.model import LedgerEntry, LedgerState

NOW = 1_800_000_000
DAY = 86_400
SAFE = {
    LedgerState.STORED,
    LedgerState.MAY_BE_DELETED,
    LedgerState.DELETION_SENT,
}


def entry(state: LedgerState, *, email: int | None = 1, age: int = 0) -> LedgerEntry:
    email_id = None if email is None else EmailId(email)
    return LedgerEntry(b"a", state, email_id, 1, b"w", b"h", NOW - age, NOW - age)


@pytest.mark.parametrize(
    ("keeping", "state", "email"), list(itertools.product(Keeping, LedgerState, [1, None]))
)
def test_nothing_goes_that_is_not_wholly_here_and_nothing_where_all_is_kept(
    keeping: Keeping, state: LedgerState, email: int | None
) -> None:
    one = entry(state, email=email, age=10 * DAY)
    is_due = bool(due(Policy(keeping, days=1), [one], NOW))
    assert is_due is (keeping is not Keeping.KEEP and state in SAFE and email is not None)
    assert is_safe_here(one) is (state in SAFE and email is not None)


def test_days_count_from_when_the_letter_became_safe_here() -> None:
    policy = Policy(Keeping.DELETE_AFTER_DAYS, days=7)
    assert not due(policy, [entry(LedgerState.STORED, age=7 * DAY - 1)], NOW)
    assert due(policy, [entry(LedgerState.STORED, age=7 * DAY)], NOW)


def test_a_deletion_that_did_not_come_about_need_not_wait_as_long_again() -> None:
    policy = Policy(Keeping.DELETE_AFTER_DAYS, days=7)
    tried = LedgerEntry(
        b"a", LedgerState.MAY_BE_DELETED, EmailId(1), 1, b"w", b"h", NOW, NOW - 7 * DAY
    )
    assert due(policy, [tried], NOW)


def test_an_entry_without_the_moment_counts_from_its_state() -> None:
    policy = Policy(Keeping.DELETE_AFTER_DAYS, days=7)
    old = LedgerEntry(b"a", LedgerState.STORED, EmailId(1), 1, b"w", b"h", NOW - 6 * DAY)
    assert not due(policy, [old], NOW)
    assert due(policy, [old], NOW + DAY)


def test_what_was_read_or_removed_here_goes_and_what_is_unread_stays() -> None:
    policy = Policy(Keeping.DELETE_WHEN_READ)
    read, unread = entry(LedgerState.STORED, email=1), entry(LedgerState.STORED, email=2)
    assert due(policy, [read, unread], NOW, frozenset({EmailId(2)})) == [read]


def test_a_letter_that_is_listed_after_its_deletion_may_be_another_one_and_stays() -> None:
    policy = Policy(Keeping.DELETE_WHEN_STORED)
    assert not due(policy, [entry(LedgerState.DELETION_CONFIRMED, age=400 * DAY)], NOW)
