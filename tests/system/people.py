"""People of the tests: who they are, and a pool that lends one to each test.

Used by the fixtures and by the transcript player.
Never shares a person between two tests at a time; whoever was spoiled is not lent again.
Standards: none.
Fails when the command line does not add a person.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

DOMAIN = "example.org"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has mail."""

    address: str
    password: str

    @property
    def local_part(self) -> str:
        """What stands before the `@`."""
        return self.address.rpartition("@")[0]


class PeoplePool:
    """Lends people; adding one costs a process, so those whose mailbox is empty are lent again."""

    def __init__(
        self, add: Callable[[Person], None], is_pristine: Callable[[Person], bool]
    ) -> None:
        self._add = add
        self._is_pristine = is_pristine
        self._free: list[Person] = []
        self._numbers = itertools.count(1)

    def new(self, name: str = "person", password: str | None = None) -> Person:
        """Add somebody nobody else will ever be."""
        number = next(self._numbers)
        # The space is on purpose: PASS takes the rest of the line (RFC 1939 §7).
        person = Person(f"{name}{number}@{DOMAIN}", password or f"open sesame {number}")
        self._add(person)
        return person

    def lend(self) -> Person:
        """Lend somebody whose mailbox is empty."""
        return self._free.pop() if self._free else self.new()

    def take_back(self, person: Person) -> None:
        """Take somebody back; kept only if the mailbox can be opened and emptied."""
        if self._is_pristine(person):
            self._free.append(person)
