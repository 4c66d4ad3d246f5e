"""Which of the letters on a server the owner's rule wants gone: one octet for each that is listed.

Made by `services.fetching.deletions`.
Never holds a name that the listing has; never yields as proven what was known by its header alone.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hato.core.ids import MessageNumber
from hato.services.fetching.packed_names import PackedNames

_PROVEN: Final = 1
_UNPROVEN: Final = 2


class DueLetters:
    """Marks beside the rows of a listing."""

    __slots__ = ("_added", "_marks", "_names")

    def __init__(self, names: PackedNames) -> None:
        """Begin with none of the letters that are listed by these names."""
        self._names = names
        self._marks = bytearray(names.row_count)
        self._added: dict[bytes, int] = {}

    def add(self, name: bytes, *, is_proven: bool) -> None:
        """Take a letter; not `is_proven`: whether it is the one that is safe here is to be seen."""
        mark = _PROVEN if is_proven else _UNPROVEN
        row = self._names.row_of(name)
        if row is None:
            self._added[name] = mark
        else:
            self._marks[row] = mark

    def __bool__(self) -> bool:
        """Tell whether one may be deleted now."""
        return _PROVEN in self._marks or _PROVEN in self._added.values()

    @property
    def has_unproven(self) -> bool:
        """Whether one has to be compared whole first."""
        return _UNPROVEN in self._marks or _UNPROVEN in self._added.values()

    def proven(self) -> Iterator[tuple[bytes, MessageNumber]]:
        """Yield those that may be deleted, with their numbers."""
        return self._marked(_PROVEN)

    def unproven(self) -> Iterator[tuple[bytes, MessageNumber]]:
        """Yield those that have to be compared first, with their numbers."""
        return self._marked(_UNPROVEN)

    def _marked(self, mark: int) -> Iterator[tuple[bytes, MessageNumber]]:
        yield from self._names.at(self._rows(mark))
        for name, added in self._added.items():
            if added == mark:
                yield name, self._names[name]

    def _rows(self, mark: int) -> Iterator[int]:
        row = self._marks.find(mark)
        while row >= 0:
            yield row
            row = self._marks.find(mark, row + 1)
