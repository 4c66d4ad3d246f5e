"""What a worker tells the test while it works: values through a socket that outlives a kill.

A value is written before the step that it announces, or after the one that it reports, in one
`send`: what was told before a kill is never lost, and a half-told value is dropped.
"""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hato.core.ids import AccountId
from hato.store.changes import Committed
from tests.model.plan import Plan

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Ready:
    """The worker has opened the store."""

    pid: int


@dataclass(frozen=True)
class Wants:
    """The worker is about to commit."""

    plan: Plan


@dataclass(frozen=True)
class Done:
    """The commit was acknowledged (`committed` is None for a purge)."""

    plan_id: str
    committed: Committed | None
    journals: dict[str, int]
    """How long each file of a journal was when that was known."""


@dataclass(frozen=True)
class Refused:
    """The commit failed with an error of the domain."""

    plan_id: str
    error: str


@dataclass(frozen=True)
class Watched:
    """A subscription told of a step."""

    account: int
    committed: Committed
    journals: dict[str, int]


@dataclass(frozen=True)
class Held:
    """The worker holds the lock of the first account, or held it until `until`."""

    fence: int
    since: int
    until: int | None
    """Nanoseconds of the machine's monotonic clock."""


@dataclass(frozen=True)
class Made:
    """Another account was made."""

    account_id: AccountId


@dataclass(frozen=True)
class Removing:
    """It will be removed now; or, `is_done`, it was."""

    account_id: AccountId
    is_done: bool


@dataclass(frozen=True)
class Failed:
    """Something happened that must never happen."""

    trace: str


@dataclass(frozen=True)
class Ended:
    """The worker closed the store and goes."""


class Teller:
    """The worker's end."""

    def __init__(self, fd: int) -> None:
        """Speak into a socket that was inherited."""
        self._socket = socket.socket(fileno=fd)

    def tell(self, value: object) -> None:
        """Tell a value."""
        data = pickle.dumps(value)
        self._socket.sendall(_LENGTH.pack(len(data)) + data)


class Listener:
    """The test's end: a thread that hears everything a worker tells."""

    def __init__(self, mine: socket.socket, on_value: Callable[[object], None]) -> None:
        """Listen to `mine` and call `on_value`, in the thread, for each value."""
        self.values: list[Any] = []
        self._socket = mine
        self._on_value = on_value
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        data = bytearray()
        while chunk := self._socket.recv(262_144):
            data += chunk
            while len(data) >= 4 and len(data) >= 4 + _LENGTH.unpack_from(data)[0]:
                end = 4 + _LENGTH.unpack_from(data)[0]
                value = pickle.loads(bytes(data[4:end]))
                del data[:end]
                self.values.append(value)
                self._on_value(value)
        self._socket.close()

    def join(self) -> None:
        """Wait until the worker's end is closed, as it is when the worker is dead."""
        self._thread.join()
