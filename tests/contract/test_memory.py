"""The store in memory keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from hato.core.clock import FixedClock
from hato.store.api import Store
from hato.store.contract import *  # noqa: F403 - the tests
from hato.store.memory import MemoryStore


@dataclass
class MemoryBackend:
    """A store that dies with its process."""

    clock: FixedClock = field(default_factory=FixedClock)
    data_folder: None = None
    ways_to_begin_again: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.store: Store = MemoryStore(self.clock)

    async def begin_again(self, way: str) -> None:
        raise AssertionError(f"there is no {way}")

    async def second(self) -> Store:
        return self.store


@pytest.fixture
async def backend() -> AsyncIterator[MemoryBackend]:
    backend = MemoryBackend()
    yield backend
    await backend.store.close()
