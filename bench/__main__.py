"""One command: ours and the peer in alternation, in the same run, on the same letters.

Called by bench/run.
Never installs anything without `--install-peer`, never leaves a process or a file behind.
Standards: none.
Fails with exit code 1 when anything that came back was wrong, 2 when the run could not be made.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from bench import generator, machine, report
from bench.certificate import make_certificate
from bench.hato_server import Hato
from bench.letters import Group, write_letters
from bench.measure import Figure, Side
from bench.peer_dovecot import MAIL_LOCATIONS, PACKAGES, Dovecot
from bench.report import Measured
from bench.scenarios import SCENARIOS, Scenario, groups_for
from bench.server import BenchError, Server


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run", description="Hato beside Dovecot")
    parser.add_argument("--install-peer", action="store_true", help="install what the run needs")
    parser.add_argument("--only", choices=("hato", "peer"), help="run one side alone")
    parser.add_argument("--scenarios", default="", help="names, with commas; `all` for every one")
    parser.add_argument("--list", action="store_true", help="list the scenarios and leave")
    parser.add_argument("--rounds", type=int, default=3, help="A B A B …: so many pairs")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--people", type=int, default=200, help="who poll and receive")
    parser.add_argument("--idle-sessions", type=int, default=0, help="people of their own")
    parser.add_argument("--mail-format", choices=sorted(MAIL_LOCATIONS), default="maildir")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="a folder on a disk")
    return parser.parse_args()


def _chosen(names: str) -> list[Scenario]:
    if not names:
        return [scenario for scenario in SCENARIOS if not scenario.optional]
    if names == "all":
        return list(SCENARIOS)
    wanted = names.split(",")
    unknown = set(wanted) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        raise BenchError(f"no scenario is named {', '.join(sorted(unknown))}: see bench/run --list")
    return [scenario for scenario in SCENARIOS if scenario.name in wanted]


def _install_peer() -> None:
    """Install Debian's packages; a Dovecot that was not there before is not left running."""
    new = shutil.which("dovecot") is None
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    install = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    for command in (["apt-get", "update"], install):
        subprocess.run([*environment, *command], check=True, stdout=sys.stderr)
    if new and Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "disable", "--now", "dovecot"], check=True)


@contextmanager
def _work_folder(where: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hato-bench-", dir=where))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _set_up(side: Side, groups: list[Group], scenarios: list[Scenario]) -> None:
    """Start the server, fill and check its maildrops, let everybody log in."""
    server = side.server
    _say(f"{server.name}: making {sum(group.people for group in groups)} people …")
    server.prepare(groups)
    server.start()
    for group in groups:
        filled_later = any(one.dele for one in scenarios if one.group == group.name)
        if not filled_later:
            rate = side.fill(group)
            _say(f"{server.name}: {group.name} filled, {rate:.0f} deliveries/s")
            side.verify(group)
        side.warm(group, {"main"})


def _measure(
    scenario: Scenario, ours: Side | None, peer: Side | None, options: argparse.Namespace
) -> tuple[Measured, list[dict[str, object]]]:
    """Alternate between the sides for all rounds of one scenario."""
    other = ours if scenario.against_itself else peer
    if ours and scenario.against_itself:
        ours.warm(ours.groups[scenario.group], set(scenario.logins))
    figures: dict[int, list[Figure]] = {0: [], 1: []}
    raw: list[dict[str, object]] = []
    for _ in range(options.rounds):
        for place, side in enumerate((ours, other)):
            if side:
                one = side.measure(scenario, scenario.logins[place], options.seconds)
                figures[place].append(one)
                share = {"generator_share": round(one.generator_share, 3)}
                raw.append({"side": place, **asdict(one), **share})
    measured = Measured(
        scenario,
        tuple(figure.value for figure in figures[0]),
        tuple(figure.value for figure in figures[1]),
        tuple(_note(figures[place]) for place in figures if figures[place]),
    )
    return measured, raw


def _note(figures: list[Figure]) -> str:
    cpu = report.spread([figure.server_cpu_microseconds for figure in figures])
    share = report.spread([figure.generator_share for figure in figures])
    return f"server CPU {cpu} µs each, generator {share} of a core"


def _compare(options: argparse.Namespace, folder: Path) -> int:
    scenarios = _chosen(options.scenarios)
    if options.idle_sessions:
        scenarios = [replace(s, group="idle") if s.mode == "idle" else s for s in scenarios]
    groups = groups_for(scenarios, options.people, options.idle_sessions)
    binary, certificate = generator.build(folder), make_certificate(folder)
    letters = {group.name: folder / f"{group.name}.letters" for group in groups}
    for group in groups:
        write_letters(letters[group.name], group)
    known = {group.name: group for group in groups}
    hato, dovecot = (
        Hato(folder / "hato", certificate),
        Dovecot(folder / "dovecot", certificate, options.mail_format),
    )
    servers: list[Server] = [hato] * (options.only != "peer") + [dovecot] * (options.only != "hato")
    sides = {server.name: Side(server, binary, folder, letters, known) for server in servers}
    ours, peer = sides.get(hato.name), sides.get(dovecot.name)
    results: list[Measured] = []
    raw: dict[str, object] = {}
    try:
        for side in sides.values():
            _set_up(side, groups, scenarios)
        for scenario in scenarios:
            measured, raw[scenario.name] = _measure(scenario, ours, peer, options)
            results.append(measured)
            _say("\n".join(f"    {note}" for note in measured.notes))
        for side in sides.values():
            for group in groups:
                side.verify(group)
        about = [*machine.describe(folder), *(server.describe() for server in servers)]
    finally:
        for server in servers:
            server.stop()
    about.append(f"{options.rounds} rounds of {options.seconds:g} s; errors 0, all octets right")
    print(report.table(results, hato.name, dovecot.name))
    print("\n" + "\n".join(f"- {line}" for line in about))
    if options.json:
        everything = {"machine": about, "scenarios": raw}
        options.json.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
    return 0


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    options = _arguments()
    try:
        if options.list:
            for scenario in SCENARIOS:
                mark = " (by name only)" if scenario.optional else ""
                print(f"{scenario.name:24}{scenario.about}{mark}")
            return 0
        if options.install_peer:
            _install_peer()
        with _work_folder(options.work) as folder:
            if machine.filesystem_of(folder) == "tmpfs":
                _say("warning: the data lies in memory: what must be durable costs nothing there")
            return _compare(options, folder)
    except BenchError as error:
        _say(f"bench/run: {error}")
        return 1
    except subprocess.CalledProcessError as error:
        _say(f"bench/run: a command failed: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
