"""The house that the tests of accounts use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.auth.house import House


@pytest.fixture
async def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    await house.furnish("ada@example.org", "bob@example.org")
    return house
