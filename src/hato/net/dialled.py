"""A connection that we opened: read when there is room, write, upgrade to TLS, close.

Made by `net.dial`; driven by clients.
Never reads ahead of its caller, so that a fast server waits for a slow disk; never waits longer
than its limits say; never passes on what a server said in TLS before it was judged.
Standards: RFC 2595 §4 (what came before TLS is not looked at), RFC 9266 (channel binding).
Fails with ConnectionLostError, and DialError while TLS is agreed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Sequence

import msgspec
from cryptography import x509

from hato.core import limits
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.net.outgoing_tls import OutgoingTls, Trust
from hato.net.read_pace import ReadPace
from hato.net.session import TlsFacts
from hato.net.tls import TlsError, TlsLayer
from hato.protocols.machine import Buffer

_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""How a TLS alert and a TLS handshake begin (RFC 8446 §5.1)."""
_BUSY_SECONDS = 0.002
"""How long one connection whose octets lie ready may keep all others waiting."""


class Patience(msgspec.Struct, frozen=True):
    """How long we wait for a server, in seconds."""

    dial_seconds: float = limits.DIAL_SECONDS
    """Until the connection is there, TLS included; a later upgrade to TLS has as long again."""
    login_seconds: float = limits.LOGIN_SECONDS
    """For a greeting with all that leads up to the login, and as long again for the login."""
    idle_seconds: float = limits.CLIENT_IDLE_SECONDS
    """For the next octets."""
    total_seconds: float = limits.CLIENT_TOTAL_SECONDS
    """For everything, from the moment of dialling."""
    least_octets_per_second: float = limits.CLIENT_LEAST_OCTETS_PER_SECOND
    rate_seconds: float = limits.CLIENT_RATE_SECONDS


class Dialled:
    """One open connection to a server."""

    def __init__(self, plug: socket.socket, host: str, port: int, patience: Patience) -> None:
        """Take over a connected socket; `host`: the name that was dialled, in ASCII."""
        self._loop = asyncio.get_running_loop()
        self._plug = plug
        self._patience = patience
        self._ends_at = self._loop.time() + patience.total_seconds
        self._pace = ReadPace(patience.least_octets_per_second, patience.rate_seconds)
        self._layer: TlsLayer | None = None
        self._early = b""
        self.host = host
        self.port = port
        self.address = str(plug.getpeername()[0])
        self._gave_way_at = self._loop.time()
        self.tls: TlsFacts | None = None
        """What was agreed; None: clear text."""
        self.certificate: x509.Certificate | None = None
        """The server's, once it was judged."""

    # TLS

    async def start_tls(self, trust: Trust, *, pinned_sha256: bytes | None = None) -> None:
        """Agree on TLS and judge the server.

        Nothing that it said in clear is read any more: it would have to be a handshake. Raises
        DialError; the connection is closed then.
        """
        outgoing = OutgoingTls(trust, self.host, pinned_sha256)
        try:
            async with asyncio.timeout(self._patience.dial_seconds):
                early = await self._shake_hands(outgoing.layer)
            certificate = outgoing.judge()
        except TimeoutError:
            self._close()
            raise DialError(DialFault.TIMED_OUT, self.host, "TLS") from None
        except BaseException:
            self._close()
            raise
        self.certificate = certificate
        self.tls = outgoing.layer.facts()
        self._layer = outgoing.layer
        self._early = early

    async def _shake_hands(self, layer: TlsLayer) -> bytes:
        """Return what the server said in TLS together with its last word on TLS."""
        is_first, early = True, b""
        while True:
            try:
                await self._loop.sock_sendall(self._plug, layer.ciphertext_to_send())
                if layer.is_established:
                    return early
                ciphertext = await self._loop.sock_recv(self._plug, limits.READ_CHUNK_OCTETS)
            except OSError as fault:
                raise DialError(DialFault.TLS_FAILED, self.host, str(fault)) from fault
            if not ciphertext:
                raise DialError(DialFault.TLS_FAILED, self.host, "closed")
            if is_first and not ciphertext.startswith(_begins(len(ciphertext))):
                raise DialError(DialFault.NO_TLS, self.host)
            is_first = False
            try:
                early = layer.receive(ciphertext)
            except (TlsError, ConnectionError) as fault:
                raise DialError(_handshake_fault(fault), self.host, str(fault)) from fault

    @property
    def channel_binding(self) -> bytes | None:
        """What SCRAM-SHA-256-PLUS binds to, where there is such a thing."""
        return None if self.tls is None else self.tls.channel_binding

    # Reading and writing

    def expect_answer(self) -> None:
        """Know that the next octets begin an answer: a server may think before it speaks."""
        self._pace.expect_answer()

    async def read(self) -> bytes:
        """Return the next octets, 64 KiB at most; nothing where the server ended.

        Raises ConnectionLostError.
        """
        if self._early:
            early, self._early = self._early, b""
            return early
        while True:
            data = await self._receive()
            if self._layer is None or not data:
                return data
            try:
                data = self._layer.receive(data)
            except ConnectionError:
                return b""
            except TlsError as fault:
                raise ConnectionLostError(Loss.TLS_BROKEN, str(fault)) from fault
            if data:
                return data

    async def _receive(self) -> bytes:
        """Return what the socket has next, within every limit."""
        began = self._loop.time()
        if began - self._gave_way_at > _BUSY_SECONDS:
            # What lies ready is read without waiting: everybody else has to get a turn meanwhile.
            await asyncio.sleep(0)
            began = self._gave_way_at = self._loop.time()
        left, loss = self._time_left(began)
        try:
            async with asyncio.timeout(left):
                data = await self._loop.sock_recv(self._plug, limits.READ_CHUNK_OCTETS)
        except TimeoutError:
            raise ConnectionLostError(loss) from None
        except OSError as fault:
            raise ConnectionLostError(Loss.CLOSED, str(fault)) from fault
        if not self._pace.received(len(data), self._loop.time() - began):
            raise ConnectionLostError(Loss.TOO_SLOW)
        return data

    def _time_left(self, now: float) -> tuple[float, Loss]:
        """Return how many seconds to wait at most, and which limit that is.

        Raises ConnectionLostError when time is up.
        """
        left = self._ends_at - now
        if left <= 0:
            raise ConnectionLostError(Loss.TOO_LONG)
        if left < self._patience.idle_seconds:
            return left, Loss.TOO_LONG
        return self._patience.idle_seconds, Loss.SILENT

    async def write(self, pieces: Sequence[Buffer]) -> None:
        """Send octets, waiting until the kernel has them. Raises ConnectionLostError."""
        if not pieces:
            return
        left, loss = self._time_left(self._loop.time())
        data = b"".join(pieces) if self._layer is None else self._layer.encrypt(pieces)
        try:
            async with asyncio.timeout(left):
                await self._loop.sock_sendall(self._plug, data)
        except TimeoutError:
            raise ConnectionLostError(loss) from None
        except OSError as fault:
            raise ConnectionLostError(Loss.CLOSED, str(fault)) from fault

    # The end

    def close(self) -> None:
        """Hang up, with TLS's goodbye where that can be said at once; calling twice is harmless."""
        if self._layer is not None:
            goodbye = self._layer.end()
            with contextlib.suppress(OSError):
                self._plug.send(goodbye)
        self._close()

    def _close(self) -> None:
        self._layer = None
        self._plug.close()


def _begins(octets: int) -> tuple[bytes, ...]:
    """Return how TLS begins, as far as can be told from so many octets."""
    return tuple(record[:octets] for record in _TLS_RECORDS)


def _handshake_fault(fault: Exception) -> DialFault:
    """Tell a server that is too old from one that is broken."""
    words = str(fault)
    is_old = "unsupported protocol" in words or "protocol version" in words
    return DialFault.OLD_TLS if is_old else DialFault.TLS_FAILED
