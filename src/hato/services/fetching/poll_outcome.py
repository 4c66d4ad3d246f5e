"""What one poll of a source does, while it runs and when it has ended.

Made by `services.fetching.fetch_round`; read by schedules, progress bars and the account log.
Never holds a secret, nor a server's words in a form that cannot be shown.
Standards: RFC 2449 §6.5 (LOGIN-DELAY); the rest is Hato's own.
Fails never.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from hato.core.errors import HatoError


class Stage(StrEnum):
    """Where a poll is."""

    CONNECTING = "connecting"
    LOGGING_IN = "logging-in"
    LISTING = "listing"
    """Hearing what lies there, and comparing it with what is known."""
    FETCHING = "fetching"
    DELETING = "deleting"
    """What the owner's rule wants gone from there, and the goodbye by which that counts."""
    DONE = "done"


class Letters(NamedTuple):
    """How many letters came, were here already, or failed."""

    new: int
    again: int
    failed: int


class Tally(msgspec.Struct):
    """How far a poll is. It changes while the poll runs."""

    stage: Stage = Stage.CONNECTING
    letters_total: int = 0
    """Letters that are to be fetched."""
    letters_done: int = 0
    """Those of them that are dealt with: durable here, known after all, or failed."""
    octets_total: int = 0
    """Of the letters to be fetched, as the server claims."""
    octets_done: int = 0
    """Of letters that have arrived."""
    again: int = 0
    """Letters that seemed new and were here already: nothing was stored twice."""
    failed: int = 0
    """Letters that could not be fetched or kept this time."""
    deleted: int = 0
    """Letters whose deletion the server confirmed."""

    def letters(self) -> Letters:
        """Return how many letters came so far."""
        new = max(0, self.letters_done - self.again - self.failed)
        return Letters(new, self.again, self.failed)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one poll."""

    new: int = 0
    """Letters that are here now and were not before."""
    again: int = 0
    """As in Tally."""
    failed: int = 0
    """Letters that could not be fetched or kept; tried again at the next poll."""
    octets: int = 0
    """Of the new letters."""
    deleted: int = 0
    """Letters whose deletion the server confirmed; the next poll settles what it left open."""
    quarantined: int = 0
    """Letters given up for now; each has a note in its place."""
    renumbered: int = 0
    """Letters that the server gave another unique-id, and that were recognised."""
    on_server: int = 0
    """Letters that lie there, before what this poll deleted."""
    login_delay_seconds: int | None = None
    """How long the server wants between logins; None: it does not say."""
    method: str = ""
    """By which method the login was done; empty: there was none."""
    error: HatoError | None = None
    """What ended the poll early (`clients.errors`, `net.dial_errors`, the store's); None: nothing.
    What is counted here is safe nevertheless."""
    cut_within_one_letter: int = 0
    """In how many polls, this one included, the connection ended within the same letter."""
