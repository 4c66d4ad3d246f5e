"""The certificates of a server: contexts for TLS that follow their PEM files.

Called by the composition root (makes them), `net.connection` (a context for each connection).
Never accepts less than TLS 1.2; never asks for a passphrase; never logs a key.
Standards: RFC 8446, RFC 5246, RFC 8997 (1.2 is the minimum), RFC 6066 §3 (SNI).
Fails with InvalidInputError for certificate files that cannot be used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from OpenSSL import SSL

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.log import log
from hato.core.settings import Tls

_OPTIONS: Final = SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE

_CIPHER_SUITES: Final = (
    b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
)
"""All suites of RFC 8446 §9.1 that clients know, the fastest of equals in safety first."""

ServerKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_UNUSABLE = Text(
    en="The certificate {certificate} with the key {key} cannot be used ({reason}): "
    "check [tls] in the configuration.",
    ja="証明書 {certificate} と鍵 {key} は使えません({reason})。設定の [tls] を確認してください。",
)


_DO_NOT_FIT = Text(
    en="The certificate {certificate} and the key {key} do not fit: the certificate was made for "
    "another key; check [tls] in the configuration.",
    ja="証明書 {certificate} と鍵 {key} が合いません。この証明書は別の鍵のものです。"
    "設定の [tls] を確認してください。",
)


def make_context(certificate: str, key: str) -> SSL.Context:
    """Return a server's context for PEM files. Raises InvalidInputError."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(_OPTIONS)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_tls13_ciphersuites(_CIPHER_SUITES)
    try:
        Path(certificate).open("rb").close()  # so that a missing file is told by its own error
        context.use_certificate_chain_file(certificate)
        private = _read_key(key)
        if _public(private.public_key()) != _public(_first_in(certificate).public_key()):
            raise InvalidInputError(_DO_NOT_FIT, certificate=certificate, key=key)
        context.use_privatekey(private)
        context.check_privatekey()
    except (OSError, ValueError, TypeError, SSL.Error) as fault:
        raise InvalidInputError(
            _UNUSABLE, certificate=certificate, key=key, reason=_reason(fault)
        ) from fault
    return context


def _read_key(file: str) -> ServerKey:
    """Read a private key.

    Raises OSError, ValueError (there is none), TypeError (it wants a passphrase, or is no key that
    a server can use).
    """
    key = serialization.load_pem_private_key(Path(file).read_bytes(), password=None)
    if not isinstance(key, ServerKey):
        message = "a key of another kind than RSA, ECDSA or Ed25519"
        raise TypeError(message)
    return key


def _first_in(certificate: str) -> x509.Certificate:
    """Read the first certificate of a PEM file. Raises OSError, ValueError."""
    return x509.load_pem_x509_certificate(Path(certificate).read_bytes())


def _public(key: CertificatePublicKeyTypes) -> bytes:
    """Return what two keys have in common that are the same."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _reason(fault: Exception) -> str:
    """Return the words of a fault of the system, of OpenSSL or of what is in the file."""
    if isinstance(fault, OSError):
        return fault.strerror or str(fault)
    if not isinstance(fault, SSL.Error):
        return str(fault).partition("(")[0].strip()
    errors = fault.args[0] if fault.args else []
    return ", ".join(error[2] for error in errors) or "unusable"


class TlsContexts:
    """The certificates of the configuration, read again when their files change.

    Made before worker processes are forked, so that all of them accept the same session tickets.
    """

    def __init__(self, settings: Tls) -> None:
        """Read every certificate. Raises InvalidInputError."""
        self._settings = settings
        self._loaded_stamps: list[tuple[int, int, int] | None] = []
        self._load()

    def current(self) -> SSL.Context:
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
        named: dict[str, SSL.Context] = {}
        for entry in self._settings.names:
            context = make_context(entry.certificate, entry.key)
            for name in _names_in(entry.certificate):
                named[name] = context

        def choose(connection: SSL.Connection) -> None:
            """Take the certificate for the name asked for; any other name gets the default."""
            asked = (connection.get_servername() or b"").decode("ascii", "replace").lower()
            context = named.get(asked) or named.get("*." + asked.partition(".")[2])
            if context is not None:
                connection.set_context(context)

        if named:
            default.set_tlsext_servername_callback(choose)
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
    try:
        names = (
            _first_in(certificate)
            .extensions.get_extension_for_class(x509.SubjectAlternativeName)
            .value
        )
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]
