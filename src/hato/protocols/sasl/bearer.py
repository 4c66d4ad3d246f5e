"""OAUTHBEARER and XOAUTH2, the client's side: an OAuth 2.0 access token instead of a password.

Called by clients, only under TLS: whoever sees the token has what it opens.
Never fetches or refreshes a token; never follows what a refusal points at.
Standards: RFC 7628 §3, RFC 6750 §2.1; XOAUTH2 has none, Google and Microsoft describe it.
Fails never: what does not fit is `Refused`; why a server refuses a token stands in `refusal`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hato.core.secret import Secret
from hato.protocols.foreign_text import shown
from hato.protocols.sasl.scram_messages import write_name
from hato.protocols.sasl.steps import Reason, Refused

BEARER_NAME: Final = "OAUTHBEARER"
XOAUTH2_NAME: Final = "XOAUTH2"

_SEPARATOR: Final = b"\x01"
_NAME: Final = re.compile(r"[^\x00-\x20\x7f]+")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
"""What RFC 6750 §2.1 calls b64token."""


class TokenRefusal(msgspec.Struct, frozen=True):
    """Why a server does not take a token, in its own words, fit to be shown."""

    status: str = ""
    """`invalid_token` and the like (RFC 7628 §3.2.2); Google says `400` or `401` instead."""
    scope: str = ""
    """What the token should have been for."""


class _Body(msgspec.Struct, frozen=True):
    """A refusal as it is sent; whatever else it has is passed over."""

    status: str | int = ""
    scope: str = ""


class _TokenClient:
    """What both mechanisms have in common: one message, and an error that must be answered."""

    sends_first = True
    is_satisfied = True
    """A token asks nothing of the server; TLS must have done so."""

    def __init__(self, name: str, token: Secret, opening: str, acknowledgement: bytes) -> None:
        """Frame a token: `opening` stands before it, `acknowledgement` answers an error."""
        self._is_sound = bool(_NAME.fullmatch(name) and _TOKEN.fullmatch(token.reveal()))
        self._token = token
        self._opening = opening.encode()
        self._acknowledgement = acknowledgement
        self._has_begun = False
        self.refusal: TokenRefusal | None = None
        """Why the server does not take the token; None while it has not said so."""

    def step(self, challenge: bytes) -> bytes | Refused:
        """Return the message; then acknowledge an error, so that the server can end it."""
        if self._has_begun:
            return self._acknowledge(challenge)
        if challenge or not self._is_sound:
            return Refused(Reason.MALFORMED if challenge else Reason.UNPREPARABLE)
        self._has_begun = True
        authorization = b"auth=Bearer " + self._token.reveal()
        return _SEPARATOR.join((self._opening, authorization, b"", b""))

    def _acknowledge(self, challenge: bytes) -> bytes | Refused:
        """Keep why the token is refused (RFC 7628 §3.2.3); a server says so once."""
        if self.refusal is not None:
            return Refused(Reason.MALFORMED)
        self.refusal = _read_refusal(challenge)
        return self._acknowledgement


class OAuthBearerClient(_TokenClient):
    """OAUTHBEARER (RFC 7628 §3.1)."""

    def __init__(self, name: str, token: Secret, *, host: str, port: int) -> None:
        """Say who logs in, with what, and where: the host and port that the client dialled."""
        opening = f"n,a={write_name(name)},\x01host={host}\x01port={port}"
        super().__init__(name, token, opening, acknowledgement=_SEPARATOR)


class XOAuth2Client(_TokenClient):
    """XOAUTH2: what Google and Microsoft had before there was a standard."""

    def __init__(self, name: str, token: Secret) -> None:
        """Say who logs in, and with what."""
        super().__init__(name, token, f"user={name}", acknowledgement=b"")


def _read_refusal(challenge: bytes) -> TokenRefusal:
    """Read the error that a server gives as a challenge (RFC 7628 §3.2.2)."""
    try:
        body = msgspec.json.decode(challenge, type=_Body)
    except (ValueError, RecursionError):
        return TokenRefusal(status=shown(challenge))
    return TokenRefusal(shown(str(body.status).encode()), shown(body.scope.encode()))
