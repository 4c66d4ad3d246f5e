"""The embedded store against the model: the run that fits into every test run.

HATO_MODEL_ROUNDS and HATO_MODEL_SEED make it longer, or repeat one.
"""

from __future__ import annotations

import os
import secrets

import pytest

from tests.model.__main__ import EMBEDDED
from tests.model.rounds import Run

ROUNDS = int(os.environ.get("HATO_MODEL_ROUNDS", "24"))
SEED = int(os.environ.get("HATO_MODEL_SEED", str(secrets.randbelow(1_000_000))))


@pytest.mark.faults
@pytest.mark.slow
async def test_what_was_acknowledged_is_there_and_nothing_else() -> None:
    run = Run(EMBEDDED, SEED)
    await run.rounds(ROUNDS)
    print(f"seed {SEED}\n{run.tally.table()}")
    assert run.tally.steps > 0
