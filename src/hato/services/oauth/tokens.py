"""What an authorisation gave, as it is kept: sealed, in the place of a password.

Made by services.oauth; kept through `Sources.set_secret`, and read from there again.
Never shows a token: each is a Secret until it is written for the vault.
Standards: RFC 6749 §5.1 (what a token comes with); the form is Hato's own.
Fails with DamagedError for what is no such thing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hato.core.errors import DamagedError
from hato.core.secret import Secret


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: what the person registered at the issuer."""

    client_id: str
    client_secret: Secret = Secret(b"")
    """Empty: the client has none (RFC 6749 §2.1, public)."""
    secret_method: str = ""
    """How the secret is shown: `client_secret_basic` or `client_secret_post`."""
    token_endpoint: str
    ca_file: str = ""
    """Authorities to be believed about the issuer; empty: the system's."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """One authorisation. Times are seconds since 1970 UTC."""

    access_token: Secret
    expires: int
    """When the access token ends."""
    refresh_token: Secret = Secret(b"")
    """Empty: the issuer gave none, so that the authorisation ends with the access token."""
    refresh_expires: int = 0
    """When the refresh token ends, where the issuer says so; 0: it does not."""
    authorised: int
    """When the person said yes."""
    refreshed: int
    """When the issuer was last asked, and gave."""
    asked_scopes: tuple[str, ...] = ()
    """What was asked for, and is asked for again."""
    scope: str = ""
    """What was given."""
    issuer: str
    issuer_name: str
    """As a person knows it."""
    issuer_row: str = ""
    """Its row in the table of issuers; empty: none."""
    client: Client

    def sealed_form(self) -> Secret:
        """Return it as it is kept: JSON."""
        return Secret(msgspec.json.encode(self, enc_hook=_write))


def read_tokens(secret: Secret) -> Tokens:
    """Read what is kept. Raises DamagedError, also for a password that stands there instead."""
    try:
        return msgspec.json.decode(secret.reveal(), type=Tokens, dec_hook=_read)
    except (ValueError, RecursionError):
        message = "what is kept for this account is no authorisation"
        raise DamagedError(message) from None  # the library's words may hold part of a secret


def _write(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal().decode()
    raise TypeError(type(value).__name__)


def _read(kind: type, value: Any) -> Secret:  # noqa: ANN401 - what JSON may hold
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(kind.__name__)
