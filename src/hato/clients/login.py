"""Who logs in to a server of others, and by which SASL mechanism: the same for every protocol.

Called by the logins of the POP3 and the SMTP client.
Never uses what is outdated unasked; never shows a token to a line without TLS.
Standards: RFC 4422 §3, RFC 5802 §6, RFC 7628 §3, RFC 8314 §3.
Fails with NoLoginMethodError; what a refusal means is returned as an error.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Final

import msgspec

from hato.clients.errors import (
    NoLoginMethodError,
    NonsenseError,
    UnprovenServerError,
    WrongCredentialsError,
)
from hato.clients.scram_memory import ScramMemory
from hato.core.errors import HatoError, InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.dialled import Dialled
from hato.protocols.sasl import login, plain
from hato.protocols.sasl.bearer import (
    BEARER_NAME,
    XOAUTH2_NAME,
    OAuthBearerClient,
    TokenRefusal,
    XOAuth2Client,
)
from hato.protocols.sasl.exchange import InitialResponse
from hato.protocols.sasl.mechanisms import ClientMechanism, best_of, by_password
from hato.protocols.sasl.steps import Reason

IN_CLEAR: Final = frozenset({plain.NAME, login.NAME})
"""Mechanisms that show the password itself: the last resort where there is no TLS."""

UNSAYABLE: Final = Text(
    en="The login name or the password has characters that this server cannot be told: "
    "check both, or make an app password at the provider.",
    ja="ログイン名かパスワードに、このサーバーへ送れない文字があります。"
    "両方を確かめるか、プロバイダーでアプリパスワードを作ってください。",
)

_scram_keys: Final = ScramMemory()


class Identity(msgspec.Struct, frozen=True):
    """Who logs in, with what, and how it may be proven."""

    name: str
    secret: Secret
    is_token: bool = False
    """The secret is an OAuth 2.0 access token, not a password."""
    outdated: frozenset[str] = frozenset()
    """Of `CRAM-MD5` and `APOP` those that the person allows, knowing what they are worth."""
    initial: InitialResponse = InitialResponse.WHERE_IT_FITS
    """Whether AUTH takes one line or two."""


def mechanisms_for(
    identity: Identity, offered: Collection[str], *, has_binding: bool, is_encrypted: bool
) -> list[str]:
    """Return the mechanisms that both sides can do, the best first.

    `offered`: in capitals. `has_binding`: whether the channel has `tls-exporter` data.
    """
    if identity.is_token:
        if not is_encrypted:
            return []  # whoever sees a token has what it opens
        return [name for name in (BEARER_NAME, XOAUTH2_NAME) if name in offered]
    found: list[str] = []
    while name := best_of(
        offered,
        has_channel_binding=has_binding,
        refused=found,
        asked_for=identity.outdated,
    ):
        found.append(name)
    if not is_encrypted:
        found.sort(key=IN_CLEAR.__contains__)
    return found


def mechanism_for(
    name: str, identity: Identity, dialled: Dialled, offered: Collection[str]
) -> ClientMechanism:
    """Make the client of a mechanism that was chosen. Raises NoLoginMethodError."""
    if name == BEARER_NAME:
        return OAuthBearerClient(
            identity.name, identity.secret, host=dialled.host, port=dialled.port
        )
    if name == XOAUTH2_NAME:
        return XOAuth2Client(identity.name, identity.secret)
    mechanism = by_password(
        name,
        identity.name,
        identity.secret,
        nonce=secrets.token_urlsafe(18),
        channel_binding=dialled.channel_binding,
        offered=offered,
        derive=_scram_keys.derive,
    )
    if mechanism is None:
        raise NoLoginMethodError((name,))
    return mechanism


def words_about_token(mechanism: ClientMechanism) -> str:
    """Return why a token was refused, where the server said so."""
    refusal = getattr(mechanism, "refusal", None)
    return refusal.status if isinstance(refusal, TokenRefusal) else ""


def error_of_reason(reason: Reason, method: str) -> HatoError:
    """Return what it means that we gave an exchange up."""
    match reason:
        case Reason.UNPREPARABLE:
            return InvalidInputError(UNSAYABLE)
        case Reason.SERVER_REFUSED:
            return WrongCredentialsError(method, "")
        case Reason.MALFORMED | Reason.UNKNOWN_EXTENSION:
            return NonsenseError(f"{method} {reason.name}")
        case _:
            return UnprovenServerError(f"{method} {reason.name}")
