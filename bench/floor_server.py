"""The floor: a C server that does nothing but answer from memory, as the measure of the machine.

Called by the run, with `--floor`.
Never a mail server: it lets everybody in and keeps nothing.
Standards: RFC 1939, as much as the scenarios need.
Fails with BenchError when it does not compile or start.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench import generator
from bench.letters import Group, password_of, write_people
from bench.scenarios import Scenario
from bench.server import BenchError, accepts, free_ports, stop_process, wait_until


@dataclass(frozen=True)
class Floor:
    """Runs for one measurement at a time, with the letters of that scenario in memory."""

    binary: Path
    load_binary: Path
    folder: Path
    certificate: tuple[Path, Path]

    def measure(self, scenario: Scenario, group: Group, letters: Path, seconds: float) -> float:
        """Return the floor's figure for `scenario`, in its unit."""
        port = free_ports().pop3
        command = [str(self.binary), str(port), str(group.messages_each), str(letters)]
        command += [str(group.letter_octets), *(map(str, self.certificate) if scenario.tls else ())]
        process = subprocess.Popen(command)
        try:
            wait_until(lambda: accepts(port), process, self.folder / "floor.log")
            people = self.folder / "floor.people"
            write_people(people, {name: password_of(name) for name in group.names()})
            load = generator.command(
                self.load_binary, scenario.mode, port, people, letters, group.letter_octets
            )
            shape = generator.shape(scenario, group)
            outcome = generator.run([*load, *shape, "--seconds", str(seconds)])
        finally:
            stop_process(process)
        if outcome.errors:
            raise BenchError(f"floor, {scenario.name}: {outcome.first_error}")
        return generator.figure(scenario, outcome)


def serves(scenario: Scenario) -> bool:
    """Tell whether the floor can do `scenario`: it can only be read."""
    return scenario.mode in {"poll", "download"} and not scenario.dele
