"""`hato user add | list | password | set | rename | enable | disable | remove`.

Called by `cli.program`.
Never shows a password or what is kept of it.
Standards: none.
Fails with one sentence about the person.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.people.user_purge import purge
from hato.cli.terminal.passwords import take_password
from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.language import Language, Text
from hato.services.names import readable
from hato.store.api import Store
from hato.store.changes import SetQuota
from hato.store.directory import Person
from hato.store.model import Usage

_ADDED: Final = Text(
    en="{name} can log in now, and mail to that address arrives.",
    ja="{name} を追加しました。ログインでき、メールも届きます。",
)
_CHANGED: Final = Text(en="{name} was changed.", ja="{name} の設定を変えました。")
_RENAMED: Final = Text(
    en="{name} is the name now; mail to the old one still arrives.",
    ja="名前は {name} になりました。前の名前宛のメールも届きます。",
)
_REMOVED: Final = Text(
    en="{name} was removed; the mail is kept: `hato user add NAME --account {account}` gives it "
    "to somebody, `hato user purge {account}` ends it.",
    ja="{name} を削除しました。メールは残っています。"
    "`hato user add NAME --account {account}` で誰かに渡せ、"
    "`hato user purge {account}` で完全に消せます。",
)
_REMOVED_WITH_MAIL: Final = Text(
    en="{name} was removed with all mail.", ja="{name} とそのメールをすべて削除しました。"
)
_HEADING: Final = Text(
    en="NAME\tMESSAGES\tOCTETS\t(-: disabled)",
    ja="名前\tメール数\tオクテット\t(-: 無効)",
)
_NOTHING_CHOSEN: Final = Text(
    en="Say what to change: see `hato user set --help`.",
    ja="何を変えるか書いてください。`hato user set --help` を見てください。",
)
_DAYS: Final = click.IntRange(0, 36_500)
_SECONDS: Final = click.IntRange(0, 86_400)
_NUMBER: Final = click.IntRange(0, 1 << 53)


class _Row(msgspec.Struct, frozen=True):
    """What `list` shows of a person."""

    name: str
    is_enabled: bool
    language: str | None
    """None: she has not chosen, the configured one holds."""
    account: str
    messages: int
    octets: int
    quota_octets: int | None
    quota_count: int | None
    expire_days: int | None
    login_delay_seconds: int
    retr_sets_seen: bool


@click.group(short_help="Add, list, change and remove people.")
def user() -> None:
    """Manage the people who have mail here."""


user.add_command(purge)


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--hash", "hashed", help="Take over {SCHEME}hash of another server instead.")
@click.option("--account", help="Take over the mail that a removed person left.")
@click.pass_obj
def add(
    desk: Desk, name: str, *, password_stdin: bool, hashed: str | None, account: str | None
) -> None:
    """Add the person NAME, written like ada@example.org."""
    password = None if hashed else take_password(desk, name, from_standard_input=password_stdin)

    async def work() -> Person:
        async with desk.accounts() as accounts:
            return await accounts.add_person(name, password, hashed=hashed, account=account)

    desk.say(_ADDED, name=readable(desk.run(work()).name))


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_people(desk: Desk, *, as_json: bool) -> None:
    """List everybody."""

    async def work() -> list[_Row]:
        async with desk.store() as store:
            people = await desk.ways.accounts(store, desk.settings).people()
            usages = [await (await store.account(p.account_id)).usage() for p in people]
        return [_row(person, usage) for person, usage in zip(people, usages, strict=True)]

    rows = desk.run(work())
    if as_json:
        desk.print_json(rows)
        return
    desk.print_heading(_HEADING)
    for row in rows:
        mark = "" if row.is_enabled else "\t-"
        click.echo(f"{readable(row.name)}\t{row.messages}\t{row.octets}{mark}")


def _row(person: Person, usage: Usage) -> _Row:
    return _Row(
        name=person.name,
        is_enabled=person.is_enabled,
        language=person.language,
        account=person.account_id,
        messages=usage.used_count,
        octets=usage.used_octets,
        quota_octets=usage.quota_octets,
        quota_count=usage.quota_count,
        expire_days=person.expire_days,
        login_delay_seconds=person.login_delay_seconds,
        retr_sets_seen=person.retr_sets_seen,
    )


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--hash", "hashed", help="Take over {SCHEME}hash of another server instead.")
@click.pass_obj
def password(desk: Desk, name: str, *, password_stdin: bool, hashed: str | None) -> None:
    """Set the password of NAME; app passwords stay."""
    new = None if hashed else take_password(desk, name, from_standard_input=password_stdin)

    async def work() -> None:
        async with desk.accounts() as accounts:
            if new is not None:
                await accounts.set_password(name, new)
            elif hashed is not None:
                await accounts.set_password_hash(name, hashed)

    desk.run(work())
    desk.say(_CHANGED, name=name)


@user.command("set")
@click.argument("name")
@click.option("--language", type=click.Choice([each.value for each in Language]))
@click.option("--retr-sets-seen/--no-retr-sets-seen", default=None, help="POP3 marks as seen.")
@click.option("--expire-days", type=_DAYS, help="Delete from INBOX after so many days; 0: never.")
@click.option("--login-delay-seconds", type=_SECONDS, help="Least time between two POP3 logins.")
@click.option("--quota-octets", type=_NUMBER, help="Most octets of mail; 0: no limit.")
@click.option("--quota-count", type=_NUMBER, help="Most messages; 0: no limit.")
@click.pass_obj
def set_person(desk: Desk, /, name: str, **chosen: Any) -> None:  # noqa: ANN401 - click's options
    """Change how the person NAME wants things."""
    if all(value is None for value in chosen.values()):
        raise InvalidInputError(_NOTHING_CHOSEN)

    async def work() -> None:
        async with desk.store() as store:
            await _change(desk, store, name, chosen)

    desk.run(work())
    desk.say(_CHANGED, name=name)


async def _change(desk: Desk, store: Store, name: str, chosen: dict[str, Any]) -> None:
    """Write what was chosen; None is what was not."""
    accounts = desk.ways.accounts(store, desk.settings)
    if chosen["language"] is not None:
        await accounts.set_language(name, Language(chosen["language"]))
    if chosen["retr_sets_seen"] is not None:
        await accounts.set_retr_sets_seen(name, sets_seen=chosen["retr_sets_seen"])
    if chosen["expire_days"] is not None:
        await accounts.set_expire_days(name, chosen["expire_days"] or None)
    if chosen["login_delay_seconds"] is not None:
        await accounts.set_login_delay(name, chosen["login_delay_seconds"])
    octets, count = chosen["quota_octets"], chosen["quota_count"]
    if octets is not None or count is not None:
        account = await store.account((await accounts.person(name)).account_id)
        usage = await account.usage()
        octets = usage.quota_octets if octets is None else octets
        count = usage.quota_count if count is None else count
        await account.commit([SetQuota(octets or None, count or None)])


@user.command()
@click.argument("name")
@click.argument("new")
@click.pass_obj
def rename(desk: Desk, name: str, new: str) -> None:
    """Give the person NAME the name NEW."""

    async def work() -> Person:
        async with desk.accounts() as accounts:
            return await accounts.rename_person(name, new)

    desk.say(_RENAMED, name=readable(desk.run(work()).name))


@user.command()
@click.argument("name")
@click.pass_obj
def enable(desk: Desk, name: str) -> None:
    """Let the person NAME log in again."""

    async def work() -> Person:
        async with desk.accounts() as accounts:
            return await accounts.enable_person(name)

    desk.say(_CHANGED, name=readable(desk.run(work()).name))


@user.command()
@click.argument("name")
@click.pass_obj
def disable(desk: Desk, name: str) -> None:
    """Let the person NAME log in no longer; her mail still arrives."""

    async def work() -> Person:
        async with desk.accounts() as accounts:
            return await accounts.disable_person(name)

    desk.say(_CHANGED, name=readable(desk.run(work()).name))


@user.command()
@click.argument("name")
@click.option("--with-mail", is_flag=True, help="Remove all mail too, for good.")
@click.pass_obj
def remove(desk: Desk, name: str, *, with_mail: bool) -> None:
    """Remove the person NAME with addresses and passwords."""

    async def work() -> str:
        async with desk.accounts() as accounts:
            if with_mail:  # first: while she is reading, nothing is removed
                with contextlib.suppress(NotFoundError):
                    await accounts.remove_mail((await accounts.person(name)).account_id)
            return await accounts.remove_person(name)

    account = desk.run(work())
    desk.say(_REMOVED_WITH_MAIL if with_mail else _REMOVED, name=name, account=account)
