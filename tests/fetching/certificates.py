"""Certificates that are sound, and those with each thing that can be wrong with one.

Used by the tests of fetching over TLS.
Never makes one that a sound client could take for right, but the sound one.
Standards: RFC 5280 §4, RFC 6125 §6.4 (a common name is no name).
Fails with nothing of its own.
"""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST: Final = "localhost"


class Authority:
    """Whom a source trusts, and what it, or somebody else, certifies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def sound(self) -> ssl.SSLContext:
        """Return a server's settings with nothing wrong."""
        return self._issued(HOST, days=(-1, 1))

    def of_other_name(self) -> ssl.SSLContext:
        """A certificate for somebody else."""
        return self._issued("other.example", days=(-1, 1))

    def of_wildcard(self) -> ssl.SSLContext:
        """A certificate for every name of one label, which is none (RFC 6125 §6.4.3)."""
        return self._issued("*.localhost", days=(-1, 1))

    def expired(self) -> ssl.SSLContext:
        """A certificate that was right until yesterday."""
        return self._issued(HOST, days=(-9, -1))

    def of_tomorrow(self) -> ssl.SSLContext:
        """A certificate that will be right."""
        return self._issued(HOST, days=(1, 9))

    def of_unknown_authority(self) -> ssl.SSLContext:
        """A certificate that somebody else vouches for."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert(HOST).configure_cert(context)
        return context

    def self_signed(self) -> ssl.SSLContext:
        """A certificate that only its own key vouches for."""
        return self._made(names=(HOST,), is_self_signed=True)

    def with_common_name_only(self) -> ssl.SSLContext:
        """A certificate whose subject alone has the right name."""
        return self._made(names=())

    def for_clients(self) -> ssl.SSLContext:
        """A certificate that no server may use."""
        return self._made(names=(HOST,), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issued(self, *names: str, days: tuple[int, int]) -> ssl.SSLContext:
        now = dt.datetime.now(dt.UTC)
        begin, end = (now + dt.timedelta(days=day) for day in days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names, not_before=begin, not_after=end).configure_cert(context)
        return context

    def _made(
        self,
        *,
        names: tuple[str, ...],
        is_self_signed: bool = False,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> ssl.SSLContext:
        """Make a certificate by hand, since trustme makes no wrong ones."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
        root = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        root_key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(root_key, ec.EllipticCurvePrivateKey)
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if is_self_signed else root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        made = builder.sign(key if is_self_signed else root_key, hashes.SHA256())
        file = self._folder / "made.pem"
        file.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


WRONG: Final[dict[str, tuple[Callable[[Authority], ssl.SSLContext], str]]] = {
    "unknown authority": (Authority.of_unknown_authority, "CERTIFICATE_OF_UNKNOWN_AUTHORITY"),
    "self-signed": (Authority.self_signed, "CERTIFICATE_SELF_SIGNED"),
    "expired": (Authority.expired, "CERTIFICATE_EXPIRED"),
    "not yet valid": (Authority.of_tomorrow, "CERTIFICATE_NOT_YET_VALID"),
    "other name": (Authority.of_other_name, "CERTIFICATE_OF_OTHER_NAME"),
    "a wildcard of nothing": (Authority.of_wildcard, "CERTIFICATE_OF_OTHER_NAME"),
    "common name only": (Authority.with_common_name_only, "CERTIFICATE_OF_OTHER_NAME"),
    "for clients": (Authority.for_clients, "CERTIFICATE_UNFIT"),
}
"""How each is made, and the fault that it must be told as."""
