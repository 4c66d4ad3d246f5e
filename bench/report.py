"""From figures to ratios, and from ratios to a table.

Called by the run.
Never measures, never decides whether a run was right.
Standards: none.
Fails with ValueError when there is no figure at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.scenarios import Goal, Scenario


@dataclass(frozen=True)
class Spread:
    """Least, middle and greatest of some figures."""

    least: float
    middle: float
    greatest: float

    def __str__(self) -> str:
        """Return `min - median - max`, with as many digits as mean something."""
        return " - ".join(short(figure) for figure in (self.least, self.middle, self.greatest))


@dataclass(frozen=True)
class Measured:
    """One scenario's figures, round by round; `other` is empty when nobody ran beside ours."""

    scenario: Scenario
    ours: tuple[float, ...]
    other: tuple[float, ...]
    floor: tuple[float, ...] = ()
    """What the machine can do at all, where that was measured."""
    cpu: tuple[float, float] = (0.0, 0.0)
    """Processor time of ours and of the other server per unit, in microseconds; 0: not known."""


def short(figure: float) -> str:
    """Write a figure with three significant digits, thousands apart."""
    if figure >= 100:
        return f"{figure:,.0f}".replace(",", " ")
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"


def spread(figures: Sequence[float]) -> Spread:
    """Return the spread of `figures`; ValueError when there are none."""
    return Spread(min(figures), median(figures), max(figures))


def ratios(measured: Measured) -> tuple[float, ...]:
    """Return how many times better ours was than the other in each round.

    Rounds are compared one by one: what disturbed the machine disturbed both.
    """
    pairs = zip(measured.ours, measured.other, strict=False)
    if measured.scenario.less_is_better:
        return tuple(other / ours for ours, other in pairs if ours > 0)
    return tuple(ours / other for ours, other in pairs if other > 0)


def cpu_times_less(measured: Measured) -> str:
    """Return how many times less processor time ours took per unit; `-` when one is not known.

    It says nothing about waiting, but other processes on the machine hardly move it.
    """
    ours, other = measured.cpu
    return f"{short(other / ours)}" if ours and other else "-"


def beside_the_floor(measured: Measured) -> str:
    """Return the floor's middle and ours as a percentage of it; `-` when it was not measured."""
    if not measured.floor:
        return "-"
    floor = median(measured.floor)
    share = f" ({median(measured.ours) / floor:.0%})" if measured.ours else ""
    return short(floor) + share


def verdict(measured: Measured) -> str:
    """Say `aim reached`, `least reached` or `below`; empty when it cannot be said."""
    goal: Goal = measured.scenario.goal
    figures = measured.ours if goal.absolute else ratios(measured)
    if not figures:
        return ""
    figure = median(figures)

    def reached(mark: float | None) -> bool:
        if mark is None:
            return False
        down = goal.absolute and measured.scenario.less_is_better
        return figure <= mark if down else figure >= mark

    if goal.aim is None and goal.least is None:
        return ""
    if reached(goal.aim):
        return "aim reached"
    if reached(goal.least):
        return "least reached"
    return "below" if goal.least is not None else "below the aim"


def _goal(goal: Goal) -> str:
    sign = "<= {}" if goal.absolute else ">= {} x"
    marks = [sign.format(short(mark)) for mark in (goal.least, goal.aim) if mark is not None]
    if not marks:
        return "-"
    return "; aim ".join(marks) if goal.least is not None else "aim " + "".join(marks)


def table(results: Sequence[Measured], ours: str, other: str) -> str:
    """Return a Markdown table: min - median - max of both sides and of the ratio."""
    rows = [
        f"| scenario | unit | {other} | {ours} | ratio | CPU ratio | floor ({ours}) | goal | |",
        "|---|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for one in results:
        times = ratios(one)
        cells = (
            f"`{one.scenario.name}`: {one.scenario.about}",
            one.scenario.unit,
            str(spread(one.other)) if one.other else "-",
            str(spread(one.ours)) if one.ours else "-",
            f"**{spread(times)}**" if times else "-",
            cpu_times_less(one),
            beside_the_floor(one),
            _goal(one.scenario.goal),
            verdict(one),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)
