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

from hato.cli.account.options import json_option, owner_option
from hato.cli.account.owner import Owner, owners
from hato.cli.account.table import print_accounts
from hato.cli.account.words import as_data
from hato.cli.desk import Desk
from hato.cli.refusals import sentence_for
from hato.core.clock import SystemClock
from hato.core.errors import HatoError, NotFoundError
from hato.core.language import Language, Text
from hato.services.fetching.health import State
from hato.services.sources.folders import folder_names
from hato.services.sources.source import Proof, Source, polling_lock
from hato.services.sources.sources import HEALTH_KIND

_NONE: Final = Text(
    en="No mail account is fetched yet: add one with `hato account add ADDRESS`.",
    ja="まだアカウントがありません。`hato account add ADDRESS` で追加してください。",
)
_NO_PASSWORD: Final = Text(
    en="It has no password yet: set one with `hato account password {address}`.",
    ja="まだパスワードがありません。`hato account password {address}` で設定してください。",
)
_NOT_AUTHORISED: Final = Text(
    en="It has not been authorised yet: run `hato account authorise {address}`.",
    ja="まだ認可されていません。`hato account authorise {address}` を実行してください。",
)
_OVERDUE_SECONDS: Final = 120
"""Who is due for so long is looked at by nobody: no server runs."""


@click.command("list", short_help="List the accounts, and how each fares.")
@owner_option
@json_option
@click.pass_obj
def list_accounts(desk: Desk, owner: str | None, *, as_json: bool) -> None:
    """List the mail accounts that are fetched, of everybody or of one person."""

    async def work() -> list[dict[str, Any]]:
        async with desk.store() as store:
            found = await owners(desk, store, owner)
            rows = [row for one in found for row in await _rows(one, desk.language)]
            return sorted(rows, key=_place)

    rows = desk.run(work())
    if as_json:
        desk.print_json(rows)
        return
    if not rows:
        desk.say(_NONE)
        return
    print_accounts(rows, desk.language)


def _place(row: dict[str, Any]) -> tuple[str, str]:
    """Return what the list goes by: the name, then the address."""
    return (row["name"] or row["address"]).casefold(), row["address"]


async def _rows(owner: Owner, language: Language) -> list[dict[str, Any]]:
    """Return somebody's accounts for programs."""
    kept = await owner.account.stored_objects(HEALTH_KIND)
    health = {one.object_id: _data(one.content) for one in kept}
    folders = await folder_names(owner.account)
    rows = []
    for source in await owner.sources.all():
        row = as_data(owner, source, folders, language)
        row["health"] = health.get(source.source_id)
        row["last_poll"] = await owner.account.lock_taken_at(polling_lock(source.source_id))
        row["next_poll"] = _next_poll(source, row["health"], row["last_poll"])
        row["warning"] = await _warning(owner, source, language)
        rows.append(row)
    return rows


def _next_poll(source: Source, health: dict[str, Any] | None, last_poll: int | None) -> int | None:
    """Return about when a server looks again: seconds since 1970 UTC; None: that is not known.

    What fails is tried less and less often, which only the server itself knows.
    """
    is_fine = health is not None and health.get("state") == State.FINE
    if source.is_paused or last_poll is None or not is_fine:
        return None
    due = last_poll + source.poll_seconds
    return due if due + _OVERDUE_SECONDS > SystemClock().now() else None


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
