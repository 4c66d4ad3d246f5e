"""Ours, the peer and the floor in alternation: A B C, A B C, … on the same letters.

Called by the run.
Never installs, prints or writes files: it measures and gives figures back.
Standards: none.
Fails with BenchError when any octet that came back was wrong.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from statistics import median

from bench import report
from bench.floor_server import Floor, serves
from bench.measure import Figure, Side
from bench.report import Measured
from bench.scenarios import Scenario


def say(text: str) -> None:
    """Tell whoever waits how far the run is."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Comparison:
    """The sides of one run, and all figures as they came."""

    ours: Side | None
    peer: Side | None
    floor: Floor | None
    rounds: int
    seconds: float
    others_cores: float = 0.0
    """The most that other programs used while something was measured, in cores."""
    notes: list[str] = field(default_factory=list)
    """What must stand beside the table."""
    raw: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @property
    def sides(self) -> list[Side]:
        """Return the sides that take part, ours first."""
        return [side for side in (self.ours, self.peer) if side]

    def set_up(self, scenarios: list[Scenario]) -> None:
        """Start the servers, fill and check the maildrops, let everybody log in."""
        filled_later = {scenario.group for scenario in scenarios if scenario.dele}
        polled = {scenario.group for scenario in scenarios if scenario.mode != "idle"}
        for side in self.sides:
            name, groups = side.server.name, list(side.groups.values())
            say(f"{name}: making {sum(group.people for group in groups)} people …")
            side.server.prepare(groups)
            side.server.start()
            for group in groups:
                if group.name not in filled_later:
                    say(f"{name}: {group.name} filled, {side.fill(group):.0f} deliveries/s")
                    side.verify(group)
                if group.name in polled:
                    side.warm(group, {"main"})

    def verify(self) -> None:
        """Read everything once more, on every side."""
        for side in self.sides:
            for group in side.groups.values():
                side.verify(group)

    def measure(self, scenario: Scenario) -> Measured:
        """Alternate for all rounds of one scenario."""
        other = self.ours if scenario.against_itself else self.peer
        if self.ours and scenario.against_itself:
            self.ours.warm(self.ours.groups[scenario.group], set(scenario.logins))
        figures: tuple[list[Figure], list[Figure]] = ([], [])
        floor: list[float] = []
        for _ in range(self.rounds):
            for place, side in enumerate((self.ours, other)):
                if side:
                    say(f"  {scenario.name}: {side.server.name} ({scenario.logins[place]}) …")
                    one = side.measure(scenario, scenario.logins[place], self.seconds)
                    figures[place].append(one)
                    self.others_cores = max(self.others_cores, one.others_cores)
                    self._keep(scenario, ("ours", "other")[place], asdict(one))
            if self.floor and serves(scenario):
                floor.append(self._floor_figure(scenario, self.floor))
                self._keep(scenario, "floor", {"value": floor[-1]})
        for side_figures in filter(None, figures):
            if scenario.mode != "idle":
                say(_note(side_figures))
        if scenario.mode == "idle":
            self.notes += [
                f"{side.server.name}, {_idle_note(scenario, these)}"
                for side, these in zip((self.ours, other), figures, strict=True)
                if side and these
            ]
        ours, others = (tuple(one.value for one in these) for these in figures)
        ours_cpu, other_cpu = map(_median_cpu, figures)
        return Measured(scenario, ours, others, tuple(floor), (ours_cpu, other_cpu))

    def _floor_figure(self, scenario: Scenario, floor: Floor) -> float:
        side = self.sides[0]
        group = side.groups[scenario.group]
        return floor.measure(scenario, group, side.letters[group.name], self.seconds)

    def _keep(self, scenario: Scenario, side: str, figures: dict[str, object]) -> None:
        self.raw.setdefault(scenario.name, []).append({"side": side, **figures})


def _median_cpu(figures: list[Figure]) -> float:
    return median(figure.server_cpu_microseconds for figure in figures) if figures else 0.0


def _idle_note(scenario: Scenario, figures: list[Figure]) -> str:
    all_in = report.spread([figure.all_in for figure in figures])
    steps = ", ".join(report.short(slope) for slope in figures[0].slopes)
    return f"`{scenario.name}`: all memory since the start {all_in} KiB/session; by step {steps}"


def _note(figures: list[Figure]) -> str:
    cpu = report.spread([figure.server_cpu_microseconds for figure in figures])
    share = report.spread([figure.generator_share for figure in figures])
    others = report.spread([figure.others_cores for figure in figures])
    return f"    server CPU {cpu} µs each; cores used: generator {share}, others {others}"
