"""QUIT deletes all that was marked or nothing, whenever the server is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.grounds import people_of, rounds_of_this_run, seed_of_this_run, serving
from tests.faults.killed_quits import KilledQuits
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


def test_quit_deletes_all_or_nothing_at_every_kill(tmp_path: Path) -> None:
    seed = seed_of_this_run()
    with serving(tmp_path / "hato") as server:
        run = KilledQuits(server, people_of(server, 4), seed)
        print(f"seed {seed}")
        run.run(rounds_of_this_run(20))
        print("\n".join(run.figures()))
    assert sum(run.outcomes.values()) == 4 * run.kills
