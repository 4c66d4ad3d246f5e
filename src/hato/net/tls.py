"""TLS: contexts that follow their PEM files, and the layer between a socket and a machine.

Called by `net.connection` and `net.listener`; contexts are made by the composition root.
Never accepts less than TLS 1.2; never logs a key.
Standards: RFC 8446, RFC 5246, RFC 8997 (1.2 is the minimum), RFC 6066 §3 (SNI).
Fails with InvalidInputError for certificate files that cannot be used; ssl.SSLError in a session.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.log import log
from hato.core.settings import Tls
from hato.net.session import TlsFacts
from hato.protocols.machine import Buffer

_RECORD_OCTETS: Final = 16_384
"""What one TLS record carries at most (RFC 8446 §5.1)."""

_UNUSABLE = Text(
    en="The certificate {certificate} with the key {key} cannot be used ({reason}): "
    "check [tls] in the configuration.",
    ja="証明書 {certificate} と鍵 {key} は使えません({reason})。設定の [tls] を確認してください。",
)


def make_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return a server's context for PEM files. Raises InvalidInputError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as fault:
        reason = getattr(fault, "strerror", None) or getattr(fault, "reason", None) or str(fault)
        raise InvalidInputError(
            _UNUSABLE, certificate=certificate, key=key, reason=reason
        ) from fault
    return context


class TlsContexts:
    """The certificates of the configuration, read again when their files change.

    Made before worker processes are forked, so that all of them accept the same session tickets.
    """

    def __init__(self, settings: Tls) -> None:
        """Read every certificate. Raises InvalidInputError."""
        self._settings = settings
        self._loaded_stamps: list[tuple[int, int, int] | None] = []
        self._load()

    def current(self) -> ssl.SSLContext:
        """Return the context for a new connection; it chooses among names by itself."""
        return self._default

    def reload_if_changed(self) -> None:
        """Read the files again if they are not what they were; keep the old ones if unusable."""
        if self._stamps() == self._loaded_stamps:
            return
        try:
            self._load()
        except InvalidInputError as fault:
            self._loaded_stamps = self._stamps()
            log.error("certificate-not-reloaded", reason=str(fault))
        else:
            log.info("certificate-reloaded", certificate=self._settings.certificate)

    def _load(self) -> None:
        """Make all contexts anew; nothing changes when one of them fails."""
        stamps = self._stamps()
        default = make_context(self._settings.certificate, self._settings.key)
        named: dict[str, ssl.SSLContext] = {}
        for entry in self._settings.names:
            context = make_context(entry.certificate, entry.key)
            for name in _names_in(entry.certificate):
                named[name] = context

        def choose(
            connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext
        ) -> None:
            """Take the certificate for the name asked for; any other name gets the default."""
            asked = (name or "").lower()
            context = named.get(asked) or named.get("*." + asked.partition(".")[2])
            if context is not None:
                connection.context = context

        if named:
            default.sni_callback = choose
        self._default = default
        self._loaded_stamps = stamps

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        """Return what tells each file from its successor."""
        files = [self._settings.certificate, self._settings.key]
        for entry in self._settings.names:
            files += [entry.certificate, entry.key]
        return [_stamp(file) for file in files]


def _stamp(file: str) -> tuple[int, int, int] | None:
    """Return inode, size and time of a file, or None where there is none."""
    try:
        state = Path(file).stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def _names_in(certificate: str) -> list[str]:
    """Return the DNS names of the first certificate of a PEM file, lower case."""
    from cryptography import x509  # noqa: PLC0415 - costs 30 ms that most starts need not pay

    parsed = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


class TlsLayer:
    """TLS of one connection: ciphertext in and out of memory, no socket.

    Through memory an idle session costs a sixth of what the event loop's own TLS costs.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "is_established")

    def __init__(self, context: ssl.SSLContext) -> None:
        """Be the server's side of a handshake that has not begun."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_established = False

    def receive(self, ciphertext: bytes) -> bytes:
        """Take what arrived and return the plaintext in it, shaking hands where that is due.

        Raises ssl.SSLError when the peer breaks TLS, ConnectionError when it ended it.
        `ciphertext_to_send` may hold something afterwards, also after an error.
        """
        self._incoming.write(ciphertext)
        if not self.is_established:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return b""
            self.is_established = True
        return self._read_all()

    def _read_all(self) -> bytes:
        """Decrypt every complete record that is there."""
        pieces: list[bytes] = []
        while True:
            try:
                piece = self._object.read(_RECORD_OCTETS)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                if pieces:
                    break
                message = "the peer ended TLS"
                raise ConnectionResetError(message)
            pieces.append(piece)
            if not self._incoming.pending and not self._object.pending():
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def encrypt(self, pieces: Sequence[Buffer]) -> bytes:
        """Return the ciphertext of `pieces`, in full records.

        The memory between is emptied after each record: it never shrinks by itself.
        """
        plaintext = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        total = len(plaintext)
        if total <= _RECORD_OCTETS:
            self._object.write(plaintext)
            return self._outgoing.read()
        view = memoryview(plaintext)
        records: list[bytes] = []
        for start in range(0, total, _RECORD_OCTETS):
            self._object.write(view[start : start + _RECORD_OCTETS])
            records.append(self._outgoing.read())
        return b"".join(records)

    def ciphertext_to_send(self) -> bytes:
        """Return what TLS itself has to say: handshake, alerts, tickets."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """Return the goodbye of TLS (close_notify); the answer to it is not awaited."""
        if self.is_established:
            # It has queued its alert, and then wants an answer that nobody waits for.
            with contextlib.suppress(ssl.SSLError, ValueError):
                self._object.unwrap()
        return self._outgoing.read()

    def facts(self) -> TlsFacts:
        """Return what was agreed."""
        cipher = self._object.cipher()
        return TlsFacts(
            version=self._object.version() or "",
            cipher=cipher[0] if cipher else "",
            server_name=None,
            channel_binding=None,
        )
