"""`hato app-password add | list | revoke`: one password for each device.

Called by `cli.program`.
Never shows a password twice: it is kept as a hash.
Standards: none.
Fails with one sentence about the person or the device.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import click

from hato.cli.desk import Desk
from hato.core.language import Text
from hato.core.secret import Secret
from hato.store.directory import Credential

_SHOWN_ONCE: Final = Text(
    en="The password for this device is shown only now; type it into its mail program:",
    ja="このパスワードは今だけ表示されます。端末のメールソフトに入力してください:",
)
_REVOKED: Final = Text(
    en="The password of {device} is refused from now on.",
    ja="{device} のパスワードは今から使えません。",
)
_NEVER: Final = Text(en="never used", ja="未使用")

_HEADING: Final = Text(en="DEVICE\tLAST USED", ja="端末\t最後の使用")


@click.group("app-password", short_help="One password for each device, revocable.")
def app_password() -> None:
    """Manage passwords for single devices: a lost phone does not cost the main password."""


@app_password.command()
@click.argument("name")
@click.option("--device", required=True, help="What the password is for, like 'phone'.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(desk: Desk, name: str, device: str, *, as_json: bool) -> None:
    """Draw a password for one device of the person NAME and show it once."""

    async def work() -> Secret:
        async with desk.accounts() as accounts:
            return await accounts.add_app_password(name, device)

    password = desk.run(work()).reveal().decode()
    if as_json:
        desk.print_json({"device": device, "password": password})
        return
    desk.say_aside(_SHOWN_ONCE)
    click.echo(password)


@app_password.command("list")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_devices(desk: Desk, name: str, *, as_json: bool) -> None:
    """List the devices of the person NAME with the last use of each."""

    async def work() -> list[Credential]:
        async with desk.accounts() as accounts:
            return await accounts.app_passwords(name)

    found = desk.run(work())
    if as_json:
        desk.print_json(
            [{"device": c.label, "created": c.created, "last_used": c.last_used} for c in found]
        )
        return
    desk.print_heading(_HEADING)
    for credential in found:
        used = _NEVER.in_language(desk.language)
        if credential.last_used is not None:
            used = dt.datetime.fromtimestamp(credential.last_used).astimezone().isoformat(" ")
        click.echo(f"{credential.label}\t{used}")


@app_password.command()
@click.argument("name")
@click.option("--device", required=True, help="Whose password ends.")
@click.pass_obj
def revoke(desk: Desk, name: str, device: str) -> None:
    """End the password of one device of the person NAME."""

    async def work() -> None:
        async with desk.accounts() as accounts:
            await accounts.revoke_app_password(name, device)

    desk.run(work())
    desk.say(_REVOKED, device=device)
