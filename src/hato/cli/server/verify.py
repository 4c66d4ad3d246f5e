"""`hato verify`: is everything that was stored still what it was?

Called by `cli.program`.
Never changes anything without --repair; with it, indexes only: the journal is the truth.
Standards: none.
Fails with exit status 1 where something is damaged, lost, differs, or could not be checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.refusals import sentence_for
from hato.core.errors import DamagedError, HatoError, NotFoundError
from hato.core.ids import AccountId
from hato.core.language import Language, Text
from hato.store.model import VerifyReport

_FINE: Final = Text(
    en="{emails} {emails:message|messages}, {octets} {octets:octet|octets} in {accounts} "
    "{accounts:account|accounts}: every checksum is right.",
    ja="{accounts} 個のアカウント、{emails} 通、{octets} オクテット: すべて正しく読めました。",
)
_DAMAGED: Final = Text(
    en="{name}: message {email} is damaged and is not served.",
    ja="{name}: メッセージ {email} は壊れているため表示されません。",
)
_DIFFERS: Final = Text(en="{name}: {difference}", ja="{name}: {difference}")
_REPAIRED: Final = Text(
    en="{name}: the index was rebuilt from the journal; a search index, by the next search.",
    ja="{name}: 索引をジャーナルから作り直しました。検索用の索引は次の検索で作り直します。",
)
_LOST: Final = Text(
    en="{name}: on {day} the journal was found to have lost its end, although it had been safe: "
    "{steps} {steps:step|steps}, {emails} {emails:message|messages}. New mail has numbers above "
    "those. Look for the messages in a backup; then acknowledge with --repair.",
    ja="{name}: {day} に、保存済みだったジャーナルの末尾が失われていると分かりました"
    "({steps} 件の操作、{emails} 通)。新しいメールの番号は重なりません。"
    "バックアップを確かめてから --repair で確認済みにしてください。",
)
_ACKNOWLEDGED: Final = Text(
    en="{name}: the loss is acknowledged and will not be told again.",
    ja="{name}: 損失を確認済みにしました。今後は表示しません。",
)
_ACCOUNT_DAMAGED: Final = Text(
    en="{name}: account {account} is damaged ({reason}): restore its folder from a backup.",
    ja="{name}: アカウント {account} は壊れています({reason})。"
    "フォルダをバックアップから戻してください。",
)
_ACCOUNT_GONE: Final = Text(
    en="{name}: account {account} is not there: restore its folder from a backup.",
    ja="{name}: アカウント {account} がありません。フォルダをバックアップから戻してください。",
)
_NOT_CHECKED: Final = Text(
    en="{name}: account {account} could not be checked. {sentence}",
    ja="{name}: アカウント {account} を確かめられませんでした。{sentence}",
)


class Finding(msgspec.Struct, frozen=True):
    """What came of one account: a report, or why there is none."""

    name: str
    """Of the person; of an account that is nobody's, its id."""
    account: AccountId
    report: VerifyReport | None = None
    refusal: str = ""
    """A sentence."""

    def is_bad(self, *, repair: bool) -> bool:
        """Tell whether the operator must do something."""
        report = self.report
        if report is None or report.damaged:
            return True
        return bool(report.differences or report.losses) and not repair


@click.command(short_help="Check every stored octet, and the indexes.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--repair", is_flag=True, help="Rebuild indexes that differ from their journal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def verify(desk: Desk, names: tuple[str, ...], *, repair: bool, as_json: bool) -> int:
    """Check the mail of everybody, or of NAME; may run while Hato serves."""

    async def work() -> list[Finding]:
        return [found async for found in _verify(desk, names, repair=repair)]

    findings = desk.run(work())
    if as_json:
        desk.print_json(findings)
    else:
        _print(desk, findings, repair=repair)
    return 1 if any(found.is_bad(repair=repair) for found in findings) else 0


async def _verify(desk: Desk, names: tuple[str, ...], *, repair: bool) -> AsyncIterator[Finding]:
    """Yield what was found in each account: of everybody, and those that are nobody's."""
    async with desk.store() as store:
        accounts = desk.ways.accounts(store, desk.settings)
        people = [await accounts.person(name) for name in names] or await accounts.people()
        owners = {person.account_id: person.name for person in people}
        ids = list(owners) if names else sorted({*owners, *await store.account_ids()})
        for account_id in ids:
            name = owners.get(account_id, account_id)
            try:
                account = await store.account(account_id)
                report = await account.verify(repair=repair)
            except NotFoundError:
                if account_id in {person.account_id for person in await accounts.people()}:
                    gone = _ACCOUNT_GONE.in_language(desk.language, name=name, account=account_id)
                    yield Finding(name, account_id, refusal=gone)
            except HatoError as fault:
                refusal = _refusal_of(fault, name, account_id, desk.language)
                yield Finding(name, account_id, refusal=refusal)
            else:
                yield Finding(name, account_id, report)


def _refusal_of(fault: HatoError, name: str, account_id: AccountId, language: Language) -> str:
    """Return the sentence about an account that could not be checked."""
    if isinstance(fault, DamagedError):
        return _ACCOUNT_DAMAGED.in_language(language, name=name, account=account_id, reason=fault)
    sentence = sentence_for(fault, language)
    return _NOT_CHECKED.in_language(language, name=name, account=account_id, sentence=sentence)


def _print(desk: Desk, findings: list[Finding], *, repair: bool) -> None:
    """Tell what was found, in sentences."""
    reports = [found.report for found in findings if found.report is not None]
    for found in findings:
        if found.report is None:
            click.echo(found.refusal)
        else:
            _print_report(desk, found.name, found.report, repair=repair)
    if len(reports) == len(findings) and not any(
        report.damaged or report.differences or report.losses for report in reports
    ):
        desk.say(
            _FINE,
            emails=sum(report.emails for report in reports),
            octets=sum(report.octets for report in reports),
            accounts=len(reports),
        )


def _print_report(desk: Desk, name: str, report: VerifyReport, *, repair: bool) -> None:
    for email in report.damaged:
        desk.say(_DAMAGED, name=name, email=email)
    for difference in report.differences:
        desk.say(_DIFFERS, name=name, difference=difference)
    for loss in report.losses:
        day = datetime.fromtimestamp(loss.at).astimezone().date().isoformat()
        desk.say(_LOST, name=name, day=day, steps=loss.steps, emails=loss.emails)
    if repair and report.differences:
        desk.say(_REPAIRED, name=name)
    if repair and report.losses:
        desk.say(_ACKNOWLEDGED, name=name)
