"""`hato account list`: every mail account that is fetched, and how it fares.

Called as a verb of `hato account`.
Never connects anywhere; never shows a secret.
Standards: none.
Fails with one sentence about the person.
"""

from __future__ import annotations

from typing import Any, Final

import click
import msgspec

from hato.cli.account_options import json_option, owner_option
from hato.cli.account_owner import Owner, owners
from hato.cli.account_words import as_data
from hato.cli.desk import Desk
from hato.cli.refusals import sentence_for
from hato.core.clock import SystemClock
from hato.core.errors import HatoError, NotFoundError
from hato.core.language import Language, Text
from hato.services.sources.folders import folder_names
from hato.services.sources.source import Proof, Source
from hato.services.sources.sources import HEALTH_KIND

_NONE: Final = Text(
    en="No mail account is fetched yet: add one with `hato account add ADDRESS`.",
    ja="まだアカウントがありません。`hato account add ADDRESS` で追加してください。",
)
_HEADING: Final = Text(
    en="ADDRESS\tOWNER\tSERVER\tFOLDER\tSTATE", ja="アドレス\t利用者\tサーバー\tフォルダー\t状態"
)
_PAUSED: Final = Text(en="paused", ja="停止中")
_UNKNOWN: Final = Text(en="not looked at yet", ja="まだ確認していません")
_NO_PASSWORD: Final = Text(
    en="It has no password yet: set one with `hato account password {address}`.",
    ja="まだパスワードがありません。`hato account password {address}` で設定してください。",
)
_NOT_AUTHORISED: Final = Text(
    en="It has not been authorised yet: run `hato account authorise {address}`.",
    ja="まだ認可されていません。`hato account authorise {address}` を実行してください。",
)
_STATES: Final = {
    "fine": Text(en="fine", ja="正常"),
    "busy": Text(en="busy", ja="混雑"),
    "failing": Text(en="failing", ja="失敗"),
    "needs-you": Text(en="needs you", ja="要対応"),
}


@click.command("list", short_help="List the accounts, and how each fares.")
@owner_option
@json_option
@click.pass_obj
def list_accounts(desk: Desk, owner: str | None, *, as_json: bool) -> None:
    """List the mail accounts that are fetched, of everybody or of one person."""

    async def work() -> list[dict[str, Any]]:
        async with desk.store() as store:
            found = await owners(desk, store, owner)
            return [row for one in found for row in await _rows(one, desk.language)]

    rows = desk.run(work())
    if as_json:
        desk.print_json(rows)
        return
    if not rows:
        desk.say(_NONE)
        return
    desk.print_heading(_HEADING)
    for row in rows:
        _print(desk, row)


async def _rows(owner: Owner, language: Language) -> list[dict[str, Any]]:
    """Return somebody's accounts for programs."""
    kept = await owner.account.stored_objects(HEALTH_KIND)
    health = {one.object_id: _data(one.content) for one in kept}
    folders = await folder_names(owner.account)
    rows = []
    for source in await owner.sources.all():
        row = as_data(owner, source, folders, language)
        row["health"] = health.get(source.source_id)
        row["warning"] = await _warning(owner, source, language)
        rows.append(row)
    return rows


async def _warning(owner: Owner, source: Source, language: Language) -> str:
    """Say in time that an authorisation will end, or that a secret cannot be opened."""
    try:
        secret = await owner.sources.secret(source)
        if source.proof is Proof.PASSWORD:
            return ""
        from hato.services.oauth.expiry import expiry_warning
        from hato.services.oauth.tokens import read_tokens

        text = expiry_warning(read_tokens(secret), source.address, SystemClock().now())
    except NotFoundError:
        text = _NOT_AUTHORISED if source.proof is Proof.OAUTH2 else _NO_PASSWORD
        return text.in_language(language, address=source.address)
    except HatoError as fault:
        return sentence_for(fault, language)
    return text.in_language(language) if text is not None else ""


def _data(content: bytes) -> dict[str, Any] | None:
    """Read what the fetching service noted; None where it cannot be read."""
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _print(desk: Desk, row: dict[str, Any]) -> None:
    """Print one account, and what is wrong with it on a line of its own."""
    health = row["health"] or {}
    state = _STATES.get(health.get("state", ""), _UNKNOWN)
    shown = (_PAUSED if row["is_paused"] else state).in_language(desk.language)
    server = f"{row['protocol']}://{row['host']}:{row['port']}"
    click.echo("\t".join((row["address"], row["owner"], server, row["folder"], shown)))
    for text in (health.get(desk.language.value), row["warning"]):
        if text:
            click.echo(f"    {text}")
