"""One command: ours and the peer in alternation, in the same run, on the same letters.

Called by bench/run.
Never installs anything without `--install-peer`, never leaves a process or a file behind.
Standards: none.
Fails with exit code 1 when anything that came back was wrong, 2 when the run could not be made.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench import generator, machine, report
from bench.certificate import make_certificate
from bench.command_line import chosen, conduct
from bench.comparison import Comparison, say
from bench.floor_server import Floor
from bench.hato_server import Hato
from bench.letters import write_letters
from bench.measure import Side
from bench.peer_dovecot import MAIL_LOCATIONS, PACKAGES, Dovecot
from bench.scenarios import SCENARIOS, groups_for


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run", description="Hato beside Dovecot")
    parser.add_argument("--install-peer", action="store_true", help="install what the run needs")
    parser.add_argument("--only", choices=("hato", "peer"), help="run one side alone")
    parser.add_argument("--floor", action="store_true", help="measure a trivial C server too")
    parser.add_argument("--scenarios", default="", help="names, with commas; `all` for every one")
    parser.add_argument("--list", action="store_true", help="list the scenarios and leave")
    parser.add_argument("--rounds", type=int, default=3, help="A B A B …: so many pairs")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--people", type=int, default=200, help="who poll and receive")
    parser.add_argument("--idle-sessions", type=int, default=2000, help="a person each")
    parser.add_argument("--mail-format", choices=sorted(MAIL_LOCATIONS), default="maildir")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder, logs in it")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="a folder on a disk")
    return parser.parse_args()


def _compare(options: argparse.Namespace, folder: Path) -> None:
    if machine.filesystem_of(folder) == "tmpfs":
        say("warning: the data lies in memory: what must be durable costs nothing there")
    scenarios = chosen(options.scenarios, SCENARIOS)
    groups = groups_for(scenarios, options.people, options.idle_sessions)
    binary, certificate = generator.build(folder), make_certificate(folder)
    letters = {name: folder / f"{name}.letters" for name in groups}
    for name, group in groups.items():
        write_letters(letters[name], group)
    hato = Hato(folder / "hato", certificate)
    dovecot = Dovecot(folder / "dovecot", certificate, options.mail_format)
    comparison = Comparison(
        None if options.only == "peer" else Side(hato, binary, folder, letters, groups),
        None if options.only == "hato" else Side(dovecot, binary, folder, letters, groups),
        Floor(generator.build_floor(folder), binary, folder, certificate)
        if options.floor
        else None,
        options.rounds,
        options.seconds,
    )
    try:
        comparison.set_up(scenarios)
        results = [comparison.measure(scenario) for scenario in scenarios]
        comparison.verify()
        about = machine.describe(folder) + [side.server.describe() for side in comparison.sides]
    finally:
        for side in comparison.sides:
            side.server.stop()
    about.append(f"{options.rounds} rounds of {options.seconds:g} s; errors 0, all octets right")
    about += comparison.notes
    if any(scenario.mode != "idle" for scenario in scenarios):
        about.append(f"other programs used up to {comparison.others_cores:.1f} cores meanwhile")
    print(report.table(results, hato.name, dovecot.name))
    print("\n" + "\n".join(f"- {line}" for line in about))
    if options.json:
        everything = {"machine": about, "scenarios": comparison.raw}
        options.json.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    return conduct("bench/run", _arguments(), SCENARIOS, PACKAGES, _compare)


if __name__ == "__main__":
    sys.exit(main())
