"""Where a server of others is, and what protects the way to it.

Made by services; used by the clients of every protocol.
Never holds a secret.
Standards: RFC 8314 §3 (TLS from the first octet, or by command; never silently without).
Fails never.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec


class Security(Enum):
    """What protects a connection."""

    IMPLICIT_TLS = auto()
    """TLS from the first octet: ports 995 and 465."""
    STARTTLS = auto()
    """TLS by command (STLS, STARTTLS), required: ports 110 and 587."""
    NONE = auto()
    """Nothing: whoever is in between reads the password and all mail. The person says so."""


class MailServer(msgspec.Struct, frozen=True):
    """Where a server is, and how to get there."""

    host: str
    port: int
    security: Security
    pinned_sha256: bytes | None = None
    """Of the one certificate to be believed, whatever its chain; None: the chain decides."""
