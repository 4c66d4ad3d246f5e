"""One client connection at the level of octets: what is sent, in which segments, what comes back.

Used by the POP3 and LMTP clients of these tests and by the transcript player.
Never interprets a protocol beyond lines that end in CRLF.
Standards: RFC 1939 §3 (CRLF), RFC 2595 §4 (what must not precede a handshake).
Fails with WireError, an AssertionError that says what was awaited and what came.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

PATIENCE_SECONDS = 20.0
"""How long any single answer may take before the test fails; never a pause."""

READ_OCTETS = 65_536


class WireError(AssertionError):
    """The peer did not do what the test awaited."""


class Pace(Enum):
    """How the client's octets are cut into segments."""

    WHOLE = "whole"
    BYTES = "bytes"
    """Every octet in a segment of its own."""


class Layer(Protocol):
    """What a test may put in the place of the socket."""

    def sendall(self, octets: bytes, /) -> object:
        """Send all of it."""
        ...

    def recv(self, octets: int, /) -> bytes:
        """Receive at most so much; nothing once it is closed."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Wire:
    """A connected client socket, plain or TLS, with a line buffer."""

    def __init__(self, sock: socket.socket, *, pace: Pace = Pace.WHOLE) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._ended = False
        self.pace = pace
        sock.settimeout(PATIENCE_SECONDS)
        with contextlib.suppress(OSError):  # a UNIX socket has no such option
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def connect(
        cls,
        address: tuple[str, int],
        *,
        source: str | None = None,
        pace: Pace = Pace.WHOLE,
        receive_buffer_octets: int | None = None,
    ) -> Self:
        """Open a TCP connection, from the loopback address `source` if one is given."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if receive_buffer_octets is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_octets)
            sock.settimeout(PATIENCE_SECONDS)
            if source is not None:
                sock.bind((source, 0))
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return cls(sock, pace=pace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hang_up()

    @property
    def raw(self) -> socket.socket:
        """The socket itself, for tests that misuse it on purpose."""
        return self._socket

    def send(self, octets: bytes) -> None:
        """Send `octets`, in one segment or in one segment for each octet."""
        if self.pace is Pace.WHOLE:
            self._socket.sendall(octets)
            return
        view = memoryview(octets)
        for start in range(len(octets)):
            self._socket.sendall(view[start : start + 1])

    def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Shake hands; nothing may have arrived before the handshake (RFC 2595 §4)."""
        if self._buffer:
            raise WireError(
                f"before the TLS handshake the server also sent {bytes(self._buffer)!r}"
            )
        wrapped = context.wrap_socket(
            self._socket,
            server_hostname=name,
            suppress_ragged_eofs=False,
            do_handshake_on_connect=False,
        )
        self._socket = wrapped  # before the handshake: whoever hangs up closes it either way
        wrapped.do_handshake()

    def speak_through(self, layer: Layer) -> None:
        """Go on through something that a test put between us and the socket."""
        self._socket = layer  # type: ignore[assignment]  # it has the few methods used here

    def read_line(self) -> bytes:
        """Return the next line with its CRLF; any other line end is an error."""
        line = self.read_until(b"\n")
        if not line.endswith(b"\r\n"):
            raise WireError(f"a line that does not end in CRLF: {line[:600]!r}")
        if b"\r" in line[:-2]:
            raise WireError(f"a bare CR in a line of the server: {line[:600]!r}")
        return line

    def read_until(self, mark: bytes) -> bytes:
        """Return everything up to `mark`, `mark` included."""
        searched = 0
        while (at := self._buffer.find(mark, max(0, searched - len(mark)))) < 0:
            searched = len(self._buffer)
            if not self._fill():
                raise WireError(
                    f"the server closed; {mark!r} was awaited after {bytes(self._buffer[-600:])!r}"
                )
        return self._take(at + len(mark))

    def peek(self, octets: int) -> bytes:
        """Return the next octets and leave them where they are."""
        while len(self._buffer) < octets:
            if not self._fill():
                raise WireError(f"the server closed after {len(self._buffer)} of {octets} octets")
        return bytes(self._buffer[:octets])

    def read_exactly(self, octets: int) -> bytes:
        """Return exactly so many octets."""
        self.peek(octets)
        return self._take(octets)

    def read_to_close(self) -> bytes:
        """Return all that comes until the server closes; that it does not close is an error."""
        while self._fill():
            pass
        return self._take(len(self._buffer))

    def read_some(self) -> bytes:
        """Return what has arrived, waiting for at least one octet; empty once closed."""
        if not self._buffer:
            self._fill()
        return self._take(len(self._buffer))

    def unread(self) -> bytes:
        """Return what has arrived and nobody read, without waiting."""
        if not self._ended and self._socket.fileno() >= 0:
            self._socket.settimeout(0)
            with contextlib.suppress(OSError):  # nothing there yet, or closed by the peer
                self._buffer += self._socket.recv(READ_OCTETS)
            self._socket.settimeout(PATIENCE_SECONDS)
        return self._take(len(self._buffer))

    def half_close(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def hang_up(self) -> None:
        """Close as a client does whose program ended."""
        self._socket.close()

    def reset(self) -> None:
        """Close with a TCP reset, as a client does that crashed with unread data."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _take(self, octets: int) -> bytes:
        taken = bytes(self._buffer[:octets])
        del self._buffer[:octets]
        return taken

    def _fill(self) -> bool:
        """Read once; False when the server has closed, cleanly or with a reset."""
        if self._ended:
            return False
        try:
            octets = self._socket.recv(READ_OCTETS)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            octets = b""
        except TimeoutError:
            raise WireError(
                f"nothing came for {PATIENCE_SECONDS:.0f} s; so far {bytes(self._buffer[-600:])!r}"
            ) from None
        self._ended = not octets
        self._buffer += octets
        return not self._ended


def sends_until_refused(wire: Wire, octets: bytes) -> int:
    """Send until the peer closes; return how many octets the kernel took."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < len(octets):
            sent += wire.raw.send(octets[sent : sent + READ_OCTETS])
    return sent
