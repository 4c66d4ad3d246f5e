"""The directory, counters, leases and queue of both backends keep the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hato.store.contract.directory import (
    Shelf,
    TestAddresses,
    TestCounters,
    TestCredentials,
    TestDomains,
    TestLeases,
    TestPeople,
    TestQueue,
    TestVersions,
)
from hato.store.directory import Counters, Directory, Leases, Queue
from hato.store.embedded.hato_db import FILE_NAME, HatoDb
from hato.store.memory.directory import (
    MemoryCounters,
    MemoryDirectory,
    MemoryLeases,
    MemoryQueue,
)

__all__ = [
    "TestAddresses",
    "TestCounters",
    "TestCredentials",
    "TestDomains",
    "TestLeases",
    "TestPeople",
    "TestQueue",
    "TestVersions",
]


class MemoryShelf:
    def __init__(self) -> None:
        self.directory: Directory = MemoryDirectory()
        self.counters: Counters = MemoryCounters()
        self.leases: Leases = MemoryLeases()
        self.queue: Queue = MemoryQueue()

    def second(self) -> Shelf:
        return self

    def close(self) -> None:
        """There is nothing to close."""


class EmbeddedShelf:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = HatoDb.open(path)
        self._others: list[EmbeddedShelf] = []
        self.directory = self._database.directory
        self.counters = self._database.counters
        self.leases = self._database.leases
        self.queue = self._database.queue

    def second(self) -> Shelf:
        other = EmbeddedShelf(self._path)
        self._others.append(other)
        return other

    def close(self) -> None:
        for other in self._others:
            other.close()
        self._database.close()


@pytest.fixture(params=["memory", "embedded"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    shelf = MemoryShelf() if request.param == "memory" else EmbeddedShelf(tmp_path / FILE_NAME)
    yield shelf
    shelf.close()
