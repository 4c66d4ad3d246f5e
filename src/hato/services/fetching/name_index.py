"""A small number for each of many names, in some ten octets each.

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
from typing import Final, Literal

from xxhash import xxh3_64_intdigest

_SEED: Final = secrets.randbits(64)
_BUCKETS: Final = 64
"""Sorted lists that are short enough to put something in between at no cost."""


class NameIndex:
    """Numbers by name."""

    __slots__ = ("_hashes", "_numbers")

    def __init__(self, typecode: Literal["B", "I"]) -> None:
        """Begin with none; `typecode`, as of an array, says how large the numbers may be."""
        self._hashes = [array("Q") for _ in range(_BUCKETS)]
        self._numbers = [array(typecode) for _ in range(_BUCKETS)]

    def find(self, name: bytes) -> int | None:
        """Return a name's number; None: it is not there."""
        digest = xxh3_64_intdigest(name, _SEED)
        bucket = digest % _BUCKETS
        hashes = self._hashes[bucket]
        at = bisect_left(hashes, digest)
        if at == len(hashes) or hashes[at] != digest:
            return None
        return self._numbers[bucket][at]

    def put(self, name: bytes, number: int) -> int | None:
        """Give a name a number, and return the one that it had; None: it is new."""
        digest = xxh3_64_intdigest(name, _SEED)
        bucket = digest % _BUCKETS
        hashes, numbers = self._hashes[bucket], self._numbers[bucket]
        at = bisect_left(hashes, digest)
        if at < len(hashes) and hashes[at] == digest:
            before = numbers[at]
            numbers[at] = number
            return before
        hashes.insert(at, digest)
        numbers.insert(at, number)
        return None

    def drop(self, name: bytes) -> int | None:
        """Forget a name, and return the number that it had; None: it was not there."""
        digest = xxh3_64_intdigest(name, _SEED)
        bucket = digest % _BUCKETS
        hashes = self._hashes[bucket]
        at = bisect_left(hashes, digest)
        if at == len(hashes) or hashes[at] != digest:
            return None
        del hashes[at]
        return self._numbers[bucket].pop(at)
