"""One command: Hato and the collectors that people use, in alternation, on the same letters.

Called by `bench/run fetch`.
Never installs anything without `--install-peer`, never leaves a process or a file behind.
Standards: none.
Fails with exit code 1 when anything that came was wrong, 2 when the run could not be made.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench import generator, machine
from bench.certificate import make_certificate
from bench.command_line import chosen, conduct
from bench.comparison import say
from bench.fetching.delay import SOURCE
from bench.fetching.hato_collector import HatoCollector
from bench.fetching.measuring import Bench, Figure
from bench.fetching.peers import PACKAGES, Collector, Fetchmail, Getmail, Mpop
from bench.fetching.providers import PROVIDERS, FloorProvider
from bench.fetching.scenarios import SCENARIOS, Kind, Scenario
from bench.fetching.table import Figures, table
from bench.server import BenchError

_NAMES = ("hato", "fetchmail", "getmail6", "mpop")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run fetch", description="Hato beside collectors")
    parser.add_argument("--install-peer", action="store_true", help="install what the run needs")
    parser.add_argument("--only", default="", help=f"of {', '.join(_NAMES)}, with commas")
    parser.add_argument("--scenarios", default="", help="names, with commas; `all` for every one")
    parser.add_argument("--list", action="store_true", help="list the scenarios and leave")
    parser.add_argument("--rounds", type=int, default=3, help="everybody once, so many times")
    parser.add_argument("--provider", choices=sorted(PROVIDERS), default="floor")
    parser.add_argument("--letters", type=int, help="at most so many, whatever the scenario says")
    parser.add_argument(
        "--lockstep-letters",
        type=int,
        default=1_000,
        help="where each costs a round trip; Hato fetches as many besides, to be compared with",
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="to watch `sources-200`")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="a folder on a disk")
    return parser.parse_args()


def _collectors(only: str, folder: Path, certificate: tuple[Path, Path]) -> list[Collector]:
    source = Path(__file__).with_name("maildir_mda.c")
    mda = generator.compile_program(folder / "maildir-mda", [source], ("-static",))
    everybody: list[Collector] = [HatoCollector(certificate), Fetchmail(mda), Getmail(), Mpop()]
    wanted = only.split(",") if only else list(_NAMES)
    if unknown := set(wanted) - set(_NAMES):
        raise BenchError(f"nobody is named {', '.join(sorted(unknown))}")
    return [one for one in everybody if one.name.lower() in wanted]


def _measure(
    bench: Bench, scenario: Scenario, collectors: list[Collector], options: argparse.Namespace
) -> Figures:
    """Let everybody do one scenario, in turn, round by round."""
    if scenario.kind is Kind.SOURCES:
        hato = [one for one in collectors if isinstance(one, HatoCollector)]
        return {one.name: [bench.measure_sources(one, options.seconds)] for one in hato}
    figures: Figures = {one.name: [] for one in collectors}
    numbers = sorted({bench.letters_of(scenario, one) for one in collectors})
    turns, each = (1, options.rounds) if scenario.kind is Kind.KNOWN else (options.rounds, 1)
    for _ in range(turns):
        for one in collectors:
            is_hato = isinstance(one, HatoCollector)  # beside everybody with as many letters
            try:
                for letters in numbers if is_hato else [bench.letters_of(scenario, one)]:
                    for figure in bench.measure(scenario, one, letters, each):
                        figures[one.name].append(_told(scenario, one, figure))
            except BenchError as fault:
                if is_hato:
                    raise
                say(f"  {scenario.name}: {one.name} failed, and is left out: {fault}")
    return figures


def _told(scenario: Scenario, collector: Collector, figure: Figure) -> Figure:
    ran = figure.ran
    say(
        f"  {scenario.name}: {collector.name}: {figure.letters} letters in {ran.seconds:.2f} s, "
        f"{figure.rate:.0f}/s, CPU {ran.cpu_seconds:.2f} s, peak {ran.peak_kib / 1024:.0f} MiB, "
        f"others {figure.others_cores:.1f} cores; {figure.commands}"
    )
    return figure


def _run(options: argparse.Namespace, folder: Path) -> None:
    certificate = make_certificate(folder)
    collectors = _collectors(options.only, folder, certificate)
    scenarios = chosen(options.scenarios, SCENARIOS)
    floor = FloorProvider(folder / "floor", certificate)
    make = PROVIDERS[options.provider]
    provider = floor if options.provider == "floor" else make(folder / "provider", certificate)
    bench = Bench(
        folder / "work",
        floor,
        provider,
        generator.compile_program(folder / "delay", [SOURCE], ()),
        certificate,
        options.lockstep_letters,
        options.letters,
    )
    bench.folder.mkdir()
    results: list[tuple[Scenario, Figures]] = []
    try:
        results += [(one, _measure(bench, one, collectors, options)) for one in scenarios]
    finally:
        floor.stop()
        provider.stop()
    print(table(results))
    about = [f"provider: {provider.name}; {options.rounds} rounds", *machine.describe(folder)]
    about += [one.describe() for one in collectors]
    print("\n" + "\n".join(f"- {line}" for line in about))
    if options.json:
        options.json.write_text(json.dumps({"about": about, "figures": list(_raw(results))}))


def _raw(results: list[tuple[Scenario, Figures]]) -> Iterator[dict[str, object]]:
    for scenario, figures in results:
        for name, these in figures.items():
            for one in these:
                yield {"scenario": scenario.name, "collector": name, **asdict(one)}


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    return conduct("bench/run fetch", _arguments(), SCENARIOS, PACKAGES, _run)


if __name__ == "__main__":
    sys.exit(main())
