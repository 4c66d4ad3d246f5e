"""Where a login comes from, and what it leads to.

Called by edges (make an Origin, get a Login) and by services.auth.
Never decides anything.
Standards: none.
Fails never.
"""

from __future__ import annotations

import msgspec

from hato.store.api import Account
from hato.store.directory import Credential, Person


class Origin(msgspec.Struct, frozen=True):
    """The connection on which somebody wants to log in."""

    service: str
    """`pop3`, `imap` …: what some limits depend on."""
    address: str
    """The client's IP address; empty for a UNIX socket."""
    is_encrypted: bool
    """Whether TLS protects the connection."""
    channel_binding: bytes | None
    """`tls-exporter` (RFC 9266), where the TLS library gives it."""
    session_id: str


class Login(msgspec.Struct, frozen=True):
    """Somebody who has been let in."""

    person: Person
    credential: Credential
    account: Account
    version: int
    """The directory's, as of which she may be in: read before anything was asked of it."""
