"""`hato user purge`: the mail that removed people left.

Called by `cli.user`.
Never removes mail of somebody who is still there; never without --yes or an answer.
Standards: none.
Fails with one sentence about the account.
"""

from __future__ import annotations

import sys
from typing import Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.core.ids import AccountId
from hato.core.language import Text
from hato.store.api import Store

_PURGED: Final = Text(
    en="The mail of {account} is gone for good.", ja="{account} のメールを完全に消しました。"
)
_NOTHING_LEFT: Final = Text(
    en="No removed person left any mail.", ja="削除した人が残したメールはありません。"
)
_SURE: Final = Text(
    en="Remove {count} {count:message|messages} of {account} for good? [y/N] ",
    ja="{account} の {count} 通を完全に消しますか? [y/N] ",
)
_KEPT: Final = Text(en="Nothing was removed.", ja="何も消していません。")
_SAY_YES: Final = Text(
    en="Nothing was removed: say --yes where nobody can be asked.",
    ja="何も消していません。確認できない場合は --yes を付けてください。",
)
_HEADING: Final = Text(en="ACCOUNT\tMESSAGES\tOCTETS", ja="アカウント\tメール数\tオクテット")


class _Left(msgspec.Struct, frozen=True):
    """Mail that is nobody's."""

    account: str
    messages: int
    octets: int


@click.command()
@click.argument("account", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def purge(desk: Desk, account: str | None, *, yes: bool, as_json: bool) -> None:
    """List the mail that removed people left, or remove that of ACCOUNT for good."""
    if account is None:
        _list(desk, as_json=as_json)
        return
    if not yes:
        _make_sure(desk, account)

    async def work() -> None:
        async with desk.accounts() as accounts:
            await accounts.remove_left_mail(account)

    desk.run(work())
    if as_json:
        desk.print_json({"purged": account})
    else:
        desk.say(_PURGED, account=account)


def _list(desk: Desk, *, as_json: bool) -> None:
    """Print what is nobody's."""

    async def work() -> list[_Left]:
        async with desk.store() as store:
            accounts = desk.ways.accounts(store, desk.settings)
            return [await _left(store, one) for one in await accounts.left_accounts()]

    left = desk.run(work())
    if as_json:
        desk.print_json(left)
    elif not left:
        desk.say(_NOTHING_LEFT)
    else:
        desk.print_heading(_HEADING)
        for one in left:
            click.echo(f"{one.account}\t{one.messages}\t{one.octets}")


async def _left(store: Store, account_id: AccountId) -> _Left:
    usage = await (await store.account(account_id)).usage()
    return _Left(account_id, usage.used_count, usage.used_octets)


def _make_sure(desk: Desk, account: str) -> None:
    """Ask, where somebody can answer. Raises InvalidInputError for anything but yes.

    The data folder is closed before: whoever is asked may take her time, or press Ctrl-C.
    """

    async def work() -> _Left:
        async with desk.store() as store:
            accounts = desk.ways.accounts(store, desk.settings)
            return await _left(store, await accounts.left_account(account))

    left = desk.run(work())
    if not sys.stdin.isatty():
        raise InvalidInputError(_SAY_YES)
    question = _SURE.in_language(desk.language, account=left.account, count=left.messages)
    click.echo(question, err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in {"y", "yes", "はい"}:
        raise InvalidInputError(_KEPT)
