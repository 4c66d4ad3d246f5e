"""Counts over several processes."""

from __future__ import annotations

import os

from hato.core.shared_counts import Counts, SharedCounts


def test_so_many_are_let_in_and_no_more() -> None:
    counts = Counts()
    assert [counts.enter("192.0.2.1", 2) for _ in range(3)] == [True, True, False]
    assert counts.enter("192.0.2.2", 2)
    counts.leave("192.0.2.1")
    assert counts.enter("192.0.2.1", 2)


def test_processes_count_together() -> None:
    shared = SharedCounts(2)
    mine, theirs = Counts(shared, 0), Counts(shared, 1)
    child = os.fork()
    if child == 0:
        os._exit(0 if theirs.enter("192.0.2.1", 2) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert mine.enter("192.0.2.1", 2)
    assert not mine.enter("192.0.2.1", 2)


def test_what_a_dead_process_counted_is_forgotten() -> None:
    shared = SharedCounts(2)
    assert Counts(shared, 1).enter("192.0.2.1", 1)
    assert not Counts(shared, 0).enter("192.0.2.1", 1)
    shared.clear(1)
    assert Counts(shared, 0).enter("192.0.2.1", 1)


def test_many_keys_disturb_a_limit_of_some_size_never() -> None:
    counts = Counts()
    keys = [f"2001:db8:{number:x}::/64" for number in range(20_000)]
    assert all(counts.enter(key, 20) for key in keys)
    for key in keys:
        counts.leave(key)
    assert all(counts.enter(key, 1) for key in keys[:1])
