"""The long runs: `python -m tests.faults --rounds 1000 --seed 7`."""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.failing_calls import FailingCalls, failures
from tests.faults.grounds import people_of, serving, small_segments
from tests.faults.killed_deliveries import KilledDeliveries
from tests.faults.killed_quits import KilledQuits
from tests.faults.system_calls import why_not
from tests.faults.traced_conversations import TracedConversations

Campaign = Callable[[Path, int, int], list[str]]
"""Takes a folder, a number of rounds and a seed; returns what was found."""


def deliveries(folder: Path, rounds: int, seed: int) -> list[str]:
    """Kill so often while mail is delivered."""
    with serving(folder, tables=small_segments(4_000_000)) as server:
        run = KilledDeliveries(server, people_of(server, 3), seed)
        run.run(rounds)
        return run.figures()


def quits(folder: Path, rounds: int, seed: int) -> list[str]:
    """Kill a fifth as often around QUIT."""
    with serving(folder) as server:
        run = KilledQuits(server, people_of(server, 4), seed)
        run.run(max(rounds // 5, 1))
        return run.figures()


def traces(folder: Path, rounds: int, seed: int) -> list[str]:
    """Read what was on the disk before each answer, for a tenth as many letters."""
    if why_not():
        return [f"not tried: {why_not()}"]
    with serving(folder, start=False, tables=small_segments(100_000)) as server:
        run = TracedConversations(server, people_of(server, 3), seed)
        return run.check(run.run(max(rounds // 10, 7)))


def failing(folder: Path, rounds: int, seed: int) -> list[str]:
    """Let each of the first calls of each kind fail."""
    if why_not():
        return [f"not tried: {why_not()}"]
    with serving(folder, workers=1, tables=small_segments(400_000)) as server:
        run = FailingCalls(server, people_of(server, 3), seed)
        for failure in failures(max(rounds // 100, 2)):
            run.try_failure(failure)
        return run.figures()


CAMPAIGNS: dict[str, Campaign] = {
    "deliveries": deliveries,
    "quits": quits,
    "traces": traces,
    "failing": failing,
}


def main() -> None:
    """Run and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--only", choices=CAMPAIGNS, action="append", help="one of the runs")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    for name in arguments.only or CAMPAIGNS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"hato-faults-{name}-") as folder:
            found = CAMPAIGNS[name](Path(folder) / "hato", arguments.rounds, arguments.seed)
        print(f"\n{name} ({time.monotonic() - began:.0f} s)")
        print("\n".join(f"  {line}" for line in found), flush=True)


if __name__ == "__main__":
    main()
