"""How many of something there are at this moment, over all processes of one server.

Made by the composition root before it forks; asked by net (connections) and services.auth
(sessions).
Never waits and never takes a lock: each process writes its own row only, and reads all.
Standards: none; a count-min sketch of two tables.
Fails never: it may count too many where keys meet in both tables, never too few.
"""

from __future__ import annotations

import mmap
from typing import Final

_WIDTH: Final = 32_768
"""Cells of a table. Of 2 000 keys 7 meet another one in both tables, and count its count too."""
_ROW: Final = 2 * _WIDTH
_CELL_OCTETS: Final = 2
_MOST: Final = 65_535


class SharedCounts:
    """A table of counts in memory that forked processes share."""

    def __init__(self, rows: int = 1) -> None:
        """Begin with nothing; `rows`: how many processes may count at the same time."""
        self.rows = rows
        self._memory = mmap.mmap(-1, rows * _ROW * _CELL_OCTETS)
        self._cells = memoryview(self._memory).cast("H")

    def clear(self, row: int) -> None:
        """Forget what a process counted that is no more."""
        octets = _ROW * _CELL_OCTETS
        self._memory[row * octets : (row + 1) * octets] = bytes(octets)

    def enter(self, row: int, key: str, limit: int) -> bool:
        """Count one in, in a row of one's own, unless there are `limit` already."""
        cells = self._cells
        first, second = _places(key)
        if min(sum(cells[first::_ROW]), sum(cells[second::_ROW])) >= limit:
            return False
        for cell in (row * _ROW + first, row * _ROW + second):
            cells[cell] = min(cells[cell] + 1, _MOST)
        return True

    def leave(self, row: int, key: str) -> None:
        """Count one out that was let in."""
        cells = self._cells
        for place in _places(key):
            cell = row * _ROW + place
            cells[cell] = max(cells[cell] - 1, 0)


class Counts:
    """One process's part in them."""

    def __init__(self, shared: SharedCounts | None = None, row: int = 0) -> None:
        """Count in a row that nobody else writes; without `shared`, for this process alone."""
        self._shared = shared or SharedCounts()
        self._row = row

    def enter(self, key: str, limit: int) -> bool:
        """Count one in, unless there are as many as `limit`; tell whether it is in."""
        return self._shared.enter(self._row, key, limit)

    def leave(self, key: str) -> None:
        """Count one out that was let in."""
        self._shared.leave(self._row, key)


def _places(key: str) -> tuple[int, int]:
    """Return the cells of a key in the two tables.

    Forked processes share the secret of Python's own hash; nobody outside can foresee it.
    """
    number = hash(key)
    return number % _WIDTH, _WIDTH + (number >> 32) % _WIDTH
