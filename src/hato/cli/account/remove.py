"""`hato account remove`: fetch an account no longer, and say what becomes of its mail.

Called as a verb of `hato account`.
Never touches anything at the provider; never removes mail without --yes or an answer.
Standards: none.
Fails with one sentence about the account.
"""

from __future__ import annotations

import sys
from typing import Final

import click

from hato.cli.account.options import json_option, owner_option
from hato.cli.account.owner import the_source
from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.sources.removal import count_mail_of
from hato.services.sources.source import Source

_REMOVED: Final = Text(
    en="{address} is fetched no longer; its {count} {count:message stays|messages stay} "
    "here with its log (`hato account log {address}`), and nothing changes at the provider.",
    ja="{address} の受信をやめました。受信した {count} 通と記録はここに残ります"
    "(`hato account log {address}`)。プロバイダー側は何も変わりません。",
)
_REMOVED_WITH_MAIL: Final = Text(
    en="{address} is fetched no longer, and its {count} {count:message was|messages were} "
    "deleted here (for a while `hato undelete` can bring {count:it|them} back), its log too; "
    "nothing changes at the provider.",
    ja="{address} の受信をやめ、{count} 通と記録をここから削除しました"
    "(しばらくは `hato undelete` で戻せます)。プロバイダー側は何も変わりません。",
)
_SURE: Final = Text(
    en="Delete the {count} {count:message|messages} of {address} that {count:is|are} here? [y/N] ",
    ja="ここにある {address} の {count} 通を削除しますか? [y/N] ",
)
_KEPT: Final = Text(en="Nothing was removed.", ja="何も消していません。")
_SAY_YES: Final = Text(
    en="Nothing was removed: say --yes where nobody can be asked.",
    ja="何も消していません。確認できない場合は --yes を付けてください。",
)


@click.command(short_help="Fetch an account no longer.")
@click.argument("address")
@owner_option
@click.option(
    "--keep-mail/--remove-mail",
    default=True,
    help="Whether the mail that was fetched stays here (usual).",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def remove(
    desk: Desk, address: str, owner: str | None, *, keep_mail: bool, yes: bool, as_json: bool
) -> None:
    """Fetch ADDRESS no longer: its settings and its password go.

    What was fetched stays here with its log, unless you say otherwise. Nothing changes at the
    provider.
    """
    source, count = desk.run(_find(desk, address, owner))
    if not keep_mail and not yes:
        _make_sure(desk, source, count)

    async def work() -> tuple[int, int]:
        async with desk.store() as store:
            found, _ = await the_source(desk, store, source.source_id, owner)
            removed = await found.sources.remove(source.source_id, keep_mail=keep_mail)
            # Only now: a poll that was under way has ended, and what it brought is here.
            return removed, await count_mail_of(found.account, source.source_id)

    removed, kept = desk.run(work())
    if as_json:
        desk.print_json({"address": source.address, "removed_mail": removed, "kept_mail": kept})
    elif keep_mail:
        desk.say(_REMOVED, address=source.address, count=kept)
    else:
        desk.say(_REMOVED_WITH_MAIL, address=source.address, count=removed)


async def _find(desk: Desk, address: str, owner: str | None) -> tuple[Source, int]:
    """Return the account and how many messages of it are here."""
    async with desk.store() as store:
        found, source = await the_source(desk, store, address, owner)
        return source, await count_mail_of(found.account, source.source_id)


def _make_sure(desk: Desk, source: Source, count: int) -> None:
    """Ask, where somebody can answer. Raises InvalidInputError for anything but yes."""
    if not sys.stdin.isatty():
        raise InvalidInputError(_SAY_YES)
    question = _SURE.in_language(desk.language, address=source.address, count=count)
    click.echo(question, err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in {"y", "yes", "はい"}:
        raise InvalidInputError(_KEPT)
