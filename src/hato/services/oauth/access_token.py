"""The access token with which a source is logged in to, renewed when it is due.

Called by services.fetching before each poll, and by the command line to test a source.
Never asks twice at once for one source; never uses a new token before its refresh token is kept.
Standards: RFC 6749 §5.2 and §6; RFC 9700 §4.14 (a refresh token may be good for one use).
Fails with AuthoriseAgainError, ClientRefusedError, IssuerBusyError (later), IssuerUnfitError, and
as the store does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import msgspec

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import DamagedError, KeyReplacedError, NotFoundError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.oauth.errors import AuthoriseAgainError, ClientRefusedError, TokenRefusedError
from hato.services.oauth.issuer_table import built_in_issuers
from hato.services.oauth.token_endpoint import Grant, ask_for_tokens
from hato.services.oauth.tokens import Tokens, read_tokens
from hato.services.sources.source import Source

_OVER: Final = frozenset(
    "invalid_grant interaction_required login_required consent_required "
    "account_selection_required".split()
)
"""What only the person can mend: RFC 6749 §5.2, and what OpenID Connect and Microsoft add."""

_ENDED: Final = Text(
    en="The authorisation of {address} at {issuer} is over ({words}): run "
    "`hato account authorise {address}`.",
    ja="{address} の {issuer} での認可が切れました({words})。"
    "`hato account authorise {address}` を実行してください。",
)
_ENDED_IN_TESTING: Final = Text(
    en="The authorisation of {address} at {issuer} is over ({words}): publish your client at "
    "{issuer} if it is still in testing, where it lasts {days} {days:day|days}, and run "
    "`hato account authorise {address}`.",
    ja="{address} の {issuer} での認可が切れました({words})。クライアントがテスト中なら "
    "{days} 日で切れるので {issuer} で公開し、"
    "`hato account authorise {address}` を実行してください。",
)
_NONE: Final = Text(
    en="{address} has not been authorised yet: run `hato account authorise {address}`.",
    ja="{address} はまだ認可されていません。"
    "`hato account authorise {address}` を実行してください。",
)
_REFUSED: Final = Text(
    en="{issuer} gives no token for {address} ({words}): check the client at the provider, then "
    "run `hato account authorise {address}`.",
    ja="{issuer} が {address} のトークンを出しません({words})。プロバイダーでクライアントを"
    "確かめてから `hato account authorise {address}` を実行してください。",
)


class KeptSecrets(Protocol):
    """Where the secrets of a person's sources are kept: `services.sources.sources.Sources`."""

    async def secret(self, source: Source) -> Secret:
        """Return the secret of a source."""
        ...

    async def set_secret(self, source_id: str, secret: Secret) -> None:
        """Keep another secret in its place, durably."""
        ...


_gates: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""One for each source that somebody asks about just now; gone with the last who does."""


async def access_token(
    sources: KeptSecrets, source: Source, clock: Clock, *, refused: Secret | None = None
) -> Secret:
    """Return a token that is good for a login now; see above for errors.

    `refused`: the one that the mail server would not take, although its time was not over.
    """
    gate = _gates.setdefault(source.source_id, asyncio.Lock())
    async with gate:  # who waited finds the new token, and asks no more
        tokens = await _kept(sources, source)
        if _is_good(tokens, clock, refused):
            return tokens.access_token
        try:
            grant = await _refresh(tokens, source)
        except AuthoriseAgainError:
            # Another process may have used the refresh token first, and kept its successor.
            newer = await _kept(sources, source)
            if newer.refresh_token == tokens.refresh_token:
                raise
            if _is_good(newer, clock, refused):
                return newer.access_token
            tokens = newer
            grant = await _refresh(tokens, source)
        renewed = _renewed(tokens, grant, clock)
        await _to_its_end(sources.set_secret(source.source_id, renewed.sealed_form()))
        return renewed.access_token


def _is_good(tokens: Tokens, clock: Clock, refused: Secret | None) -> bool:
    is_due = tokens.expires - limits.TOKEN_MARGIN_SECONDS <= clock.now()
    return not is_due and tokens.access_token != refused


async def _kept(sources: KeptSecrets, source: Source) -> Tokens:
    """Return what is kept. Raises AuthoriseAgainError where it is nothing, or something else."""
    try:
        return read_tokens(await sources.secret(source))
    except KeyReplacedError:
        raise
    except (NotFoundError, DamagedError):
        raise AuthoriseAgainError(_NONE, address=source.address) from None


async def _refresh(tokens: Tokens, source: Source) -> Grant:
    """Ask for a new token (RFC 6749 §6)."""
    if not tokens.refresh_token:
        raise _ended(tokens, source, "no refresh token")
    refresh_token = tokens.refresh_token.reveal().decode()
    try:
        return await ask_for_tokens(
            tokens.client, tokens.issuer_name, "refresh_token", refresh_token=refresh_token
        )
    except TokenRefusedError as fault:
        if fault.code in _OVER:
            raise _ended(tokens, source, str(fault)) from fault
        raise ClientRefusedError(
            _REFUSED, issuer=tokens.issuer_name, address=source.address, words=fault
        ) from fault


def _ended(tokens: Tokens, source: Source, words: str) -> AuthoriseAgainError:
    """Say that it is over, and what may have ended it."""
    row = built_in_issuers().by_id(tokens.issuer_row)
    days = row.testing_days if row else 0
    return AuthoriseAgainError(
        _ENDED_IN_TESTING if days else _ENDED,
        address=source.address,
        issuer=tokens.issuer_name,
        words=words,
        days=days,
    )


def _renewed(tokens: Tokens, grant: Grant, clock: Clock) -> Tokens:
    """Return what is kept from now on; without a new refresh token the old one goes on."""
    now = clock.now()
    lasts = grant.refresh_lasts_seconds
    return msgspec.structs.replace(
        tokens,
        access_token=grant.access_token,
        expires=now + grant.lasts_seconds,
        refresh_token=grant.refresh_token or tokens.refresh_token,
        refresh_expires=now + lasts if lasts else tokens.refresh_expires,
        refreshed=now,
        scope=grant.scope or tokens.scope,
    )


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do it even if we are told to stop: a refresh token that is lost now may be the last one."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
