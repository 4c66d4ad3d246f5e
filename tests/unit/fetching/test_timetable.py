"""When a source is due: its own pace, jitter, back-off, and what servers ask for."""

from __future__ import annotations

import random

import pytest

from hato.core import limits
from hato.services.fetching.advice import Cure
from hato.services.fetching.timetable import JITTER, Result, Timetable, wait_seconds

FINE = Result()


def middle() -> float:
    """Chance without jitter."""
    return 0.5


def test_a_source_is_due_again_after_its_own_pace() -> None:
    table = Timetable(middle)
    table.put("a", 300, 0.0, within=0)
    assert table.take_due(0.0) == ["a"]
    assert table.done("a", 10.0, FINE) == 300
    assert table.take_due(309.9) == []
    assert table.take_due(310.0) == ["a"]


def test_who_is_being_polled_is_not_due() -> None:
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    assert table.take_due(0.0) == ["a"]
    assert table.take_due(1e6) == []
    assert table.next_at() is None


def test_many_that_begin_together_do_not_march_in_step() -> None:
    table = Timetable(random.Random(1).random)
    for number in range(200):
        table.put(str(number), 60, 0.0, within=60)
    by_second = [len(table.take_due(second)) for second in range(61)]
    assert sum(by_second) == 200
    assert max(by_second) < 15


def test_jitter_stays_within_its_bounds() -> None:
    draw = random.Random(2).random
    table = Timetable(draw)
    table.put("a", 300, 0.0, within=0)
    waits = set()
    for _ in range(200):
        table.take_due(1e9)
        waits.add(table.done("a", 0.0, FINE) or 0)
    assert min(waits) >= 300 * (1 - JITTER)
    assert max(waits) <= 300 * (1 + JITTER)
    assert len(waits) > 100


def test_the_earliest_comes_first() -> None:
    table = Timetable(middle)
    table.put("late", 60, 5.0, within=0)
    table.put("early", 60, 1.0, within=0)
    assert table.next_at() == 1.0
    assert table.take_due(10.0) == ["early", "late"]


@pytest.mark.parametrize(
    ("cure", "waits"),
    [
        (Cure.TIME, [600, 1200, 2400, 3600, 3600]),
        (Cure.PATIENCE, [60, 120, 240, 480, 960, 1800, 1800]),
        (Cure.HERE, [300, 300]),
        (Cure.PROVIDER, [900, 1800, 3600, 7200, 14400, 21600, 21600]),
        (Cure.SETTINGS, [900, 1800, 3600]),
    ],
)
def test_waits_grow_to_a_cap(cure: Cure, waits: list[float]) -> None:
    failures = range(1, len(waits) + 1)
    assert [wait_seconds(300, each, Result(cure)) for each in failures] == waits
    assert wait_seconds(300, 10_000, Result(cure)) == waits[-1] or cure is Cure.SETTINGS


def test_a_poll_that_goes_well_ends_the_back_off() -> None:
    table = Timetable(middle)
    table.put("a", 300, 0.0, within=0)
    for wait in (600, 1200):
        table.take_due(1e9)
        assert table.done("a", 0.0, Result(Cure.TIME)) == wait
    table.take_due(1e9)
    assert table.done("a", 0.0, FINE) == 300
    table.take_due(1e9)
    assert table.done("a", 0.0, Result(Cure.TIME)) == 600


def test_a_refused_secret_is_not_tried_again_until_something_changes() -> None:
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    table.take_due(0.0)
    assert table.done("a", 0.0, Result(Cure.SECRET)) is None
    assert table.take_due(1e9) == []
    table.put("a", 60, 100.0, within=0)
    assert table.take_due(100.0) == ["a"]


def test_a_login_delay_is_honoured_and_remembered() -> None:
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    table.take_due(0.0)
    assert table.done("a", 0.0, Result(login_delay_seconds=900)) == 900
    table.take_due(900.0)
    assert table.done("a", 900.0, FINE) == 900
    table.put("a", 60, 950.0, within=0)
    table.take_due(950.0)
    assert table.done("a", 950.0, FINE) == 900


def test_jitter_never_comes_before_a_login_delay() -> None:
    table = Timetable(lambda: 0.0)
    table.put("a", 60, 0.0, within=0, least_seconds=900)
    table.take_due(0.0)
    assert table.done("a", 0.0, FINE) == 900


def test_what_a_server_asks_for_this_once_is_waited() -> None:
    assert wait_seconds(60, 1, Result(Cure.PATIENCE, told_seconds=700)) == 700


def test_no_server_makes_us_wait_longer_than_a_day() -> None:
    forever = 10**9
    result = Result(Cure.PATIENCE, told_seconds=forever, login_delay_seconds=forever)
    assert wait_seconds(60, 1, result) == limits.FETCH_MOST_WAIT_SECONDS
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    table.take_due(0.0)
    assert table.done("a", 0.0, result) == limits.FETCH_MOST_WAIT_SECONDS


def test_nobody_is_polled_without_a_pause() -> None:
    table = Timetable(middle)
    table.put("a", 0, 0.0, within=0)
    table.take_due(0.0)
    assert table.done("a", 0.0, FINE) == limits.FETCH_LEAST_POLL_SECONDS


def test_a_source_changed_while_it_is_polled_goes_by_its_new_settings() -> None:
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    table.take_due(0.0)
    table.put("a", 600, 1.0, within=0)
    table.done("a", 2.0, Result(Cure.SECRET))
    assert table.take_due(2.0) == ["a"]


def test_a_held_source_is_never_due() -> None:
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    table.hold("a", 60)
    assert table.take_due(1e9) == []
    assert table.next_at() is None


def test_a_removed_source_is_forgotten_even_while_it_is_polled() -> None:
    table = Timetable(middle)
    table.put("a", 60, 0.0, within=0)
    table.put("b", 60, 0.0, within=0)
    assert table.take_due(0.0) == ["a", "b"]
    table.remove("a")
    assert table.done("a", 1.0, FINE) is None
    table.done("b", 1.0, FINE)
    table.remove("b")
    assert table.next_at() is None
