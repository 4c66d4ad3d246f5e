"""`hato verify`: is everything that was stored still what it was?

Called by `cli.program`.
Never changes anything without --repair; with it, indexes only: the journal is the truth.
Standards: none.
Fails with exit status 1 where something is damaged or differs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import click

from hato.cli.desk import Desk
from hato.core.language import Text
from hato.store.model import VerifyReport

_FINE: Final = Text(
    en="{emails} messages, {octets} octets in {accounts} accounts: every checksum is right.",
    ja="{accounts} 個のアカウント、{emails} 通、{octets} オクテット: すべて正しく読めました。",
)
_DAMAGED: Final = Text(
    en="{name}: message {email} is damaged and is not served.",
    ja="{name}: メッセージ {email} は壊れているため表示されません。",
)
_DIFFERS: Final = Text(en="{name}: {difference}", ja="{name}: {difference}")
_REPAIRED: Final = Text(
    en="{name}: the index was rebuilt from the journal.",
    ja="{name}: 索引をジャーナルから作り直しました。",
)


@click.command(short_help="Check every stored octet, and the indexes.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--repair", is_flag=True, help="Rebuild indexes that differ from their journal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def verify(desk: Desk, names: tuple[str, ...], *, repair: bool, as_json: bool) -> int:
    """Check the mail of everybody, or of NAME; may run while Hato serves."""

    async def work() -> list[tuple[str, VerifyReport]]:
        return [found async for found in _verify(desk, names, repair=repair)]

    reports = desk.run(work())
    if as_json:
        desk.print_json([{"name": name, "report": report} for name, report in reports])
    else:
        _print(desk, reports, repair=repair)
    bad = any(report.damaged or (report.differences and not repair) for _, report in reports)
    return 1 if bad else 0


async def _verify(
    desk: Desk, names: tuple[str, ...], *, repair: bool
) -> AsyncIterator[tuple[str, VerifyReport]]:
    """Yield a report for each account, also of those that are nobody's."""
    async with desk.store() as store:
        accounts = desk.ways.accounts(store, desk.settings)
        people = [await accounts.person(name) for name in names] or await accounts.people()
        owners = {person.account_id: person.name for person in people}
        ids = list(owners) if names else await store.account_ids()
        for account_id in ids:
            account = await store.account(account_id)
            yield owners.get(account_id, account_id), await account.verify(repair=repair)


def _print(desk: Desk, reports: list[tuple[str, VerifyReport]], *, repair: bool) -> None:
    """Tell what was found, in sentences."""
    for name, report in reports:
        for email in report.damaged:
            desk.say(_DAMAGED, name=name, email=email)
        for difference in report.differences:
            desk.say(_DIFFERS, name=name, difference=difference)
        if repair and report.differences:
            desk.say(_REPAIRED, name=name)
    if not any(report.damaged or report.differences for _, report in reports):
        desk.say(
            _FINE,
            emails=sum(report.emails for _, report in reports),
            octets=sum(report.octets for _, report in reports),
            accounts=len(reports),
        )
