"""`hato account password`: the provider has a new password, so Hato gets it too.

Called as a verb of `hato account`.
Never keeps a password by which nobody logged in; asks once, since it is tried at once.
Standards: none.
Fails with one sentence; then the old password is kept.
"""

from __future__ import annotations

from typing import Final

import click
import msgspec

from hato.cli.account.options import owner_option, password_option
from hato.cli.account.owner import the_source
from hato.cli.account.trial import demand_login, say_setting
from hato.cli.desk import Desk
from hato.cli.terminal.passwords import take_password
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.sources.source import Proof, Source

_CHANGED: Final = Text(
    en="The new password of {address} works, and is used from now on.",
    ja="{address} の新しいパスワードでログインできました。これから使います。",
)
NOT_CHANGED: Final = Text(
    en="The password of {address} was not changed: no login came about.",
    ja="{address} のパスワードは変えていません。ログインできませんでした。",
)


@click.command(short_help="Give the new password of an account.")
@click.argument("address")
@owner_option
@password_option
@click.pass_obj
def password(desk: Desk, address: str, owner: str | None, *, password_stdin: bool) -> None:
    """Use another password for ADDRESS; it is tried before it is kept."""

    async def find() -> Source:
        async with desk.store() as store:
            _, source = await the_source(desk, store, address, owner)
            return msgspec.structs.replace(source, proof=Proof.PASSWORD)

    async def keep(secret: Secret) -> None:
        async with desk.store() as store:
            found, _ = await the_source(desk, store, source.source_id, owner)
            await found.sources.set_secret(source.source_id, secret, Proof.PASSWORD)

    from hato.services.sources.choosing import try_source

    source = desk.run(find())
    secret = take_password(desk, source.address, from_standard_input=password_stdin, is_new=False)
    tried = desk.run(try_source(source, secret, desk.outside()))
    say_setting(desk, tried)
    demand_login(tried, NOT_CHANGED, address=source.address)
    desk.run(keep(secret))
    desk.say(_CHANGED, address=source.address)
