"""Where a letter's name stands in a long list of names, in twelve octets for each of them.

Made by `services.fetching` of what a server lists and of what a ledger knows.
Never holds a name: two names that share a hash of 64 bits would be one. Among 200 000 that happens
once in a billion mailboxes, and nobody can bring it about: the hashes differ in each process.
Standards: none.
Fails never.
"""

from __future__ import annotations

import secrets
from array import array
from bisect import bisect_left
from typing import Final

from xxhash import xxh3_64_intdigest

_SEED: Final = secrets.randbits(64)
_BUCKETS: Final = 64
"""Sorted lists that are short enough to put something in between at no cost."""


class NameIndex:
    """Places by name. A place is a number below 2**32."""

    __slots__ = ("_hashes", "_places")

    def __init__(self) -> None:
        """Begin with none."""
        self._hashes = [array("Q") for _ in range(_BUCKETS)]
        self._places = [array("I") for _ in range(_BUCKETS)]

    def find(self, name: bytes) -> int | None:
        """Return a name's place; None: it is not there."""
        digest = xxh3_64_intdigest(name, _SEED)
        bucket = digest % _BUCKETS
        hashes = self._hashes[bucket]
        at = bisect_left(hashes, digest)
        if at == len(hashes) or hashes[at] != digest:
            return None
        return self._places[bucket][at]

    def put(self, name: bytes, place: int) -> bool:
        """Note a new name's place; False: it has one already, which it keeps."""
        digest = xxh3_64_intdigest(name, _SEED)
        bucket = digest % _BUCKETS
        hashes = self._hashes[bucket]
        at = bisect_left(hashes, digest)
        if at < len(hashes) and hashes[at] == digest:
            return False
        hashes.insert(at, digest)
        self._places[bucket].insert(at, place)
        return True

    def drop(self, name: bytes) -> None:
        """Forget a name that is there."""
        digest = xxh3_64_intdigest(name, _SEED)
        bucket = digest % _BUCKETS
        at = bisect_left(self._hashes[bucket], digest)
        del self._hashes[bucket][at], self._places[bucket][at]
