"""A small form of the long run on a server that fetches: killed, robbed of a worker, reloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.grounds import rounds_of_this_run, seed_of_this_run
from tests.fetch_faults.__main__ import PROVIDERS
from tests.fetch_faults.broken_serving import BrokenServing
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
