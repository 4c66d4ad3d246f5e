"""Whether a certificate is meant for a host.

Called by `net.outgoing_tls` once the chain is judged.
Never looks at the common name: only names that were certified as such count.
Standards: RFC 6125 §6.4 (a wildcard stands for one whole label, and only the first), RFC 5280 §4.2.
Fails with False for a certificate that cannot be read.
"""

from __future__ import annotations

import ipaddress

from cryptography import x509

from hato.protocols.foreign_text import shown


def certified_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names and addresses in a certificate, fit to be shown."""
    names = _names_of(certificate)
    if names is None:
        return ()
    hosts = [shown(name.encode()) for name in names.get_values_for_type(x509.DNSName)]
    return (*hosts, *(str(one) for one in names.get_values_for_type(x509.IPAddress)))


def is_for(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether a certificate is for `host`: a name in ASCII, or an address."""
    names = _names_of(certificate)
    if names is None:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        wanted = _labels(host)
        return any(_fits(_labels(n), wanted) for n in names.get_values_for_type(x509.DNSName))
    return address in names.get_values_for_type(x509.IPAddress)


def _names_of(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    """Return the names that were certified; None where there are none that can be read."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None


def _labels(name: str) -> list[str]:
    return name.lower().removesuffix(".").split(".")


def _fits(pattern: list[str], wanted: list[str]) -> bool:
    """Compare label by label; `*.example.org` has two labels behind the star at least."""
    if pattern[0] == "*" and len(pattern) > 2 and wanted[0]:
        return pattern[1:] == wanted[1:]
    return "*" not in pattern[0] and pattern == wanted
