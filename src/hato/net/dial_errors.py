"""Why a server cannot be reached, or is reached no longer: closed lists, each one sentence later.

Raised by `net.dial`, `net.outgoing_tls` and `net.dialled`; clients add how a conversation ended.
Never holds more of a server's words than may be shown.
Standards: RFC 5280 §6 (what a chain of certificates must fulfil), RFC 6125 §6 (names).
Fails never: these are the failures.
"""

from __future__ import annotations

from enum import Enum, auto

from hato.core.errors import UnavailableError


class DialFault(Enum):
    """Why there is no connection."""

    NO_SUCH_HOST = auto()
    """The name does not exist, or has no address."""
    NAME_SERVICE = auto()
    """Nobody could be asked for the name just now."""
    FORBIDDEN_ADDRESS = auto()
    """All of its addresses are such as may not be reached from here."""
    REFUSED = auto()
    """Nobody listens on the port."""
    UNREACHABLE = auto()
    """There is no way to the address."""
    TIMED_OUT = auto()
    """Nobody answered in time."""
    NO_TLS = auto()
    """The server does not speak TLS where it should."""
    OLD_TLS = auto()
    """Nothing better than TLS 1.1 is offered (RFC 8997)."""
    TLS_FAILED = auto()
    """The handshake broke off; `detail` has OpenSSL's words."""
    CERTIFICATE_EXPIRED = auto()
    CERTIFICATE_NOT_YET_VALID = auto()
    CERTIFICATE_SELF_SIGNED = auto()
    CERTIFICATE_OF_UNKNOWN_AUTHORITY = auto()
    CERTIFICATE_OF_OTHER_NAME = auto()
    """It is sound, but for another server."""
    CERTIFICATE_UNFIT = auto()
    """It breaks another rule, such as its purpose or its signature; `detail` has the number."""
    CERTIFICATE_NOT_PINNED = auto()
    """It is not the one that the person pinned."""


class DialError(UnavailableError):
    """There is no connection, and nothing secret was said."""

    def __init__(
        self, fault: DialFault, host: str, detail: str = "", *, certificate: bytes | None = None
    ) -> None:
        """Keep why; `certificate`: what the server showed, in DER, where that is the matter."""
        super().__init__(f"{host}: {fault.name}{f' ({detail})' if detail else ''}")
        self.fault = fault
        self.host = host
        self.detail = detail
        self.certificate = certificate


class Loss(Enum):
    """Why a connection that was there is no more."""

    CLOSED = auto()
    """The server closed it, or it was cut."""
    SILENT = auto()
    """Nothing came for too long."""
    TOO_SLOW = auto()
    """What came, came too slowly to be worth waiting for."""
    TOO_LONG = auto()
    """It lasted longer than a connection may."""
    TLS_BROKEN = auto()
    """What arrived is not what TLS sent: damaged on the way, or meddled with."""
    SAID_GOODBYE = auto()
    """The server said that it ends, and did."""


class ConnectionLostError(UnavailableError):
    """The connection is gone; what was not answered is unknown."""

    def __init__(self, loss: Loss, detail: str = "") -> None:
        """Keep why."""
        super().__init__(f"{loss.name}{f' ({detail})' if detail else ''}")
        self.loss = loss
        self.detail = detail
