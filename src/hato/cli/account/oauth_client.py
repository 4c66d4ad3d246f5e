"""Which client asks an issuer: the one that the person registered there.

Called by `hato account authorise`.
Never takes a client's secret from the command's words, never shows one.
Standards: RFC 6749 §2.1 and §2.2 (clients, with a secret and without).
Fails with InvalidInputError where nobody can be asked, having said how to get a client.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Final

import click

from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret

if TYPE_CHECKING:
    from hato.services.oauth.issuer import Issuer
    from hato.services.oauth.issuer_table import Row
    from hato.services.oauth.tokens import Client, Tokens

_HOW: Final = Text(
    en="{issuer} wants to know which program asks. You register one of your own there, once:",
    ja="{issuer} には、どのプログラムからの要求かを示す必要があります。"
    "一度だけ自分のクライアントを登録してください:",
)
_HOW_ELSEWHERE: Final = Text(
    en="{issuer} wants to know which program asks: its operator registers a native (public) client "
    "with the redirect address {redirect}, on any port.",
    ja="{issuer} には、どのプログラムからの要求かを示す必要があります。管理者に、リダイレクト先 "
    "{redirect}(ポートは任意)のネイティブ(公開)クライアントを登録してもらってください。",
)
_STEP: Final = Text(en="  {number}. {step}", ja="  {number}. {step}")
_ASK_ID: Final = Text(en="Client id: ", ja="クライアント ID: ")
_ASK_SECRET: Final = Text(
    en="Client secret (not shown): ", ja="クライアント シークレット(表示されません): "
)
_ASK_SECRET_IF_ANY: Final = Text(
    en="Client secret (not shown; empty if there is none): ",
    ja="クライアント シークレット(表示されません。なければ空): ",
)
_NO_ID: Final = Text(
    en="Say which client asks with --client-id ID.",
    ja="--client-id ID でクライアントを指定してください。",
)
_NO_SECRET: Final = Text(
    en="{issuer} wants the client's secret too: give it on standard input with "
    "--client-secret-stdin.",
    ja="{issuer} にはクライアント シークレットも必要です。"
    "--client-secret-stdin を付けて標準入力で渡してください。",
)


def take_client(
    desk: Desk,
    issuer: Issuer,
    row: Row | None,
    *,
    client_id: str,
    is_secret_piped: bool,
    ca_file: str,
    known: Tokens | None,
) -> Client:
    """Return who asks: as it was said, as it is known, or as the person types it now.

    Raises InvalidInputError.
    """
    from hato.services.oauth.token_endpoint import client_of

    before = known.client if known is not None and known.issuer == issuer.issuer else None
    name = client_id or (before.client_id if before is not None else "")
    is_asked = not name
    if is_asked:
        name = _ask_for_id(desk, issuer, row)
    if is_secret_piped:
        secret = _read_secret_line()
    elif before is not None and before.client_id == name:
        secret = before.client_secret
    else:
        secret = _ask_for_secret(desk, issuer, may_have_one=is_asked and row is None)
    return client_of(issuer, name, secret, ca_file)


def _read_secret_line() -> Secret:
    """Return a line of standard input."""
    return Secret(sys.stdin.buffer.readline().removesuffix(b"\n").removesuffix(b"\r"))


def _ask_for_id(desk: Desk, issuer: Issuer, row: Row | None) -> str:
    """Say how a client is got, and ask for its id. Raises InvalidInputError."""
    if row is None:
        desk.say_aside(_HOW_ELSEWHERE, issuer=issuer.name, redirect=issuer.redirect)
    else:
        desk.say_aside(_HOW, issuer=issuer.name)
        for number, step in enumerate(row.steps, 1):
            desk.say_aside(_STEP, number=number, step=step.text())
    if not sys.stdin.isatty():
        raise InvalidInputError(_NO_ID)
    click.echo(_ASK_ID.in_language(desk.language), err=True, nl=False)
    typed = sys.stdin.readline().strip()
    if not typed:
        raise InvalidInputError(_NO_ID)
    return typed


def _ask_for_secret(desk: Desk, issuer: Issuer, *, may_have_one: bool) -> Secret:
    """Return the client's secret, where one is needed or may be. Raises InvalidInputError."""
    if not issuer.needs_secret and not may_have_one:
        return Secret(b"")
    question = _ASK_SECRET if issuer.needs_secret else _ASK_SECRET_IF_ANY
    secret = Secret(b"")
    if sys.stdin.isatty():
        secret = Secret(getpass.getpass(question.in_language(desk.language)).strip())
    if issuer.needs_secret and not secret:
        raise InvalidInputError(_NO_SECRET, issuer=issuer.name)
    return secret
