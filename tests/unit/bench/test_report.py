"""The ratios and the table of the benchmark."""

from __future__ import annotations

import pytest

from bench.report import (
    Measured,
    Spread,
    beside_the_floor,
    cpu_times_less,
    ratios,
    short,
    spread,
    table,
    verdict,
)
from bench.scenarios import SCENARIOS, Goal, Scenario


def scenario(unit: str = "sessions/s", goal: Goal | None = None) -> Scenario:
    return Scenario("poll", "a poll", "poll", unit, "poll", 64, goal=goal or Goal(3, 5))


def test_a_spread_is_least_middle_and_greatest() -> None:
    assert spread([3.0, 1.0, 2.0, 10.0]) == Spread(1.0, 2.5, 10.0)


def test_a_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        spread([])


def test_ratios_are_taken_within_a_round() -> None:
    measured = Measured(scenario(), ours=(100.0, 50.0), other=(50.0, 10.0))
    assert ratios(measured) == (2.0, 5.0)


def test_where_less_is_better_the_ratio_is_turned_round() -> None:
    measured = Measured(scenario("KiB/session"), ours=(4.0,), other=(280.0,))
    assert ratios(measured) == (70.0,)


def test_a_side_that_stood_still_gives_no_ratio() -> None:
    assert ratios(Measured(scenario(), ours=(100.0,), other=(0.0,))) == ()


@pytest.mark.parametrize(
    ("ours", "said"), [(50.0, "aim reached"), (30.0, "least reached"), (29.9, "below")]
)
def test_the_median_ratio_is_held_against_the_goal(ours: float, said: str) -> None:
    measured = Measured(scenario(), ours=(1.0, ours, 1000.0), other=(10.0, 10.0, 10.0))
    assert verdict(measured) == said


@pytest.mark.parametrize(
    ("ours", "said"), [(20.0, "aim reached"), (40.0, "least reached"), (41.0, "below")]
)
def test_an_absolute_goal_needs_no_other_side(ours: float, said: str) -> None:
    memory = scenario("KiB/session", Goal(40, 25, absolute=True))
    assert verdict(Measured(memory, ours=(ours,), other=())) == said


def test_figures_have_three_digits_that_mean_something() -> None:
    assert [short(1.234), short(12.34), short(123.4), short(12_345.6)] == [
        "1.23",
        "12.3",
        "123",
        "12 346",
    ]


def test_a_missing_side_is_a_dash_in_the_table() -> None:
    rows = table([Measured(scenario(), ours=(), other=(10.0,))], "ours", "peer").splitlines()
    assert rows[2].split(" | ")[2:5] == ["10.0 - 10.0 - 10.0", "-", "-"]


def test_the_floor_stands_with_the_percentage_that_ours_reaches() -> None:
    measured = Measured(scenario(), (40.0, 50.0, 60.0), (), (100.0,))
    assert beside_the_floor(measured) == "100 (50%)"
    assert beside_the_floor(Measured(scenario(), (), (), (100.0,))) == "100"
    assert beside_the_floor(Measured(scenario(), (40.0,), ())) == "-"


def test_processor_time_is_compared_where_both_are_known() -> None:
    assert cpu_times_less(Measured(scenario(), (1.0,), (1.0,), cpu=(50.0, 125.0))) == "2.50"
    assert cpu_times_less(Measured(scenario(), (1.0,), ())) == "-"


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = [one.name for one in SCENARIOS]
    assert len(names) == len(set(names))
