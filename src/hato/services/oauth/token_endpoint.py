"""Asking an issuer for tokens: for a code, a device code, or an older token.

Called by everything in services.oauth that needs tokens.
Never believes an answer that is no token, never shows one, never sends a client's secret anywhere
but there.
Standards: RFC 6749 §2.3.1, §4.1.3, §5, §6; RFC 6750 §2.1 (what a token may look like).
Fails with TokenRefusedError, ClientRefusedError, IssuerBusyError, IssuerUnfitError.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from urllib.parse import quote

import msgspec

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.https import Answer
from hato.protocols.foreign_text import shown
from hato.services.oauth.asking import ask_issuer
from hato.services.oauth.errors import (
    ClientRefusedError,
    IssuerBusyError,
    IssuerUnfitError,
    TokenRefusedError,
)
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.tokens import Client, Tokens

if TYPE_CHECKING:
    from authlib.oauth2.auth import ClientAuth

KindT = TypeVar("KindT")

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SHOWN_LETTERS: Final = 200
"""Of a server's words."""
_SECONDS: Final = 10 * 366 * 86_400
"""No lifetime is longer; what is stated beyond that is nonsense."""

_CLIENT: Final = frozenset(
    "invalid_client unauthorized_client unsupported_grant_type invalid_scope "
    "invalid_request".split()
)
"""What a person can only mend in her client's registration (RFC 6749 §5.2)."""
_LATER: Final = frozenset({"temporarily_unavailable", "server_error"})

_CLIENT_REFUSED: Final = Text(
    en="{issuer} refuses the client ({words}): check the client id, its secret, its redirect "
    "address and its permissions at the provider, then run `hato account authorise`.",
    ja="{issuer} がクライアントを受け付けません({words})。クライアント ID、シークレット、"
    "リダイレクト先、許可をプロバイダーで確かめてから "
    "`hato account authorise` を実行してください。",
)
_BUSY: Final = Text(
    en="{issuer} has trouble of its own ({words}): it is asked again later.",
    ja="{issuer} 側で問題が起きています({words})。後でもう一度試します。",
)
_NONSENSE: Final = Text(
    en="{issuer} answered what is no token ({words}): check the address of the issuer.",
    ja="{issuer} の応答はトークンではありません({words})。発行者のアドレスを確かめてください。",
)

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.OAUTH_WORD_OCTETS)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=_SECONDS)]


class Grant(msgspec.Struct, frozen=True):
    """What an issuer gave."""

    access_token: Secret
    lasts_seconds: int
    refresh_token: Secret
    """Empty: none, or the older one goes on."""
    refresh_lasts_seconds: int
    """0: not stated."""
    scope: str


class _Given(msgspec.Struct, frozen=True):
    """A token as it is sent (RFC 6749 §5.1); whatever else there is is passed over."""

    access_token: Word
    token_type: str = "bearer"  # noqa: S105 - the word, no secret
    expires_in: Seconds | None = None
    refresh_token: Annotated[str, msgspec.Meta(max_length=limits.OAUTH_WORD_OCTETS)] | None = None
    refresh_token_expires_in: Seconds | None = None
    """Google, of clients in testing."""
    refresh_expires_in: Seconds | None = None
    """Keycloak."""
    scope: str | None = None


class _Refused(msgspec.Struct, frozen=True):
    """A refusal (RFC 6749 §5.2)."""

    error: str
    error_description: str | None = None


async def ask_for_tokens(client: Client, name: str, grant_type: str, **words: str) -> Grant:
    """Ask the token endpoint. `name`: of the issuer, for the sentences. See above for errors."""
    form = {**words, "grant_type": grant_type}
    answer = await post_form(client, client.token_endpoint, form)
    if answer.status == 200:
        return _grant_in(answer, name)
    raise refusal_of(answer, name)


def client_of(issuer: Issuer, client_id: str, client_secret: Secret, ca_file: str = "") -> Client:
    """Return who asks an issuer. `client_secret`: empty where the client has none."""
    methods = issuer.secret_methods
    # RFC 8414 §2: where nothing is stated, it is the header. Google and Microsoft take both.
    return Client(
        client_id=client_id,
        client_secret=client_secret,
        secret_method=POST if BASIC not in (methods or (BASIC,)) else BASIC,
        token_endpoint=issuer.token_endpoint,
        ca_file=ca_file,
    )


def tokens_of(issuer: Issuer, client: Client, grant: Grant, clock: Clock) -> Tokens:
    """Return what is kept of a first grant."""
    now = clock.now()
    lasts = grant.refresh_lasts_seconds
    return Tokens(
        access_token=grant.access_token,
        expires=now + grant.lasts_seconds,
        refresh_token=grant.refresh_token,
        refresh_expires=now + lasts if lasts else 0,
        authorised=now,
        refreshed=now,
        asked_scopes=issuer.scopes,
        scope=grant.scope or " ".join(issuer.scopes),
        issuer=issuer.issuer,
        issuer_row=issuer.row_id,
        issuer_name=issuer.name.en,
        client=client,
    )


async def post_form(client: Client, url: str, form: dict[str, str]) -> Answer:
    """Send a form in a client's name. Raises IssuerBusyError."""
    # Loading the library takes longer than the loop may stand still.
    auth = await asyncio.to_thread(_client_auth, client)
    from authlib.common.urls import url_encode  # noqa: PLC0415 - loaded in the thread above

    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    _, headers, body = auth.prepare("POST", url, headers, url_encode(form.items()))
    return await ask_issuer(
        "POST", url, content=body.encode(), headers=headers, ca_file=client.ca_file
    )


def _client_auth(client: Client) -> ClientAuth:
    """Return how a client says who it is (RFC 6749 §2.3.1)."""
    from authlib.oauth2.auth import ClientAuth  # noqa: PLC0415 - 36 ms, only for who needs it

    if not client.client_secret:
        return ClientAuth(client.client_id, None, "none")
    secret = client.client_secret.reveal().decode()
    if client.secret_method == POST:
        return ClientAuth(client.client_id, secret, POST)
    # What stands in the header is form-encoded first; the library leaves that to its caller.
    return ClientAuth(quote(client.client_id, safe=""), quote(secret, safe=""), BASIC)


def _grant_in(answer: Answer, name: str) -> Grant:
    """Read a token. Raises IssuerUnfitError."""
    given = read_answer(answer, _Given, name)
    if given.token_type.lower() != "bearer" or not _TOKEN.fullmatch(given.access_token):
        raise IssuerUnfitError(_NONSENSE, issuer=name, words="bearer")
    return Grant(
        access_token=Secret(given.access_token),
        lasts_seconds=given.expires_in or limits.TOKEN_SECONDS_UNSTATED,
        refresh_token=Secret(given.refresh_token or ""),
        refresh_lasts_seconds=given.refresh_token_expires_in or given.refresh_expires_in or 0,
        scope=given.scope or "",
    )


def refusal_of(answer: Answer, name: str) -> HatoError:
    """Return what an answer that is no success means."""
    is_trouble = answer.status >= 500 or answer.status == 429
    refused = _refusal_in(answer)
    if refused is None:
        kind, text = (IssuerBusyError, _BUSY) if is_trouble else (IssuerUnfitError, _NONSENSE)
        return kind(text, issuer=name, words=f"HTTP {answer.status}")
    code, words = fit(refused.error), fit(refused.error_description or "")
    if is_trouble or code in _LATER:
        return IssuerBusyError(_BUSY, issuer=name, words=code)
    if code in _CLIENT:
        told = f"{code}: {words}" if words else code
        return ClientRefusedError(_CLIENT_REFUSED, issuer=name, words=told)
    return TokenRefusedError(code, words)


def _refusal_in(answer: Answer) -> _Refused | None:
    """Read a refusal; None: it is something else."""
    try:
        return msgspec.json.decode(answer.content, type=_Refused)
    except (ValueError, RecursionError):
        return None


def fit(words: str) -> str:
    """Return a server's words as they may be shown: printable, and not too many."""
    text = shown(words.encode("utf-8", "replace"))
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"


def read_answer(answer: Answer, kind: type[KindT], name: str) -> KindT:
    """Read an answer that has to be JSON of a kind. Raises IssuerUnfitError."""
    try:  # some issuers write numbers as text
        return msgspec.json.decode(answer.content, type=kind, strict=False)
    except (ValueError, RecursionError):
        raise IssuerUnfitError(_NONSENSE, issuer=name, words="JSON") from None
