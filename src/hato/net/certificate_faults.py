"""Which fault of ours each of OpenSSL's objections to a certificate is.

Called by `net.outgoing_tls` (mail servers) and `net.https` (web servers).
Never judges: OpenSSL does.
Standards: RFC 5280 §6; the numbers are OpenSSL's X509_V_ERR.
Fails never: an objection that is not known here is CERTIFICATE_UNFIT.
"""

from __future__ import annotations

from typing import Final

from hato.net.dial_errors import DialFault

_FAULTS: Final = {
    2: DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY,  # no issuer in the chain
    9: DialFault.CERTIFICATE_NOT_YET_VALID,
    10: DialFault.CERTIFICATE_EXPIRED,
    18: DialFault.CERTIFICATE_SELF_SIGNED,
    19: DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY,  # the root came along, but nobody knows it
    20: DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY,  # no issuer here
    21: DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY,  # the server sent its certificate alone
    62: DialFault.CERTIFICATE_OF_OTHER_NAME,  # a host
    64: DialFault.CERTIFICATE_OF_OTHER_NAME,  # an address
}


def fault_of(verification_error: int) -> DialFault:
    """Return what is wrong with a certificate."""
    return _FAULTS.get(verification_error, DialFault.CERTIFICATE_UNFIT)
