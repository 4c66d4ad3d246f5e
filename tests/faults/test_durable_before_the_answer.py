"""Nothing is acknowledged before it is on the disk, its name included."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.faults.durability import CALLS, Disk
from tests.faults.grounds import (
    people_of,
    rounds_of_this_run,
    seed_of_this_run,
    serving,
    small_segments,
)
from tests.faults.system_calls import Trace, skip_untraceable
from tests.faults.traced_conversations import TracedConversations
from tests.system.fixtures import ONLY_LINUX
from tests.system.server_process import HATO

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]


def test_the_disk_has_it_before_250_and_before_ok(tmp_path: Path) -> None:
    skip_untraceable()
    seed = seed_of_this_run()
    with serving(tmp_path / "hato", start=False, tables=small_segments(100_000)) as server:
        run = TracedConversations(server, people_of(server, 3), seed)
        print(f"seed {seed}")
        disk = run.run(rounds_of_this_run(14))
        print("\n".join(run.check(disk)))
    assert run.accepted
    assert run.deleted


def test_a_person_is_on_the_disk_before_user_add_says_so(tmp_path: Path) -> None:
    """First her account with its name, then the row in hato.db, then the words."""
    skip_untraceable()
    with serving(tmp_path / "hato", start=False) as server:
        trace_file = tmp_path / "trace"
        subprocess.run(
            [
                *("strace", "-f", "-yy", "-s", "4096", "-o", str(trace_file)),
                *("-e", f"trace={','.join(CALLS)}", "-e", "signal=none"),
                *(str(HATO), "--config", str(server.config_file)),
                *("user", "add", "ada@example.org", "--password-stdin"),
            ],
            input=b"open sesame\n",
            capture_output=True,
            check=True,
            timeout=120,
        )
        accounts = str(server.data_folder / "accounts")
    disk = Disk(Trace.read(trace_file))
    said = [call for call in disk.writes if call.arguments.startswith("1<")]
    rows = [call for call in disk.writes_to("hato.db-wal") if "ada@example.org" in call.arguments]
    (renamed,) = [call for call in disk.renames if accounts in call.arguments]
    assert rows
    disk.require(disk.journal_writes, renamed.began, "the journal of a new account")
    disk.require_folder_sync(accounts, renamed.ended, rows[0].began, "the account's name")
    answer = said[0].began if said else rows[-1].ended + 1_000_000_000
    disk.require(rows, answer, "the person")
    for made in disk.journal_writes:
        assert ".new-" in PurePosixPath(made.file).parent.name
