"""A small form of the long run on a server that fetches: killed, robbed of a worker, reloaded."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from tests.faults.grounds import rounds_of_this_run, seed_of_this_run
from tests.faults.marked_letters import Marks
from tests.fetch_faults.__main__ import PROVIDERS
from tests.fetch_faults.broken_serving import GOES_ON_WITHIN_SECONDS, BrokenServing
from tests.fetch_faults.collector import KEEP, Collector
from tests.fetch_faults.watching import await_that
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("keeps", [True, False], ids=["keep", "delete"])
def test_a_server_goes_on_by_itself_and_every_letter_is_here_once(
    tmp_path: Path, provider: str, keeps: bool
) -> None:
    seed = seed_of_this_run()
    print(f"seed {seed}")
    with PROVIDERS[provider](tmp_path) as mailbox:
        run = BrokenServing(mailbox, tmp_path / "here", seed, keeps=keeps)
        run.run(blows=rounds_of_this_run(5))
    print("\n".join(run.figures()))


def who_fetches(collector: Collector) -> str:
    """Return as whom a worker has the lease; empty: nobody had it so far."""
    file = collector.data_folder / "hato.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT owner FROM lease WHERE name = 'fetching'").fetchall()
    return str(rows[0][0]) if rows else ""


def test_a_server_does_not_wait_for_the_lease_of_one_that_was_killed(tmp_path: Path) -> None:
    """After a reload its worker has another name than the first one of the next server."""
    with PROVIDERS["hato"](tmp_path) as mailbox:
        collector = Collector(tmp_path / "here")
        collector.add_source(mailbox, mailbox.port, KEEP)
        collector.set_poll_seconds(1)
        server = collector.hato
        try:
            server.start()
            await_that(lambda: bool(who_fetches(collector)), "the first worker", collector)
            first = who_fetches(collector)
            server.reload()
            await_that(lambda: who_fetches(collector) != first, "the next worker", collector)
            server.kill()
            mailbox.put([Marks(7).next(1_000)])
            began = time.monotonic()
            server.start()
            await_that(lambda: collector.count_letters() == 1, "the letter", collector)
            assert time.monotonic() - began < GOES_ON_WITHIN_SECONDS
        finally:
            if server.runs:
                server.kill()
