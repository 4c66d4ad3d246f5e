"""A certificate authority and a certificate of our own, for trying Hato out.

Called by `hato up`.
Never meant for mail on the internet: no client trusts it without being told to.
Standards: RFC 5280 §4 (certificates), RFC 6125 §6 (names).
Fails with UnavailableError when the files cannot be written.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hato.core.errors import UnavailableError

_DAYS: Final = 397
"""The longest life that browsers and mail programs accept of a server's certificate is 398 days."""

_RENEW_DAYS: Final = 30
_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644


class OwnCertificate(NamedTuple):
    """The files that `make_own_certificate` leaves."""

    authority: Path
    """What clients are told to trust."""
    certificate: Path
    key: Path


def make_own_certificate(folder: Path, now: int) -> OwnCertificate:
    """Make the files in `folder`, or keep those that are there and still good for a month.

    `now`: seconds since 1970 UTC. Raises UnavailableError.
    """
    files = OwnCertificate(
        folder / "authority.pem", folder / "certificate.pem", folder / "certificate.key"
    )
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    try:
        if not all(file.exists() for file in files) or _is_old(files.certificate, moment):
            folder.mkdir(parents=True, exist_ok=True)
            _make(files, moment)
    except OSError as fault:
        raise UnavailableError(f"{folder}: {fault.strerror}") from fault
    return files


def _is_old(certificate: Path, moment: dt.datetime) -> bool:
    """Whether a certificate ends within a month."""
    end = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return end - moment < dt.timedelta(days=_RENEW_DAYS)


def _make(files: OwnCertificate, moment: dt.datetime) -> None:
    """Make an authority, let it sign one certificate, and forget its key: it signs nothing else."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("Hato, for trying out")
    authority = (
        _begin(issuer, issuer, authority_key.public_key(), moment)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    certificate = (
        _begin(_name("localhost"), issuer, key.public_key(), moment)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(files.key, private, _PRIVATE)
    _write(files.certificate, certificate.public_bytes(Encoding.PEM), _PUBLIC)
    _write(files.authority, authority.public_bytes(Encoding.PEM), _PUBLIC)


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    moment: dt.datetime,
) -> x509.CertificateBuilder:
    """Begin a certificate that is valid from an hour ago: clocks differ."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(hours=1))
        .not_valid_after(moment + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Say what a key is for."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write a file that nobody ever sees half written or with wider permissions."""
    new = file.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
    new.replace(file)
