"""POP3 providers of others on real sockets, as good or as bad as a test wants them.

Used by the tests of fetching, in this process and against the command line in another one.
Never decides what is right: a test compares what became of the mail with what it made.
Standards: RFC 1939, RFC 2449; most of those who use it break them on purpose.
Fails with what went wrong in a behaviour, when the provider is closed.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeAlias

PATIENCE_SECONDS = 30.0
"""How long a provider waits for its client; never a pause."""


class GoneError(Exception):
    """The client hung up."""


class Peer:
    """One connection, seen from the provider's side."""

    def __init__(self, plug: socket.socket, record: bytearray) -> None:
        self._plug = plug
        self._record = record
        self._buffer = b""
        plug.settimeout(PATIENCE_SECONDS)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, octets: bytes) -> None:
        """Send octets; raises GoneError."""
        try:
            self._plug.sendall(octets)
        except OSError as fault:
            raise GoneError from fault

    def hear(self) -> str:
        """Return the next line without its end; raises GoneError."""
        return self.hear_line().rstrip(b"\r\n").decode("utf-8", "backslashreplace")

    def hear_line(self) -> bytes:
        """Return the octets of the next line, its end included; raises GoneError."""
        return self.hear_until(b"\n")

    def hear_until(self, end: bytes) -> bytes:
        """Return all octets up to `end`, and it too; raises GoneError."""
        searched = 0
        while (at := self._buffer.find(end, searched)) < 0:
            searched = max(0, len(self._buffer) - len(end) + 1)
            self._buffer += self._receive()
        heard, self._buffer = self._buffer[: at + len(end)], self._buffer[at + len(end) :]
        return heard

    def has_said_more(self) -> bool:
        """Tell whether the client went on without waiting for an answer."""
        if self._buffer:
            return True
        return bool(select.select([self._plug], [], [], 0)[0])

    def _receive(self) -> bytes:
        try:
            octets = self._plug.recv(65_536)
        except OSError as fault:
            raise GoneError from fault
        if not octets:
            raise GoneError
        self._record += octets
        return octets

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands; raises GoneError where that fails."""
        try:
            self._plug = context.wrap_socket(self._plug, server_side=True)
        except OSError as fault:
            raise GoneError from fault

    def listen_in_vain(self) -> None:
        """Say nothing more, until the client hangs up."""
        with contextlib.suppress(GoneError):
            while True:
                self._receive()

    def hang_up(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._plug.shutdown(socket.SHUT_RDWR)
        self._plug.close()


Behaviour: TypeAlias = Callable[[Peer], None]
"""What a provider does with one connection; when it returns or raises GoneError, it hangs up."""


class Provider:
    """A listener on loopback; each connection is served by a thread."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: spoken from the first octet."""
        self._behaviour = behaviour
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._peers: list[Peer] = []
        self._faults: list[Exception] = []
        self._is_closing = False
        self.heard = bytearray()
        """Every octet that any client said, in clear or taken out of TLS."""
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._begin(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything; raise what a behaviour failed with."""
        self._is_closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            peer.hang_up()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        if self._faults:
            raise self._faults[0]

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                plug, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            peer = Peer(plug, self.heard)
            self._peers.append(peer)
            self._begin(lambda peer=peer: self._serve(peer))  # type: ignore[misc]  # mypy cannot type a default of a lambda

    def _serve(self, peer: Peer) -> None:
        try:
            if self._tls is not None:
                peer.start_tls(self._tls)
            self._behaviour(peer)
        except GoneError:
            pass
        except Exception as fault:  # noqa: BLE001 - the test's own thread raises it again
            if not self._is_closing:
                self._faults.append(fault)
        finally:
            peer.hang_up()


def pieces(octets: bytes, size: int) -> Iterator[bytes]:
    """Cut octets into segments."""
    for start in range(0, len(octets), size):
        yield octets[start : start + size]
