"""Measure one collector in one scenario, and check what came.

Called by the run.
Never compares collectors: `table` does.
Standards: none.
Fails with BenchError when anything that came is not what lay there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.fetching import arrived
from bench.fetching.delay import Counted, Delay
from bench.fetching.hato_collector import HatoCollector
from bench.fetching.peers import Collector
from bench.fetching.process import Ran, peak_kib_of
from bench.fetching.providers import FloorProvider, Maildrop, Provider
from bench.fetching.scenarios import Kind, Scenario
from bench.server import (
    BenchError,
    busy_seconds,
    cpu_seconds,
    processes_of,
    stop_process,
    wait_until,
)

SOURCES = 200


@dataclass(frozen=True)
class Figure:
    """What one run of one collector took."""

    letters: int
    ran: Ran
    commands: dict[str, int] = field(default_factory=dict)
    """What the server was asked, where the delay proxy stood in between."""
    connections: int = 0
    others_cores: float = 0.0
    """What everything else used meanwhile, in cores; the provider and the proxy are in it."""

    @property
    def rate(self) -> float:
        """Letters a second, the start of the program included."""
        return self.letters / self.ran.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time for each letter, the start of the program included."""
        return self.ran.cpu_seconds / self.letters * 1e6


@dataclass
class Bench:
    """What all measurements share."""

    folder: Path
    floor: FloorProvider
    provider: Provider
    delay: Path
    certificate: tuple[Path, Path]
    in_lockstep: int
    letters: int | None = None
    """Most letters, whatever the scenario says."""

    def measure(
        self, scenario: Scenario, collector: Collector, letters: int, rounds: int
    ) -> Iterator[Figure]:
        """Yield a figure for each round; what is fetched, so many letters, begins anew in each."""
        if scenario.kind is Kind.KNOWN:
            with self._set_up(scenario, collector, letters) as (maildrop, delay):
                collector.know_all()
                for _ in range(rounds):
                    yield _collect(scenario, collector, maildrop, delay)
            return
        for _ in range(rounds):
            with self._set_up(scenario, collector, letters) as (maildrop, delay):
                if scenario.kind is Kind.AGAIN:
                    collector.collect()
                    arrived.check(maildrop, collector.arrived())
                if delay is not None:
                    delay.set_round_trip(scenario.round_trip_ms)
                yield _collect(scenario, collector, maildrop, delay)
                arrived.check(maildrop, collector.arrived())

    def letters_of(self, scenario: Scenario, collector: Collector) -> int:
        """Return how many letters a collector is measured with."""
        wanted = scenario.letters_of(pipelines=collector.pipelines, in_lockstep=self.in_lockstep)
        return wanted if self.letters is None else min(wanted, self.letters)

    @contextmanager
    def _set_up(
        self, scenario: Scenario, collector: Collector, letters: int
    ) -> Iterator[tuple[Maildrop, Delay | None]]:
        # How the peers are told what they know is the floor's numbering.
        is_floor = scenario.kind is Kind.KNOWN or scenario.letters == 1
        provider = self.floor if is_floor else self.provider
        maildrop = provider.maildrop(letters, scenario.letter_octets)
        folder = self.folder / f"{collector.name}-{time.monotonic_ns()}"
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            delay = None
            if scenario.round_trip_ms or scenario.hides_pipelining or scenario.kind is Kind.KNOWN:
                delay = Delay(self.delay, maildrop.port, hides_pipelining=scenario.hides_pipelining)
                stack.callback(delay.stop)
            collector.set_up(folder, maildrop, delay.port if delay else maildrop.port)
            yield maildrop, delay

    def measure_sources(self, collector: HatoCollector, seconds: float) -> Figure:
        """Let `hato serve` poll for a while; the figure's time is that while, its letters polls."""
        maildrop = self.floor.maildrop(100, 8192, tls=True)
        with ExitStack() as stack:
            folder = self.folder / f"sources-{time.monotonic_ns()}"
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            delay = Delay(self.delay, maildrop.port)
            stack.callback(delay.stop)
            collector.make_owner(folder)
            collector.add_sources(maildrop, delay.port, SOURCES, self.certificate[0])
            collector.collect()
            command = [str(Path(sys.executable).parent / "hato"), "serve", "--config"]
            log = folder / "serve.log"
            with log.open("wb") as output:
                serve = subprocess.Popen(
                    [*command, str(collector.configuration)], stdout=output, stderr=output
                )
            stack.callback(stop_process, serve)
            wait_until(lambda: b"\nready" in b"\n" + log.read_bytes(), serve, log)
            time.sleep(min(seconds, 60.0))
            return _watch(serve, delay, seconds)


def _collect(
    scenario: Scenario, collector: Collector, maildrop: Maildrop, delay: Delay | None
) -> Figure:
    """Run the collector once, with nothing left to be written from before."""
    os.sync()
    if delay is not None:
        delay.counted()
    busy, began = busy_seconds(), time.perf_counter()
    ran = collector.collect()
    others = (busy_seconds() - busy - ran.cpu_seconds) / (time.perf_counter() - began)
    counted = delay.counted() if delay is not None else Counted()
    if scenario.kind is not Kind.FIRST and counted.commands.get("RETR", 0):
        raise BenchError(f"{collector.name} fetched letters again: {counted.commands}")
    return Figure(maildrop.letters, ran, counted.commands, counted.connections, max(others, 0.0))


def _watch(serve: subprocess.Popen[bytes], delay: Delay, seconds: float) -> Figure:
    delay.counted()
    busy, used = busy_seconds(), cpu_seconds(serve.pid)
    began = time.perf_counter()
    time.sleep(seconds)
    elapsed = time.perf_counter() - began
    used = cpu_seconds(serve.pid) - used
    polls = delay.counted().connections
    if not polls:
        raise BenchError("`hato serve` polled nothing")
    peak = max(peak_kib_of(pid) for pid in processes_of(serve.pid))
    others = (busy_seconds() - busy - used) / elapsed
    return Figure(polls, Ran(elapsed, used, peak, ""), {}, polls, max(others, 0.0))
