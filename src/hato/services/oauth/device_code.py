"""Asking a person on another device: she types a code there, and we ask until she has.

Called by the command line, where the issuer offers it.
Never asks more often than the issuer wants, never longer than the code is good for.
Standards: RFC 8628 §3.
Fails with NotAuthorisedError, IssuerUnfitError, and as the token endpoint does; what passes while
we wait is tried again, more seldom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeAlias

import msgspec

from hato.core import limits
from hato.core.clock import Clock
from hato.core.language import Text
from hato.core.secret import Secret
from hato.protocols.foreign_text import shown
from hato.services.oauth.errors import (
    IssuerBusyError,
    IssuerUnfitError,
    NotAuthorisedError,
    TokenRefusedError,
)
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.token_endpoint import (
    Grant,
    Seconds,
    Word,
    ask_for_tokens,
    post_form,
    read_answer,
    refusal_of,
    tokens_of,
)
from hato.services.oauth.tokens import Client, Tokens

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"

Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_NO_CODES: Final = Text(
    en="{issuer} gives no codes for other devices: authorise in a browser, with --paste where the "
    "browser is elsewhere.",
    ja="{issuer} は別の端末での認可に対応していません。ブラウザーで認可してください"
    "(ブラウザーが別のマシンにあるなら --paste)。",
)
_SAID_NO: Final = Text(
    en="The authorisation was refused at {issuer} ({words}): say yes there.",
    ja="{issuer} で認可が拒否されました({words})。許可してください。",
)
_TOO_LATE: Final = Text(
    en="Nobody entered the code at {issuer} in time: begin anew.",
    ja="時間内に {issuer} でコードが入力されませんでした。初めからやり直してください。",
)
_UNSAFE_PLACE: Final = Text(
    en="{issuer} sends people to an address without encryption, which is not believed.",
    ja="{issuer} が示したアドレスは暗号化されていないため信用できません。",
)


class DeviceCode(msgspec.Struct, frozen=True):
    """What the person needs, and what we ask with."""

    user_code: str
    """To be typed; fit to be shown."""
    place: str
    """Where; fit to be shown."""
    device_code: Secret
    lasts_seconds: int
    interval_seconds: int


class _Given(msgspec.Struct, frozen=True):
    """RFC 8628 §3.2."""

    device_code: Word
    user_code: Word
    expires_in: Seconds
    verification_uri: Word | None = None
    verification_url: Word | None = None
    """What Google and others called it before the standard did."""
    interval: Annotated[int, msgspec.Meta(ge=0)] | None = None


async def ask_for_device_code(issuer: Issuer, client: Client) -> DeviceCode:
    """Begin. Raises IssuerUnfitError, ClientRefusedError, IssuerBusyError."""
    name = issuer.name.en
    if not issuer.device_authorization_endpoint:
        raise NotAuthorisedError(_NO_CODES, issuer=name)
    form = {"scope": " ".join(issuer.scopes)} if issuer.scopes else {}
    answer = await post_form(client, issuer.device_authorization_endpoint, form)
    if answer.status != 200:
        raise _final(refusal_of(answer, name), name)
    given = read_answer(answer, _Given, name)
    place = given.verification_uri or given.verification_url or ""
    if not place.startswith("https://"):
        raise IssuerUnfitError(_UNSAFE_PLACE, issuer=name)
    interval = limits.DEVICE_POLL_SECONDS if given.interval is None else given.interval
    return DeviceCode(
        user_code=shown(given.user_code.encode()),
        place=shown(place.encode()),
        device_code=Secret(given.device_code),
        lasts_seconds=given.expires_in,
        interval_seconds=min(max(interval, 1), limits.DEVICE_POLL_MOST_SECONDS),
    )


async def wait_for_tokens(
    issuer: Issuer,
    client: Client,
    code: DeviceCode,
    clock: Clock,
    *,
    sleep: Sleep = asyncio.sleep,
) -> Tokens:
    """Ask until the person has said yes, or the code is over. See above for errors."""
    name = issuer.name.en
    interval: float = code.interval_seconds
    ends = clock.monotonic() + code.lasts_seconds
    while clock.monotonic() + interval <= ends:
        await sleep(interval)
        try:
            grant = await _ask_once(client, name, code)
        except TokenRefusedError as fault:
            if fault.code == "slow_down":
                interval += limits.DEVICE_POLL_SECONDS
            elif fault.code != "authorization_pending":
                raise _final(fault, name) from fault
        except IssuerBusyError:  # RFC 8628 §3.5: more seldom after each
            interval = min(interval * 2, limits.DEVICE_POLL_MOST_SECONDS)
        else:
            return tokens_of(issuer, client, grant, clock)
    raise NotAuthorisedError(_TOO_LATE, issuer=name)


async def _ask_once(client: Client, name: str, code: DeviceCode) -> Grant:
    return await ask_for_tokens(
        client, name, GRANT_TYPE, device_code=code.device_code.reveal().decode()
    )


def _final(fault: Exception, name: str) -> Exception:
    """Return what an error that ends the waiting means."""
    if not isinstance(fault, TokenRefusedError):
        return fault
    text = _TOO_LATE if fault.code == "expired_token" else _SAID_NO
    return NotAuthorisedError(text, issuer=name, words=fault)
