"""The embedded store keeps the contract."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hato.core.clock import FixedClock
from hato.core.settings import StoreSettings
from hato.store.api import Store
from hato.store.contract import *  # noqa: F403 - the tests
from hato.store.embedded import EmbeddedStore

SETTINGS = StoreSettings(free_space_octets=0)


@dataclass
class EmbeddedBackend:
    """A store in a temporary folder."""

    data_folder: Path
    clock: FixedClock = field(default_factory=FixedClock)
    ways_to_begin_again: tuple[str, ...] = (
        "open again",
        "lose the index",
        "lose the log of the index",
        "break the index",
    )
    seconds: list[EmbeddedStore] = field(default_factory=list)

    async def open(self) -> None:
        self.store: Store = await EmbeddedStore(self.data_folder, SETTINGS, self.clock).open()

    async def begin_again(self, way: str) -> None:
        await self.close()
        for folder in (self.data_folder / "accounts").iterdir():
            if way == "lose the index":
                (folder / "index.db").unlink(missing_ok=True)
            if way == "lose the log of the index":
                (folder / "index.db-wal").unlink(missing_ok=True)
            if way == "break the index" and (folder / "index.db").exists():
                (folder / "index.db").write_bytes(b"\x17" * 8_192)
        await self.open()

    async def second(self) -> Store:
        self.seconds.append(await EmbeddedStore(self.data_folder, SETTINGS, self.clock).open())
        return self.seconds[-1]

    async def close(self) -> None:
        while self.seconds:
            await self.seconds.pop().close()
        await self.store.close()


MEMORY = Path("/dev/shm")
"""Where there is a file system in memory: hundreds of stores are opened five times each here, and
what survives a crash is tried elsewhere, on a disk."""


@pytest.fixture
async def backend() -> AsyncIterator[EmbeddedBackend]:
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    backend = EmbeddedBackend(folder)
    await backend.open()
    yield backend
    await backend.close()
    shutil.rmtree(folder)
