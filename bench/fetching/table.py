"""From figures to a table.

Called by the run.
Never measures, never decides whether a run was right.
Standards: none.
Fails with ValueError when there is no figure at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.fetching.measuring import Figure
from bench.fetching.scenarios import Kind, Scenario
from bench.report import short, spread

Figures = dict[str, list[Figure]]
"""The figures of one scenario, by collector, round by round."""

_SHARE_GOAL = 0.1
_HEAD = (
    "| scenario | collector | letters | seconds | letters/s | CPU µs/letter | peak MiB "
    "| commands | Hato is faster | goal (least / aim) | |"
)


def table(results: Sequence[tuple[Scenario, Figures]]) -> str:
    """Return a Markdown table: a line for each collector and number of letters in each scenario.

    Only runs with as many letters are compared.
    """
    lines = [_HEAD, "|---|---|---:|---:|---:|---:|---:|---|---:|---|---|"]
    for scenario, figures in results:
        for name, all_of_them in figures.items():
            for letters in sorted({one.letters for one in all_of_them}, reverse=True):
                these, ours = (
                    [one for one in several if one.letters == letters]
                    for several in (all_of_them, figures.get("Hato", []))
                )
                lines.append(_line(scenario, name, these, ours))
    return "\n".join(lines)


def _line(scenario: Scenario, name: str, these: list[Figure], ours: list[Figure]) -> str:
    is_rate = scenario.kind is Kind.FIRST and scenario.letters > 1
    seconds = spread([one.ran.seconds for one in these])
    peak = max(one.ran.peak_kib for one in these) / 1024
    times = _times(scenario, ours, these) if name != "Hato" and ours else []
    cells = (
        f"`{scenario.name}`: {scenario.about}",
        name,
        str(these[0].letters),
        str(seconds),
        str(spread([one.rate for one in these])) if is_rate else "-",
        short(median(one.cpu_microseconds for one in these)) if is_rate else "-",
        f"{peak:.0f}",
        _commands(these[-1]),
        f"**{spread(times)}**" if times else "-",
        *_goal(scenario, name, times, these),
    )
    return "| " + " | ".join(cells) + " |"


def _times(scenario: Scenario, ours: list[Figure], these: list[Figure]) -> list[float]:
    """Return how many times faster Hato was, round by round."""
    pairs = list(zip(ours, these, strict=False))
    if scenario.kind is Kind.FIRST:
        return [our.rate / other.rate for our, other in pairs]
    return [other.ran.seconds / our.ran.seconds for our, other in pairs]


def _commands(figure: Figure) -> str:
    """Say what was asked; nothing where nobody counted."""
    return " ".join(f"{verb} {count}" for verb, count in figure.commands.items()) or "-"


def _goal(
    scenario: Scenario, name: str, times: list[float], these: list[Figure]
) -> tuple[str, str]:
    """Return the goal, and whether it is reached."""
    if scenario.kind is Kind.SOURCES:
        share = median(one.ran.cpu_seconds / one.ran.seconds for one in these)
        reached = "reached" if share <= _SHARE_GOAL else "below"
        return f"at most {_SHARE_GOAL:.0%} of a core", f"{share:.1%}: {reached}"
    goal = next((goal for goal in scenario.goals if goal[0] == name), None)
    if goal is None or not times:
        return "-", ""
    _, least, aim = goal
    middle = median(times)
    word = "aim reached" if middle >= aim else "least reached" if middle >= least else "below"
    return f"{least:g}x / {aim:g}x", word
