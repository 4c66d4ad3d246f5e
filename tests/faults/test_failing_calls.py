"""EIO and ENOSPC at any call, SIGKILL at any sync: nothing accepted is lost, nothing is doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.failing_calls import SYNCS, FailingCalls, KilledAtCalls, failures
from tests.faults.grounds import (
    people_of,
    rounds_of_this_run,
    seed_of_this_run,
    serving,
    small_segments,
)
from tests.faults.system_calls import skip_untraceable
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


def test_the_server_goes_on_after_any_failed_call(tmp_path: Path) -> None:
    skip_untraceable()
    seed = seed_of_this_run()
    with serving(tmp_path / "hato", workers=1, tables=small_segments(400_000)) as server:
        run = FailingCalls(server, people_of(server, 3), seed)
        print(f"seed {seed}")
        for failure in failures(rounds_of_this_run(2)):
            run.try_failure(failure)
        print("\n".join(run.figures()))


def test_a_worker_that_is_killed_at_any_sync_loses_and_doubles_nothing(tmp_path: Path) -> None:
    skip_untraceable()
    seed = seed_of_this_run()
    with serving(tmp_path / "hato", workers=1) as server:
        run = KilledAtCalls(server, people_of(server, 3), seed)

        def lose_the_indexes() -> None:
            for path in (server.data_folder / "accounts").glob("*/index.db*"):
                path.unlink()

        run.kill_at_each("a letter from a file, for three", SYNCS, lambda: None, 400_000, people=3)
        run.kill_at_each("a letter without an index", SYNCS, lose_the_indexes, 1_000)
        run.kill_at_each_of_quit(SYNCS)
        print(f"seed {seed}")
        print("\n".join(run.figures()))
    assert all(run.kills.values())


def test_nor_does_one_that_is_killed_while_it_begins_a_file(tmp_path: Path) -> None:
    skip_untraceable()
    seed = seed_of_this_run()
    with serving(tmp_path / "hato", workers=1, tables=small_segments(1)) as server:
        run = KilledAtCalls(server, people_of(server, 1), seed)
        run.kill_at_each("a letter in a segment of its own", SYNCS, lambda: None, 1_000)
        print(f"seed {seed}")
        print("\n".join(run.figures()))
    assert all(run.kills.values())
