"""The way from a question to tokens: in a browser here, in one elsewhere, on another device.

Called by `hato account authorise`, and by whatever verb needs an authorisation.
Never shows a code, a token or a client's secret; never waits for ever.
Standards: RFC 8252 §7.3 and §8.3, RFC 8628 §3.3.
Fails as services.oauth does, and with NotAuthorisedError when time is up.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import webbrowser
from enum import StrEnum
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click
import msgspec

from hato.cli.account.redirect_page import DONE, REFUSED, page
from hato.cli.desk import Desk
from hato.core.clock import SystemClock
from hato.core.language import Text

if TYPE_CHECKING:
    from hato.services.oauth.authorisation_code import Question
    from hato.services.oauth.issuer import Issuer
    from hato.services.oauth.tokens import Client, Tokens

_PORTS: Final = range(49_152, 65_536)
"""What nobody else is registered for; where a browser elsewhere is sent, nobody should listen."""

_OPEN: Final = Text(
    en="Open this address in a browser on this machine, and say yes there as {address} (if the "
    "browser is on another machine, stop with Ctrl-C and use --paste):",
    ja="このマシンのブラウザーで次のアドレスを開き、{address} として許可してください"
    "(ブラウザーが別のマシンにあるなら、Ctrl-C で止めて --paste を使います):",
)
_OPENED: Final = Text(
    en="A browser opens with it. Waiting for your answer, {minutes} "
    "{minutes:minute|minutes} at most.",
    ja="ブラウザーで開きます。答えを待っています(最長 {minutes} 分)。",
)
_WAITING: Final = Text(
    en="Waiting for your answer, {minutes} {minutes:minute|minutes} at most.",
    ja="答えを待っています(最長 {minutes} 分)。",
)
_PASTE: Final = Text(
    en="Open this address in any browser, and say yes there as {address}. The browser then goes to "
    "an address that begins with {redirect} and shows an error: copy that address from its address "
    "bar, and paste it here.",
    ja="ブラウザーで次のアドレスを開き、{address} として許可してください。その後ブラウザーは "
    "{redirect} で始まるアドレスへ進みエラーを表示します。"
    "アドレスバーのそのアドレスをコピーし、ここに貼り付けてください。",
)
_PASTE_HERE: Final = Text(en="Address: ", ja="アドレス: ")
_TYPE: Final = Text(
    en="Open {place} on any device, type the code {code} there, and say yes as {address}. "
    "Waiting, {minutes} {minutes:minute|minutes} at most.",
    ja="どの端末でもよいので {place} を開き、コード {code} を入力して "
    "{address} として許可してください。最長 {minutes} 分待ちます。",
)
_NOBODY_CAME: Final = Text(
    en="No answer came within {minutes} {minutes:minute|minutes}: begin anew.",
    ja="{minutes} 分以内に答えがありませんでした。初めからやり直してください。",
)


class Way(StrEnum):
    """How the person is asked."""

    BROWSER = "browser"
    """On this machine; the answer comes by itself."""
    PASTE = "paste"
    """On any machine; she pastes the answer here."""
    DEVICE = "device"
    """On any machine; she types a code there."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one person."""

    issuer: Issuer
    client: Client
    address: str
    way: Way
    may_open_browser: bool
    wait_seconds: float

    @property
    def minutes(self) -> int:
        """How long is waited, for the person."""
        return max(1, round(self.wait_seconds / 60))

    def redirect_uri(self, port: int) -> str:
        """Return where the browser is sent."""
        parts = urlsplit(self.issuer.redirect)
        return f"{parts.scheme}://{parts.hostname}:{port}{parts.path}"

    def question(self, redirect_uri: str) -> Question:
        """Draw the secrets of one question."""
        from hato.services.oauth.authorisation_code import Question

        return Question(self.issuer, self.client, self.address, redirect_uri)


def ask_person(desk: Desk, asking: Asking) -> Tokens:
    """Ask, wait for the answer and return what it brought; see above for errors."""
    match asking.way:
        case Way.PASTE:
            return _by_pasting(desk, asking)
        case Way.DEVICE:
            return desk.run(_by_device(desk, asking))
        case Way.BROWSER:
            return desk.run(_in_browser(desk, asking))


async def _in_browser(desk: Desk, asking: Asking) -> Tokens:
    """Send a browser of this machine there, and wait for it on loopback."""
    from hato.net.loopback_redirect import LoopbackRedirect, Reply
    from hato.services.oauth.errors import NotAuthorisedError

    answers: list[str] = []

    def judge(query: str) -> Reply:
        if not question.is_answered_by(query):
            return Reply(400, page(REFUSED, desk.language))
        answers.append(query)
        return Reply(200, page(DONE, desk.language), is_last=True)

    path = urlsplit(asking.issuer.redirect).path or "/"
    redirect = LoopbackRedirect(path, judge, page(REFUSED, desk.language))
    async with redirect.listening() as port:
        question = asking.question(asking.redirect_uri(port))
        url = question.url()
        desk.say_aside(_OPEN, address=asking.address)
        click.echo(url)
        opens = asking.may_open_browser and _has_browser()
        if opens:  # apart from us: some are waited for until their window is closed
            Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        desk.say_aside(_OPENED if opens else _WAITING, minutes=asking.minutes)
        try:
            async with asyncio.timeout(asking.wait_seconds):
                await redirect.wait()
        except TimeoutError:
            raise NotAuthorisedError(_NOBODY_CAME, minutes=asking.minutes) from None
    return await question.redeem(question.code_in(answers[0]), SystemClock())


def _has_browser() -> bool:
    """Tell whether a window can open before the eyes of the person who types here."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _by_pasting(desk: Desk, asking: Asking) -> Tokens:
    """Let the person carry the answer home; nobody listens, and the loop does not run meanwhile."""
    from hato.services.oauth.authorisation_code import query_of

    redirect_uri = asking.redirect_uri(secrets.choice(_PORTS))
    question = asking.question(redirect_uri)
    desk.say_aside(_PASTE, address=asking.address, redirect=redirect_uri)
    click.echo(question.url())
    click.echo(_PASTE_HERE.in_language(desk.language), err=True, nl=False)
    code = question.code_in(query_of(sys.stdin.readline()))
    return desk.run(question.redeem(code, SystemClock()))


async def _by_device(desk: Desk, asking: Asking) -> Tokens:
    """Show a code, and ask the issuer until it was typed."""
    from hato.services.oauth.device_code import ask_for_device_code, wait_for_tokens
    from hato.services.oauth.errors import NotAuthorisedError

    code = await ask_for_device_code(asking.issuer, asking.client)
    wait_seconds = min(asking.wait_seconds, code.lasts_seconds)
    minutes = max(1, round(wait_seconds / 60))
    desk.say_aside(
        _TYPE, place=code.place, code=code.user_code, address=asking.address, minutes=minutes
    )
    try:
        async with asyncio.timeout(wait_seconds):
            return await wait_for_tokens(asking.issuer, asking.client, code, SystemClock())
    except TimeoutError:
        raise NotAuthorisedError(_NOBODY_CAME, minutes=minutes) from None
