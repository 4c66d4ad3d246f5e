"""TLS of one connection: ciphertext in and out of memory, between a socket and a machine.

Called by `net.connection` (our server's end), `net.outgoing_tls` and `net.dialled` (a client's).
Never touches a socket; never gives plaintext before the handshake is done.
Standards: RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 9266 (`tls-exporter`).
Fails with TlsError when the peer breaks TLS, ConnectionError when it ends it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from OpenSSL import SSL

from hato.net.session import TlsFacts
from hato.protocols.machine import Buffer

_RECORD_OCTETS: Final = 16_384
"""What one TLS record carries at most (RFC 8446 §5.1)."""

_RECORD_READ_OCTETS: Final = 17_408
"""One encrypted record with room to spare: a read that comes back full is followed by another."""

_BINDING_LABEL: Final = b"EXPORTER-Channel-Binding"
_BINDING_OCTETS: Final = 32


class TlsError(Exception):
    """The peer does not keep to TLS."""


class TlsLayer:
    """One side of TLS, in memory: the server's, unless made by `of_client`.

    Through memory an idle session costs a fifth of what the event loop's own TLS costs.
    """

    __slots__ = ("_connection", "is_established")

    def __init__(self, context: SSL.Context) -> None:
        """Be ready for a handshake."""
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self.is_established = False

    @classmethod
    def of_client(cls, connection: SSL.Connection) -> TlsLayer:
        """Be the client's side: `connection` is prepared, and its first flight ready to be sent."""
        layer = cls.__new__(cls)
        layer._connection = connection  # noqa: SLF001 - its own class
        layer.is_established = False
        connection.set_connect_state()
        with contextlib.suppress(SSL.WantReadError):
            connection.do_handshake()
        return layer

    def receive(self, ciphertext: bytes) -> bytes:
        """Take what arrived and return the plaintext in it, shaking hands where that is due.

        Raises TlsError when the peer breaks TLS, ConnectionError when it ended it.
        `ciphertext_to_send` may hold something afterwards, also after an error.
        """
        try:
            self._connection.bio_write(ciphertext)
            if not self.is_established:
                self._connection.do_handshake()
                self.is_established = True
        except SSL.WantReadError:
            return b""
        except SSL.Error as fault:
            raise TlsError(_reason(fault)) from fault
        return self._read_all()

    def _read_all(self) -> bytes:
        """Decrypt every complete record that is there."""
        pieces: list[bytes] = []
        try:
            while True:
                pieces.append(self._connection.recv(_RECORD_OCTETS))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError as fault:
            if not pieces:
                message = "the peer ended TLS"
                raise ConnectionResetError(message) from fault
        except SSL.Error as fault:
            raise TlsError(_reason(fault)) from fault
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def encrypt(self, pieces: Sequence[Buffer]) -> bytes:
        """Return the ciphertext of `pieces`, in full records.

        The memory between is emptied after each record: it never shrinks by itself.
        """
        plaintext = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        total = len(plaintext)
        if total <= _RECORD_OCTETS:
            self._connection.send(plaintext)
            return self.ciphertext_to_send()
        view = memoryview(plaintext)
        records: list[bytes] = []
        for start in range(0, total, _RECORD_OCTETS):
            self._connection.send(view[start : start + _RECORD_OCTETS])
            records.append(self.ciphertext_to_send())
        return b"".join(records)

    def ciphertext_to_send(self) -> bytes:
        """Return what is ready for the peer: records, handshake, alerts, tickets."""
        try:
            first = self._connection.bio_read(_RECORD_READ_OCTETS)
        except SSL.WantReadError:
            return b""
        if len(first) < _RECORD_READ_OCTETS:
            return first
        return first + self.ciphertext_to_send()

    def end(self) -> bytes:
        """Return the goodbye of TLS (close_notify); the answer to it is not awaited."""
        if self.is_established:
            with contextlib.suppress(SSL.Error):
                self._connection.shutdown()
        return self.ciphertext_to_send()

    def facts(self) -> TlsFacts:
        """Return what was agreed."""
        connection = self._connection
        name = connection.get_servername()
        return TlsFacts(
            version=connection.get_protocol_version_name(),
            cipher=connection.get_cipher_name() or "",
            server_name=name.decode("ascii", "replace") if name else None,
            channel_binding=self._channel_binding(),
        )

    def _channel_binding(self) -> bytes | None:
        """Return `tls-exporter`: with TLS 1.3 only, where it is unique without further ado.

        RFC 9266 §4.2 asks of TLS 1.2 an extension whose use the library does not tell.
        """
        if self._connection.get_protocol_version() < SSL.TLS1_3_VERSION:
            return None
        return self._connection.export_keying_material(_BINDING_LABEL, _BINDING_OCTETS, b"")


def _reason(fault: SSL.Error) -> str:
    """Return OpenSSL's words for a fault."""
    errors = fault.args[0] if fault.args else ()
    if isinstance(errors, list):
        return ", ".join(error[2] for error in errors) or "closed"
    return str(fault)
