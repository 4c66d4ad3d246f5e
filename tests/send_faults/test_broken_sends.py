"""A small form of the long run: a process that sends is killed at each step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.grounds import rounds_of_this_run, seed_of_this_run
from tests.send_faults.broken_sends import STEPS, BrokenSends
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


async def test_sent_once_or_still_in_the_outbox_never_gone(tmp_path: Path) -> None:
    seed = seed_of_this_run()
    print(f"seed {seed}")
    sends = BrokenSends(tmp_path / "here", seed)
    await sends.run([*STEPS, *["moment"] * rounds_of_this_run(3)])
    print(sends.figures())
    assert sends.counts["killed"] >= len(STEPS) - 2
    assert sends.counts["sent"] > 0
