"""`python hurried.py hato …`: the program with its longest waits cut short.

Used as the `wrapper` of a `HatoServer` by tests of what a server does by itself after a minute.
Never changes what is done, only how soon: nothing but these figures differs.
Standards: none.
Fails as the program does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Final

from hato.__main__ import main
from hato.core import limits

WRAPPER: Final = (sys.executable, __file__)
"""Stands before the program: what it does, in a hurry."""

_SECONDS: Final = 1
_OF_FETCHING: Final = (
    "FETCH_BUSY_SECONDS",  # a full disk, or a busy server, is tried again
    "FETCH_HERE_MOST_SECONDS",
    "FETCH_FAULT_MOST_SECONDS",  # what cannot be reached is
    "FETCH_LEAST_POLL_SECONDS",
)
_OF_UPKEEP: Final = ("LOOK_SECONDS", "REST_SECONDS")


def _hurry() -> None:
    """Shorten the waits, before anybody has read them."""
    _shorten(limits, _OF_FETCHING)
    from hato.services import upkeep

    _shorten(upkeep, _OF_UPKEEP)


def _shorten(module: ModuleType, names: Iterable[str]) -> None:
    for name in names:
        if not hasattr(module, name):
            message = f"{module.__name__} has no {name} to shorten"
            raise AttributeError(message)
        setattr(module, name, _SECONDS)


if __name__ == "__main__":
    _hurry()
    sys.argv = sys.argv[1:]
    main()
