"""TLS towards a server of others: whom we trust, and whether this server is who it should be.

Made by services and tests (Trust, one for many); asked by `net.dialled` for each handshake.
Never lets a server pass whose chain, dates or name are wrong, unless its very certificate is
pinned; never speaks less than TLS 1.2.
Standards: RFC 8446, RFC 5246, RFC 8997, RFC 6066 §3 (SNI), RFC 5280 §6, RFC 6125 §6.
Fails with DialError for a server, InvalidInputError for a file of authorities.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from hato.core.errors import InvalidInputError
from hato.net.certificate_faults import fault_of
from hato.net.certificate_names import certified_names, is_for
from hato.net.dial_errors import DialError, DialFault
from hato.net.https_trust import UNUSABLE
from hato.net.tls import TlsLayer

_OPTIONS: Final = SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION


class Trust:
    """Whom we believe; reading the authorities takes a while, so that one is made for many."""

    def __init__(self, authorities_file: str | None = None) -> None:
        """Trust the system's authorities, or those of a PEM file instead.

        Raises InvalidInputError.
        """
        self.context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self.context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self.context.set_options(_OPTIONS)
        self.context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        if authorities_file is None:
            self.context.set_default_verify_paths()
            return
        try:
            self.context.load_verify_locations(authorities_file)
        except SSL.Error as fault:
            reasons = fault.args[0] if fault.args else []
            reason = ", ".join(one[2] for one in reasons if one[2]) or "unreadable"
            raise InvalidInputError(UNUSABLE, file=authorities_file, reason=reason) from fault


class OutgoingTls:
    """One handshake with a server, and the judgement on it."""

    __slots__ = ("_connection", "_errors", "_host", "_pinned", "layer")

    def __init__(self, trust: Trust, host: str, pinned_sha256: bytes | None) -> None:
        """Begin to speak with `host`, in ASCII; `pinned_sha256`: 32 octets, instead of a chain."""
        self._host = host
        self._pinned = pinned_sha256
        self._errors: list[int] = []
        self._connection = SSL.Connection(trust.context, None)
        self._connection.set_verify(SSL.VERIFY_PEER, self._note)
        if not _is_address(host):
            self._connection.set_tlsext_host_name(host.encode("ascii"))
        self.layer = TlsLayer.of_client(self._connection)

    def _note(
        self, _connection: SSL.Connection, _certificate: crypto.X509, error: int, _: int, is_ok: int
    ) -> bool:
        """Keep what is wrong and go on: `judge` decides, and then knows the certificate."""
        if not is_ok:
            self._errors.append(error)
        return True

    def judge(self) -> x509.Certificate:
        """Return the server's certificate after the handshake. Raises DialError if it is wrong."""
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            raise DialError(DialFault.CERTIFICATE_UNFIT, self._host, "no certificate")
        shown = certificate.public_bytes(Encoding.DER)
        if self._pinned is not None:
            if not hmac.compare_digest(certificate.fingerprint(SHA256()), self._pinned):
                raise DialError(DialFault.CERTIFICATE_NOT_PINNED, self._host, certificate=shown)
            return certificate
        if self._errors:
            error = self._errors[0]
            raise DialError(fault_of(error), self._host, f"OpenSSL {error}", certificate=shown)
        if not is_for(certificate, self._host):
            raise DialError(
                DialFault.CERTIFICATE_OF_OTHER_NAME,
                self._host,
                ", ".join(certified_names(certificate)),
                certificate=shown,
            )
        return certificate


def _is_address(host: str) -> bool:
    """Tell whether a host is an address: such are not asked for by name (RFC 6066 §3)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
