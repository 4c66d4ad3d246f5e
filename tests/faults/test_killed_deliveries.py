"""A letter that was accepted is there once, whenever the server is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.grounds import (
    people_of,
    rounds_of_this_run,
    seed_of_this_run,
    serving,
    small_segments,
)
from tests.faults.killed_deliveries import KilledDeliveries
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


def test_what_was_accepted_is_there_once_after_every_kill(tmp_path: Path) -> None:
    seed = seed_of_this_run()
    with serving(tmp_path / "hato", tables=small_segments(4_000_000)) as server:
        run = KilledDeliveries(server, people_of(server, 3), seed)
        print(f"seed {seed}")
        run.run(rounds_of_this_run(50))
        print("\n".join(run.figures()))
    assert sum(run.kills.values()) >= 50 or rounds_of_this_run(50) < 50
