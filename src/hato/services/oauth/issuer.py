"""Who gives tokens, and where he is asked for them.

Made from a row of the table or from an issuer's own metadata.
Never holds anything secret.
Standards: RFC 8414 §2, RFC 9207 §2.4 and §3, RFC 8252 §7.3 (redirect on a port of any number).
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hato.core.language import Text

TENANT_MARK: Final = "{tenantid}"
"""In an issuer's name: what stands there differs from account to account (Microsoft)."""
_TENANT: Final = "[0-9A-Za-z.-]{1,255}"

LOOPBACK_REDIRECT: Final = "http://127.0.0.1"
"""Where nothing else is known: the literal address, as RFC 8252 §8.3 wants."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """An authorisation server."""

    issuer: str
    """Its name: an https address. May hold TENANT_MARK."""
    name: Text
    """As a person knows it."""
    authorization_endpoint: str
    token_endpoint: str
    device_authorization_endpoint: str = ""
    """Empty: it has none, or not for mail."""
    states_issuer: bool = False
    """It says its name with each answer (RFC 9207 §3), so that an answer without is not its."""
    secret_methods: tuple[str, ...] = ()
    """How a client may show its secret; empty: it does not tell."""
    redirect: str = LOOPBACK_REDIRECT
    """What is registered, without its port."""
    needs_secret: bool = False
    scopes: tuple[str, ...] = ()
    extra: dict[str, str] = {}
    """What else is sent with the person's question."""
    row_id: str = ""
    """Its row in the table; empty: none."""

    def is_named(self, name: str) -> bool:
        """Tell whether an answer's `iss` is this one's name (RFC 9207 §2.4: exactly)."""
        if TENANT_MARK not in self.issuer:
            return name == self.issuer
        pattern = re.escape(self.issuer).replace(re.escape(TENANT_MARK), _TENANT)
        return re.fullmatch(pattern, name) is not None
