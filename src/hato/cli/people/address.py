"""`hato address add | list | remove`: aliases and catch-alls.

Called by `cli.program`.
Never decides whom an address reaches: `services.accounts` does.
Standards: RFC 2142 §5 (postmaster reaches somebody).
Fails with one sentence about the address.
"""

from __future__ import annotations

from typing import Final

import click

from hato.cli.desk import Desk
from hato.core.language import Text
from hato.services.names import readable

_ADDED: Final = Text(
    en="Mail to {address} reaches {name} now.", ja="{address} 宛のメールは {name} に届きます。"
)
_NO_LONGER: Final = Text(
    en="{address} reaches {name} no longer.", ja="{address} は {name} に届かなくなりました。"
)
_REMOVED: Final = Text(en="{address} was removed.", ja="{address} を削除しました。")

_HEADING: Final = Text(en="ADDRESS\tREACHES", ja="アドレス\t届け先")


@click.group(short_help="Add, list and remove addresses besides people's names.")
def address() -> None:
    """Manage aliases (several people may share one) and catch-alls (@domain)."""


@address.command()
@click.argument("text", metavar="ADDRESS")
@click.argument("name")
@click.pass_obj
def add(desk: Desk, text: str, name: str) -> None:
    """Let mail to ADDRESS (or @domain: all the rest) reach the person NAME."""

    async def work() -> str:
        async with desk.accounts() as accounts:
            return await accounts.add_address(text, name)

    desk.say(_ADDED, address=readable(desk.run(work())), name=name)


@address.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_addresses(desk: Desk, *, as_json: bool) -> None:
    """List all addresses and whom they reach."""

    async def work() -> list[tuple[str, list[str]]]:
        async with desk.accounts() as accounts:
            return [(text, [p.name for p in people]) for text, people in await accounts.addresses()]

    rows = desk.run(work())
    if as_json:
        desk.print_json([{"address": text, "reaches": names} for text, names in rows])
        return
    desk.print_heading(_HEADING)
    for text, names in rows:
        click.echo(f"{readable(text)}\t{' '.join(map(readable, names))}")


@address.command()
@click.argument("text", metavar="ADDRESS")
@click.argument("name", required=False)
@click.pass_obj
def remove(desk: Desk, text: str, name: str | None) -> None:
    """Let ADDRESS reach NAME no longer, or nobody where no NAME is given."""

    async def work() -> None:
        async with desk.accounts() as accounts:
            await accounts.remove_address(text, name)

    desk.run(work())
    if name is None:
        desk.say(_REMOVED, address=text)
    else:
        desk.say(_NO_LONGER, address=text, name=name)
