"""One side of the comparison: fill its maildrops, measure a scenario once, check every octet.

Called by the run, for each side in turn.
Never compares the sides: `report` does.
Standards: none.
Fails with BenchError when anything that came back is not what was delivered.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from bench import generator
from bench.generator import Outcome
from bench.letters import Group, write_people
from bench.scenarios import Scenario
from bench.server import BenchError, Server, busy_seconds, cpu_seconds, pss_kib

WARM_PASSES: Final = 8
"""Each pass lets every person log in once; a worker that has not seen the person yet must hash."""

IDLE_STEPS: Final = 10
READ_ALL: Final = ("--connections", "8", "--window", "50")

Pairs = Counter[tuple[str, str]]
"""Who has which serial number, and how often: it must be once."""


@dataclass(frozen=True)
class Figure:
    """One measurement: the figure in the scenario's unit, and what stood beside it."""

    value: float
    outcome: Outcome
    server_cpu_microseconds: float
    """Per session or message, all of the server's processes together."""
    others_cores: float
    """What everything else on the machine used meanwhile, in cores: it should be next to 0."""
    all_in: float = 0.0
    """`idle`: KiB per session with everything that was loaded since the start."""
    slopes: tuple[float, ...] = ()
    """`idle`: KiB per session in each step; the later ones must agree with each other."""

    @property
    def generator_share(self) -> float:
        """Return the generator's use of one core, 0 to 1: near 1 it is the bottleneck."""
        return self.outcome.generator_cpu_seconds / max(self.outcome.elapsed_seconds, 1e-9)


@dataclass
class Side:
    """A running server, its people, and what its maildrops must hold."""

    server: Server
    binary: Path
    folder: Path
    letters: dict[str, Path]
    groups: dict[str, Group]
    expected: dict[str, Pairs] = field(default_factory=dict)
    next_serial: int = 0

    def _people(self, group: Group, kind: str) -> Path:
        path = self.folder / f"{self.server.name}-{group.name}-{kind}.people"
        if not path.exists():
            write_people(path, self.server.passwords(group, kind))
        return path

    def _load(self, mode: str, group: Group, kind: str, *, tls: bool = False) -> list[str]:
        ports = self.server.ports
        port = ports.lmtp if mode == "lmtp" else ports.pop3s if tls else ports.pop3
        people, letters = self._people(group, kind), self.letters[group.name]
        return generator.command(self.binary, mode, port, people, letters, group.letter_octets)

    def _run(self, command: list[str], what: str) -> Outcome:
        outcome = generator.run(command)
        if outcome.errors:
            raise BenchError(
                f"{self.server.name}, {what}: {outcome.errors} errors, first: {outcome.first_error}"
            )
        return outcome

    def _deliver(self, group: Group, arguments: list[str], what: str) -> Outcome:
        """Deliver, and remember who must have what."""
        pairs = self.folder / "pairs"
        command = [*self._load("lmtp", group, "main"), "--serial", str(self.next_serial)]
        outcome = self._run([*command, "--pairs", str(pairs), *arguments], what)
        accepted = _read_pairs(pairs)
        self.expected.setdefault(group.name, Counter()).update(accepted)
        self.next_serial = 1 + max(int(serial, 16) for _, serial in accepted)
        return outcome

    def fill(self, group: Group) -> float:
        """Deliver the letters of `group`; return the deliveries per second."""
        if not group.messages_each:
            return 0.0
        # The next multiple: the same letters for both sides, and every letter once per person.
        self.next_serial += -self.next_serial % group.letters
        transactions = group.messages_each * group.people // group.recipients
        arguments = ["--recipients", str(group.recipients), "--messages", str(transactions)]
        outcome = self._deliver(group, [*arguments, "--connections", "4"], f"filling {group.name}")
        return outcome.messages / outcome.elapsed_seconds

    def verify(self, group: Group, shape: Sequence[str] = READ_ALL) -> Outcome:
        """Fetch everything of everybody: each accepted letter is there once, octet for octet."""
        pairs = self.folder / "pairs"
        command = [*self._load("download", group, "main"), "--once", "--pairs", str(pairs), *shape]
        outcome = self._run(command, f"reading all of {group.name}")
        self._compare(group, _read_pairs(pairs))
        return outcome

    def _compare(self, group: Group, found: Pairs) -> None:
        expected = self.expected.get(group.name, Counter())
        if found != expected:
            missing, extra = (expected - found).total(), (found - expected).total()
            raise BenchError(
                f"{self.server.name}, {group.name}: {missing} letters missing, {extra} too many"
            )

    def warm(self, group: Group, kinds: set[str]) -> None:
        """Let everybody log in a few times, so that each worker has verified each password."""
        for kind in kinds - {"slow"}:
            for _ in range(WARM_PASSES):
                command = [*self._load("poll", group, kind), "--once", "--connections", "64"]
                self._run(command, f"warming up {group.name}")

    def measure(self, scenario: Scenario, kind: str, seconds: float) -> Figure:
        """Run `scenario` once."""
        group = self.groups[scenario.group]
        if scenario.mode == "idle":
            return self._idle(scenario, group, kind)
        if scenario.dele:
            self.fill(group)
        pid = self.server.main_pid()
        began, busy, before = time.monotonic(), busy_seconds(), cpu_seconds(pid)
        shape = generator.shape(scenario, group)
        if scenario.mode == "lmtp":
            outcome = self._deliver(group, [*shape, "--seconds", str(seconds)], scenario.name)
        elif scenario.dele:
            outcome = self.verify(group, shape)
            self.expected[group.name].clear()
        else:
            command = self._load(scenario.mode, group, kind, tls=scenario.tls)
            outcome = self._run([*command, *shape, "--seconds", str(seconds)], scenario.name)
        used, took = cpu_seconds(pid) - before, time.monotonic() - began
        others = busy_seconds() - busy - used - outcome.all_generator_cpu_seconds
        units = outcome.all_sessions if scenario.mode == "poll" else outcome.all_messages
        return Figure(
            generator.figure(scenario, outcome),
            outcome,
            used / max(units, 1) * 1e6,
            max(others, 0.0) / took,
        )

    def _idle(self, scenario: Scenario, group: Group, kind: str) -> Figure:
        """Measure what one more session needs, once every bounded cache is full.

        On a server that ran before, sessions fill the memory that earlier ones left behind and
        seem to cost nothing; in the first hundreds, what is kept per person until a cache is full
        would be counted as theirs. So: a fresh server, and the slope of the second half.
        """
        self.server.stop()
        self.server.start()
        command = self._load("idle", group, kind, tls=scenario.tls) + ["--tls"] * scenario.tls
        for _ in range(WARM_PASSES):
            self._run([*command, "--connections", "2"], scenario.name)
        pid = self.server.main_pid()
        marks = [(0, pss_kib(pid))]
        shape = ["--connections", str(group.people), "--steps", str(IDLE_STEPS)]
        outcome = generator.run([*command, *shape], lambda n: marks.append((n, pss_kib(pid))))
        if outcome.errors or len(marks) != IDLE_STEPS + 1:
            raise BenchError(f"{self.server.name}, {scenario.name}: {outcome.first_error}")
        slopes = [_slope(*pair) for pair in pairwise(marks)]
        half, last = marks[IDLE_STEPS // 2], marks[-1]
        return Figure(_slope(half, last), outcome, 0.0, 0.0, _slope(marks[0], last), tuple(slopes))


def _slope(first: tuple[int, int], second: tuple[int, int]) -> float:
    return (second[1] - first[1]) / (second[0] - first[0])


def _read_pairs(path: Path) -> Pairs:
    """Read the generator's file of pairs: one `name serial` a line."""
    read: Pairs = Counter()
    for line in path.read_text().splitlines():
        name, serial = line.split()
        read[name, serial] += 1
    return read
