"""The house in which the tests of the POP3 edge live."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.pop3.house import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.build()
    yield house
    await house.tear_down()
