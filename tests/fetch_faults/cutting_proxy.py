"""A relay that counts every octet of both directions and does something at the one it was told.

Used by the runs that kill a fetching process or cut its connection.
Never changes an octet; what comes before the moment gets through, what comes after does not.
Standards: none.
Fails with nothing: a connection that breaks is what it is for.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Final, Self

_READ_OCTETS: Final = 4096
_MOMENT_SECONDS: Final = 1.0
"""How long the end of a connection may need to be seen here."""
_RESET: Final = struct.pack("ii", 1, 0)


class Cut(Enum):
    """How a connection ends."""

    CLOSED = "closed"
    RESET = "reset"


class CuttingProxy:
    """Between one client and a port on loopback."""

    def __init__(self, port: int) -> None:
        """Relay to `port`."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.octets = 0
        """Of both directions, since the last plan."""
        self._at: int | None = None
        self._act: Callable[[], None] | None = None
        self._goes_on = False
        self.opened: list[float] = []
        """When each connection was made, monotonic."""
        self.overlaps = 0
        """Connections that were made while an earlier one went on."""
        self._going_on = 0
        """Connections whose client has not ended."""
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut(Cut.CLOSED)
        for thread in self._threads:
            thread.join(10)

    def plan(
        self, at: int | None, act: Callable[[], None] | None = None, *, goes_on: bool = False
    ) -> None:
        """Count from nothing; call `act` once when octet `at` is due. None: only count.

        `goes_on`: what comes after the moment gets through all the same.
        """
        with self._lock:
            self.octets, self._at, self._act, self._goes_on = 0, at, act, goes_on

    def cut(self, how: Cut) -> None:
        """End every connection there is, both sides of it."""
        with self._lock:
            plugs, self._open = self._open, []
        for plug in plugs:
            with contextlib.suppress(OSError):
                if how is Cut.RESET:
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    plug.shutdown(socket.SHUT_RD)  # a thread that reads would keep it open
                else:
                    plug.shutdown(socket.SHUT_RDWR)
            plug.close()

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 10)
            except OSError:
                near.close()
                continue
            for plug in (near, far):
                plug.settimeout(None)
                plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._others_end():
                self.overlaps += 1
            with self._lock:
                self._open += [near, far]
                self.opened.append(time.monotonic())
                self._going_on += 1
            self._begin(lambda near=near, far=far: self._relay_from_client(near, far))  # type: ignore[misc]  # mypy cannot type a default of a lambda
            self._begin(lambda near=near, far=far: self._relay(far, near))  # type: ignore[misc]  # the same

    def _others_end(self) -> bool:
        """Tell whether earlier connections have ended, or do so within a moment."""
        until = time.monotonic() + _MOMENT_SECONDS
        while self._going_on and time.monotonic() < until:
            time.sleep(0.005)
        return self._going_on == 0

    def _relay_from_client(self, near: socket.socket, far: socket.socket) -> None:
        try:
            self._relay(near, far)
        finally:
            with self._lock:
                self._going_on -= 1

    def _relay(self, giver: socket.socket, taker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := giver.recv(_READ_OCTETS):
                before, act = self._account(len(octets))
                if act is not None:
                    taker.sendall(octets[:before])
                    act()
                    if not self._goes_on:
                        return
                    octets = octets[before:]
                taker.sendall(octets)
        with contextlib.suppress(OSError):
            taker.shutdown(socket.SHUT_WR)

    def _account(self, count: int) -> tuple[int, Callable[[], None] | None]:
        """Return how many octets still pass, and what is to be done then."""
        with self._lock:
            before = self.octets
            self.octets += count
            if self._act is None or self._at is None or self.octets <= self._at:
                return count, None
            act, self._act = self._act, None
            return max(self._at - before, 0), act
