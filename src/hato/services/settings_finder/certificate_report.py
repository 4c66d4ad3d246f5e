"""What a server's certificate says, for a person to read.

Called by `probe`.
Never judges by itself: the verdict is that of `net.outgoing_tls`.
Standards: RFC 5280 §4.1.2 (issuer, validity, subject).
Fails never: what cannot be read is empty.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from hato.net.certificate_names import certified_names
from hato.net.dial_errors import DialFault
from hato.protocols.foreign_text import shown

_NAMES: Final = 16


class CertificateReport(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate and what is thought of it."""

    names: tuple[str, ...]
    """The hosts and addresses that it was certified for, the first few."""
    common_name: str
    """Of its subject; counts for nothing today (RFC 6125 §6.4.4)."""
    issuer: str
    not_before: dt.datetime | None
    not_after: dt.datetime | None
    """None: it says something that is no date."""
    sha256: str
    """In hexadecimal: what pinning wants."""
    fault: DialFault | None
    """Why it is not to be trusted; None: it is."""


def report_on(certificate: x509.Certificate, fault: DialFault | None) -> CertificateReport:
    """Read a certificate."""
    begin: dt.datetime | None = None
    end: dt.datetime | None = None
    with contextlib.suppress(ValueError):
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return CertificateReport(
        names=certified_names(certificate)[:_NAMES],
        common_name=_attribute(certificate, NameOID.COMMON_NAME),
        issuer=_issuer(certificate),
        not_before=begin,
        not_after=end,
        sha256=certificate.fingerprint(SHA256()).hex(),
        fault=fault,
    )


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    try:
        values = certificate.subject.get_attributes_for_oid(oid)
    except ValueError:
        return ""
    return _text(values[0].value) if values else ""


def _issuer(certificate: x509.Certificate) -> str:
    """Return who issued it, in a word or two."""
    try:
        issuer = certificate.issuer
    except ValueError:
        return ""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        values = issuer.get_attributes_for_oid(oid)
        if values:
            return _text(values[0].value)
    return ""


def _text(value: str | bytes) -> str:
    return shown(value if isinstance(value, bytes) else value.encode())
