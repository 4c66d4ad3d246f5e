"""`hato domain add | list | remove`.

Called by `cli.program`.
Never decides what a domain is: `services.accounts` does.
Standards: none.
Fails with one sentence about the domain.
"""

from __future__ import annotations

from typing import Final

import click

from hato.cli.desk import Desk
from hato.core.language import Text
from hato.services.names import readable

_ADDED: Final = Text(en="{name} is served now.", ja="ドメイン {name} を追加しました。")
_REMOVED: Final = Text(en="{name} is served no longer.", ja="ドメイン {name} を削除しました。")

_HEADING: Final = Text(en="DOMAIN", ja="ドメイン")


@click.group(short_help="Add, list and remove domains.")
def domain() -> None:
    """Manage the domains whose mail this server takes."""


@domain.command()
@click.argument("name")
@click.pass_obj
def add(desk: Desk, name: str) -> None:
    """Serve the domain NAME."""

    async def work() -> str:
        async with desk.accounts(may_make=True) as accounts:
            return await accounts.add_domain(name)

    desk.say(_ADDED, name=readable(desk.run(work())))


@domain.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_domains(desk: Desk, *, as_json: bool) -> None:
    """List all domains."""

    async def work() -> list[str]:
        async with desk.accounts() as accounts:
            return await accounts.domains()

    names = desk.run(work())
    if as_json:
        desk.print_json(names)
        return
    desk.print_heading(_HEADING)
    for name in names:
        click.echo(readable(name))


@domain.command()
@click.argument("name")
@click.pass_obj
def remove(desk: Desk, name: str) -> None:
    """Serve the domain NAME no longer; nobody may be in it."""

    async def work() -> None:
        async with desk.accounts() as accounts:
            await accounts.remove_domain(name)

    desk.run(work())
    desk.say(_REMOVED, name=name)
