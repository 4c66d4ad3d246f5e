"""Logins that went well or badly a short while ago: what makes a poll cheap.

Called by services.auth.password_login.
Never keeps a password: only its digest under a key that this process drew and nobody else knows.
Standards: none.
Fails never.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

import msgspec

from hato.core.clock import Clock
from hato.core.limits import (
    RECHECKED_LOGIN_SECONDS,
    REMEMBERED_FAILURE_SECONDS,
    REMEMBERED_LOGIN_SECONDS,
    REMEMBERED_LOGINS,
)
from hato.core.secret import Secret
from hato.store.directory import Credential, Person

_DIGEST_OCTETS: Final = 20


class RightPassword(msgspec.Struct):
    """A password that was right, from one address."""

    person: Person
    credential: Credential
    version: int
    """Of the directory, when this was last known to be so."""
    until: float
    """On the monotonic clock."""


class Remembered:
    """Right and wrong passwords by digest, each for a while, the oldest dropped first."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing, and with a new key."""
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, RightPassword] = {}
        self._wrong: dict[bytes, tuple[int, float]] = {}

    def digest(self, name: str, password: Secret, subscriber: str) -> bytes:
        """Return what stands for a name and password from somewhere."""
        parts = (name.encode("utf-8", "surrogatepass"), subscriber.encode(), password.reveal())
        marked = b"".join((len(parts[0]).to_bytes(4), len(parts[1]).to_bytes(4), *parts))
        return hashlib.blake2b(marked, digest_size=_DIGEST_OCTETS, key=self._key).digest()

    def find_right(self, digest: bytes) -> RightPassword | None:
        """Find a password that was right; the caller looks whether it still is."""
        entry = self._right.get(digest)
        if entry is None or entry.until >= self._clock.monotonic():
            return entry
        if not self.was_right(digest):
            del self._right[digest]
        return None

    def was_right(self, digest: bytes) -> bool:
        """Tell whether a password was right so lately that it may be checked without a limit."""
        entry = self._right.get(digest)
        until = self._clock.monotonic() - RECHECKED_LOGIN_SECONDS
        return entry is not None and entry.until >= until

    def was_wrong(self, digest: bytes, version: int) -> bool:
        """Tell whether this password was wrong and nothing has changed since."""
        known = self._wrong.get(digest)
        if known is None:
            return False
        if known[0] == version and known[1] >= self._clock.monotonic():
            return True
        del self._wrong[digest]
        return False

    def keep_right(
        self, digest: bytes, person: Person, credential: Credential, version: int
    ) -> None:
        """Remember a right password."""
        until = self._clock.monotonic() + REMEMBERED_LOGIN_SECONDS
        _make_room(self._right)
        self._right[digest] = RightPassword(person, credential, version, until)

    def keep_wrong(self, digest: bytes, version: int) -> None:
        """Remember a wrong password."""
        _make_room(self._wrong)
        self._wrong[digest] = (version, self._clock.monotonic() + REMEMBERED_FAILURE_SECONDS)

    def drop(self, digest: bytes) -> None:
        """Forget a password that is right no longer."""
        self._right.pop(digest, None)


def _make_room(entries: dict[bytes, RightPassword] | dict[bytes, tuple[int, float]]) -> None:
    """Drop the oldest entry of a full table."""
    if len(entries) >= REMEMBERED_LOGINS:
        del entries[next(iter(entries))]
