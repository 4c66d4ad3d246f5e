"""Accounts to search, of both backends."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hato.core.clock import FixedClock
from hato.core.settings import StoreSettings
from hato.store.api import Store
from hato.store.embedded import EmbeddedStore
from hato.store.memory import MemoryStore

if TYPE_CHECKING:  # asserts of the contract explain themselves only if nobody loads it before
    from hato.store.contract.scene import Scene

_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


class SearchBackend:
    """A store to search, as a scene needs to know it."""

    ways_to_begin_again: tuple[str, ...] = ()

    def __init__(self, store: Store, clock: FixedClock, folder: Path | None) -> None:
        self.store = store
        self.clock = clock
        self.data_folder = folder
        self.others: list[EmbeddedStore] = []

    async def begin_again(self, way: str) -> None:
        raise AssertionError(way)

    async def second(self) -> Store:
        """Open the same data once more, as another process would."""
        assert self.data_folder is not None
        self.others.append(await open_embedded(self.data_folder, self.clock))
        return self.others[-1]

    async def close(self) -> None:
        for store in (*self.others, self.store):
            await store.close()


async def open_embedded(folder: Path, clock: FixedClock) -> EmbeddedStore:
    return await EmbeddedStore(folder, StoreSettings(free_space_octets=0), clock).open()


@pytest.fixture
async def embedded_scene(folder: Path) -> AsyncIterator[Scene]:
    """Give a test an account that is kept in files."""
    from hato.store.contract.scene import Scene

    clock = FixedClock()
    store = await open_embedded(folder, clock)
    backend = SearchBackend(store, clock, folder)
    yield Scene(backend, await store.account(await store.create_account()))
    await backend.close()


@pytest.fixture(params=["memory", "embedded"])
async def scene(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Scene]:
    """Give a test an account of each backend."""
    from hato.store.contract.scene import Scene

    clock = FixedClock()
    store: Store = MemoryStore(clock)
    if request.param == "embedded":
        store = await open_embedded(folder, clock)
    backend = SearchBackend(store, clock, None)
    yield Scene(backend, await store.account(await store.create_account()))
    await backend.close()
