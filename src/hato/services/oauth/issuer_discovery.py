"""Asking an issuer where it is asked for tokens.

Called by the command line for an issuer that the person names.
Never believes what names another issuer, never takes an endpoint without TLS.
Standards: RFC 8414 §3 and §5 (where OpenID Connect has its own place), RFC 9207 §3, RFC 7636 §4.2.
Fails with IssuerUnfitError, IssuerBusyError, InvalidInputError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.oauth.asking import ask_issuer
from hato.services.oauth.errors import IssuerUnfitError
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.issuer_table import Row
from hato.services.settings_finder.candidate import Protocol

_USUAL_SCOPES: Final = ("openid", "email", "offline_access")
"""What mail servers and refresh tokens commonly want, where the issuer has it."""

_ADDRESS: Final = re.compile(r"https://[^\s/?#@\\]+(/[^\s?#\\]*)?")

_NO_ADDRESS: Final = Text(
    en="{issuer} is no address of an issuer: write it like https://login.example.org.",
    ja="{issuer} は発行者のアドレスではありません。"
    "https://login.example.org のように書いてください。",
)
_NOWHERE: Final = Text(
    en="{issuer} does not say where it gives tokens: ask its operator for the address of the "
    "issuer (the one below which /.well-known/ is found).",
    ja="{issuer} にはトークンの取得先の情報がありません。発行者のアドレス"
    "(その下に /.well-known/ があるもの)を管理者に尋ねてください。",
)
_OTHER_NAME: Final = Text(
    en="{issuer} calls itself by another name, and is not believed: give the address exactly as "
    "the provider writes it.",
    ja="{issuer} は別の名前を名乗っているため信用できません。"
    "プロバイダーが示すとおりのアドレスを指定してください。",
)
_NO_PKCE: Final = Text(
    en="{issuer} does not offer S256 of PKCE, without which a code could be stolen: another way "
    "to log in is needed.",
    ja="{issuer} は PKCE の S256 に対応していません。コードを盗まれるおそれがあるため、"
    "別のログイン方法が必要です。",
)

Url = Annotated[str, msgspec.Meta(pattern=rf"^{_ADDRESS.pattern}(\?[^\s#]*)?$", max_length=2_000)]


class _Metadata(msgspec.Struct, frozen=True):
    """What is read of an issuer's metadata (RFC 8414 §2)."""

    issuer: str
    authorization_endpoint: Url
    token_endpoint: Url
    device_authorization_endpoint: Url | None = None
    scopes_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False


async def discover(
    address: str,
    *,
    row: Row | None = None,
    protocol: Protocol = Protocol.POP3,
    ca_file: str = "",
) -> Issuer:
    """Ask an issuer for its metadata.

    `row`: what the table knows of the provider (an organisation's own issuer at Microsoft, say);
    its scopes and its redirect go before what is usual. See above for errors.
    """
    issuer = address if "://" in address else f"https://{address}"
    if not _ADDRESS.fullmatch(issuer):
        raise InvalidInputError(_NO_ADDRESS, issuer=address)
    found = await _first_metadata(issuer, ca_file)
    # RFC 8414 §3.3: identical; the one slash that people leave out or add is no other name.
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        raise IssuerUnfitError(_OTHER_NAME, issuer=issuer)
    methods = found.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        raise IssuerUnfitError(_NO_PKCE, issuer=issuer)
    host = urlsplit(issuer).netloc
    return _issuer_of(found, row.issuer_for(protocol) if row else None, Text(en=host, ja=host))


def _issuer_of(found: _Metadata, known: Issuer | None, name: Text) -> Issuer:
    """Put together what the issuer says and what the table knows."""
    offered = found.scopes_supported or ()
    issuer = Issuer(
        issuer=found.issuer,
        name=name,
        authorization_endpoint=found.authorization_endpoint,
        token_endpoint=found.token_endpoint,
        device_authorization_endpoint=found.device_authorization_endpoint or "",
        states_issuer=found.authorization_response_iss_parameter_supported,
        secret_methods=found.token_endpoint_auth_methods_supported or (),
        scopes=tuple(scope for scope in _USUAL_SCOPES if scope in offered),
    )
    if known is None:
        return issuer
    return msgspec.structs.replace(
        issuer,
        name=known.name,
        redirect=known.redirect,
        needs_secret=known.needs_secret,
        scopes=known.scopes,
        extra=known.extra,
        row_id=known.row_id,
    )


async def _first_metadata(issuer: str, ca_file: str) -> _Metadata:
    """Return the metadata from the first place that has them. Raises IssuerUnfitError."""
    for place in _places(issuer):
        answer = await ask_issuer(
            "GET", place, headers={"accept": "application/json"}, ca_file=ca_file
        )
        if answer.status != 200:
            continue
        try:
            return msgspec.json.decode(answer.content, type=_Metadata)
        except (ValueError, RecursionError):
            continue
    raise IssuerUnfitError(_NOWHERE, issuer=issuer)


def _places(issuer: str) -> Iterator[str]:
    """Yield where metadata may be (RFC 8414 §3.1 and §5)."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    yield f"{origin}/.well-known/oauth-authorization-server{path}"
    yield f"{origin}{path}/.well-known/openid-configuration"
    if path:
        yield f"{origin}/.well-known/openid-configuration{path}"
