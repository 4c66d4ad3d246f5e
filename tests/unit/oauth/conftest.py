"""An issuer that serves, and what is kept of an authorisation at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.oauth.issuer_server import IssuerServer


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[IssuerServer]:
    async with IssuerServer(tmp_path).serving() as server:
        yield server
