"""`hato import NAME maildir | mbox | eml PATH`.

Called by `cli.program`.
Never brings a message in twice, however often it is run or interrupted.
Standards: none; the readers cite theirs.
Fails with exit status 1 where a message could not be brought in; it names each.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Final

import click

from hato.cli.desk import Desk
from hato.cli.moving.foreign_files import place_of
from hato.cli.moving.import_sources import read_eml, read_maildir, read_mbox
from hato.core.clock import SystemClock
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.importing import Failure, ForeignMessage, Import, Tally
from hato.services.names import readable
from hato.store.api import Store
from hato.store.directory import Person

_READERS: Final[dict[str, Callable[[Path], Iterable[ForeignMessage]]]] = {
    "maildir": read_maildir,
    "mbox": read_mbox,
    "eml": read_eml,
}
_NO_PATH: Final = Text(
    en="There is nothing at {path}: check the path.", ja="{path} には何もありません。"
)
_NOT_MAILDIR: Final = Text(
    en="{path} is no Maildir: it has no folder `cur`.",
    ja="{path} は Maildir ではありません(cur フォルダーがありません)。",
)
_PROGRESS: Final = Text(
    en="{done} of {total}: {new} new, {known} there already, {skipped} empty, {failed} failed",
    ja="{total} 中 {done}: 新規 {new}、既存 {known}、空 {skipped}、失敗 {failed}",
)
_DONE: Final = Text(
    en="{new} new, {known} there already, {skipped} empty, {failed} failed; {octets} "
    "{octets:octet|octets}.",
    ja="新規 {new} 通、既存 {known} 通、空 {skipped} 通、失敗 {failed} 通、{octets} オクテット。",
)
_INTERRUPTED: Final = Text(
    en="Interrupted: {new} new, {known} there already, {skipped} empty, {failed} failed so far. "
    "Run it again to go on: nothing comes in twice.",
    ja="中断しました。ここまで新規 {new} 通、既存 {known} 通、空 {skipped} 通、失敗 {failed} 通。"
    "もう一度実行すると続きから取り込みます。二重にはなりません。",
)
_WOULD_SO_FAR: Final = Text(
    en="Interrupted: {new} would be new, {known} {known:is|are} there already, {skipped} "
    "{skipped:is|are} empty, {failed} cannot be read so far. Nothing was changed.",
    ja="中断しました。ここまで新規になるもの {new} 通、既存 {known} 通、空 {skipped} 通、"
    "読めないもの {failed} 通。何も変えていません。",
)
_WOULD: Final = Text(
    en="{new} would be new ({octets} {octets:octet|octets}), {known} {known:is|are} there already, "
    "{skipped} {skipped:is|are} empty, "
    "{failed} cannot be read. Nothing was changed.",
    ja="新規になるもの {new} 通({octets} オクテット)、既存 {known} 通、空 {skipped} 通、"
    "読めないもの {failed} 通。何も変えていません。",
)
_SKIPPED: Final = Text(
    en="{key}: skipped, because it is empty.", ja="{key}: 空なので取り込みません。"
)
_WILL_EXPIRE: Final = Text(
    en="{name} wants mail deleted from INBOX after {days} {days:day|days}: {count} of these "
    "{count:is|are} older than that, and {count:goes|go} at the next POP3 login; "
    "say `hato user set {name} --expire-days 0` first to keep {count:it|them}.",
    ja="{name} の設定では INBOX のメールは {days} 日で消えます。このうち {count} 通はそれより古く、"
    "次の POP3 ログインで消えます。残すには先に "
    "`hato user set {name} --expire-days 0` を実行してください。",
)
_FAILED: Final = Text(en="{key}: {reason}", ja="{key}: {reason}")
_SHOWN_EVERY: Final = 20
_DAY_SECONDS: Final = 86_400


@click.command("import", short_help="Bring in mail from a Maildir, an mbox or files.")
@click.argument("name")
@click.argument("kind", type=click.Choice(list(_READERS)))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be done; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def import_mail(
    desk: Desk, name: str, kind: str, path: Path, *, dry_run: bool, as_json: bool
) -> int:
    """Bring the messages at PATH into the mailbox of NAME: dates, flags and folders too.

    May be interrupted and run again: what is there already is passed over.
    """
    if not os.path.lexists(path):
        raise InvalidInputError(_NO_PATH, path=path)
    path = place_of(path)
    if kind == "maildir" and not (path / "cur").is_dir():
        raise InvalidInputError(_NOT_MAILDIR, path=path)
    tally, bringing = desk.run(_import(desk, name, kind, path, dry_run=dry_run))
    if as_json:
        rows = [{"key": failure.key, "reason": failure.reason} for failure in bringing.failures]
        found = {"failures": rows, "skipped_keys": bringing.skipped}
        desk.print_json(tally._asdict() | found)
    else:
        for key in bringing.skipped:
            desk.say_aside(_SKIPPED, key=key)
        for failure in bringing.failures:
            desk.say_aside(_FAILED, key=failure.key, reason=_reason(failure, desk))
        desk.say(_WOULD if dry_run else _DONE, **tally._asdict())
    return 1 if bringing.failures else 0


def _reason(failure: Failure, desk: Desk) -> str:
    """Say why a message is not there, in the person's language where there are words."""
    fault = failure.fault
    if isinstance(fault, InvalidInputError):
        return fault.in_language(desk.language)
    return failure.reason


async def _import(
    desk: Desk, name: str, kind: str, path: Path, *, dry_run: bool
) -> tuple[Tally, Import]:
    """Bring everything in, or only say what would be."""
    messages: list[ForeignMessage] = []
    for message in _READERS[kind](path):
        messages.append(message)
        await asyncio.sleep(0)  # Ctrl-C is heard where somebody waits
    async with desk.store() as store:
        person = await desk.ways.accounts(store, desk.settings).person(name)
        _warn_of_expiry(desk, person, messages)
        bringing = await _importer(desk, store, person, f"import:{kind}:{path}")
        if dry_run:
            tallies = bringing.foresee(messages)
            return await _follow(desk, tallies, len(messages), _WOULD_SO_FAR), bringing
        await bringing.begin()
        try:
            tallies = bringing.run(messages)
            return await _follow(desk, tallies, len(messages), _INTERRUPTED), bringing
        finally:
            await bringing.end()


def _warn_of_expiry(desk: Desk, person: Person, messages: list[ForeignMessage]) -> None:
    """Say in time what the person's own rule will delete at once."""
    if not person.expire_days:
        return
    limit = SystemClock().now() - person.expire_days * _DAY_SECONDS
    count = sum(not message.folder and message.received < limit for message in messages)
    if count:
        desk.say_aside(
            _WILL_EXPIRE, name=readable(person.name), days=person.expire_days, count=count
        )


async def _importer(desk: Desk, store: Store, person: Person, source: str) -> Import:
    """Make ready to bring mail in for somebody."""
    account = await store.account(person.account_id)
    return Import(account, desk.ways.delivery(store, desk.settings), SystemClock(), source)


async def _follow(
    desk: Desk, tallies: AsyncIterator[Tally], total: int, interrupted: Text
) -> Tally:
    """Return the last tally; show how far it is where somebody looks."""
    is_watched = sys.stderr.isatty()
    tally, done = Tally(0, 0, 0, 0), 0
    try:
        async for tally in tallies:
            done += 1
            if is_watched and (done % _SHOWN_EVERY == 0 or done == total):
                _show(desk, tally, done, total)
    except asyncio.CancelledError:  # Ctrl-C, in the words of the event loop
        if is_watched:
            click.echo(err=True)
        desk.say_aside(interrupted, **tally._asdict())
        raise
    return tally


def _show(desk: Desk, tally: Tally, done: int, total: int) -> None:
    """Write over the last line of progress."""
    text = _PROGRESS.in_language(desk.language, done=done, total=total, **tally._asdict())
    click.echo(f"\r{text}\x1b[K", err=True, nl=done == total)
