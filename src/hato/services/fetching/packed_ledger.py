"""Entries of a ledger by name, in some 110 octets each.

Made by `services.fetching.ledger_books`; read by every step of a poll.
Never holds an object for each entry: one is unpacked when somebody asks for it.
Standards: none.
Fails with KeyError where a name has no entry.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from hato.services.fetching.name_index import NameIndex
from hato.store.model import LedgerEntry, LedgerState

_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(LedgerEntry)
_FREE: Final = 0
"""In the place of a state: there is no entry any more."""


class PackedLedger(Mapping[bytes, LedgerEntry]):
    """Entries one behind the other; what grew stands at the end, and its old octets are wasted."""

    __slots__ = ("_count", "_index", "_lengths", "_octets", "_offsets", "_states")

    def __init__(self, entries: Iterable[LedgerEntry] = ()) -> None:
        """Begin with these."""
        self._index = NameIndex()
        self._octets = bytearray()
        self._offsets = array("Q")
        self._lengths = array("I")
        self._states = bytearray()
        self._count = 0
        for entry in entries:
            self.put(entry)

    def _at(self, place: int) -> LedgerEntry:
        offset = self._offsets[place]
        return _UNPACK.decode(self._octets[offset : offset + self._lengths[place]])

    def __getitem__(self, uidl: bytes) -> LedgerEntry:
        """Return an entry. Raises KeyError."""
        place = self._index.find(uidl)
        if place is None:
            raise KeyError(uidl)
        return self._at(place)

    def __contains__(self, uidl: object) -> bool:
        """Tell whether there is an entry."""
        return isinstance(uidl, bytes) and self._index.find(uidl) is not None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the names."""
        return (self._at(place).uidl for place, state in enumerate(self._states) if state != _FREE)

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def put(self, entry: LedgerEntry) -> None:
        """Take an entry, in the place of an earlier one."""
        octets = _PACK.encode(entry)
        place = self._index.find(entry.uidl)
        if place is None:
            self._index.put(entry.uidl, len(self._states))
            self._states.append(entry.state)
            self._offsets.append(len(self._octets))
            self._lengths.append(len(octets))
            self._octets += octets
            self._count += 1
            return
        self._states[place] = entry.state
        if len(octets) > self._lengths[place]:
            self._offsets[place] = len(self._octets)
            self._octets += octets
        else:
            offset = self._offsets[place]
            self._octets[offset : offset + len(octets)] = octets
        self._lengths[place] = len(octets)

    def drop(self, uidl: bytes) -> None:
        """Forget an entry, where there is one."""
        place = self._index.find(uidl)
        if place is not None:
            self._index.drop(uidl)
            self._states[place] = _FREE
            self._count -= 1

    def state_of(self, uidl: bytes) -> LedgerState | None:
        """Return the state of an entry, which costs less than all of it; None: there is none."""
        place = self._index.find(uidl)
        return None if place is None else LedgerState(self._states[place])

    def in_state(self, state: LedgerState) -> frozenset[bytes]:
        """Return the names of letters in a state that few are in."""
        found: list[bytes] = []
        place = self._states.find(state)
        while place >= 0:
            found.append(self._at(place).uidl)
            place = self._states.find(state, place + 1)
        return frozenset(found)

    def not_among(
        self, names: Iterable[bytes], but_in: Collection[LedgerState] = ()
    ) -> Iterator[LedgerEntry]:
        """Yield the entries of other names, except those in some states."""
        passed_over = bytearray(len(self._states))
        for name in names:
            place = self._index.find(name)
            if place is not None:
                passed_over[place] = 1
        for place, is_among in enumerate(passed_over):
            state = self._states[place]
            if not is_among and state != _FREE and state not in but_in:
                yield self._at(place)
