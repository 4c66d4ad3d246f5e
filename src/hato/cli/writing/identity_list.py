"""`hato identity list`: as whom each person writes, and by which server.

Called as a verb of `hato identity`.
Never connects anywhere; never shows a secret.
Standards: RFC 8621 §6 (identities).
Fails with one sentence about the person.
"""

from __future__ import annotations

from typing import Any, Final

import click

from hato.cli.account.owner import Owner, owners
from hato.cli.desk import Desk
from hato.cli.mail.mail_owner import json_option, owner_option
from hato.cli.terminal.screen_text import one_line
from hato.core.language import Text
from hato.services.sending.identities import Identities
from hato.services.sending.identity import Identity

_HEADING: Final = Text(en="ADDRESS\tNAME\tOWNER\tSERVER", ja="アドレス\t名前\t利用者\tサーバー")
_NONE: Final = Text(
    en="none: name one with `hato identity edit`",
    ja="なし(`hato identity edit` で指定してください)",
)
_NOT_YET: Final = Text(en="found at the first letter", ja="最初の送信時に探します")


@click.command("list", short_help="List the identities.")
@owner_option
@json_option
@click.pass_obj
def list_identities(desk: Desk, owner: str | None, *, as_json: bool) -> None:
    """List the identities of everybody or of one person."""

    async def work() -> list[dict[str, Any]]:
        async with desk.store() as store:
            rows = []
            for one in await owners(desk, store, owner):
                found = await Identities(one.account, one.person.name).all()
                rows += [as_data(one, identity) for identity in found]
            return rows

    rows = desk.run(work())
    if as_json:
        desk.print_json(rows)
        return
    desk.print_heading(_HEADING)
    for row in rows:
        server = row["submission"]
        unknown = (_NOT_YET if row["source_id"] else _NONE).in_language(desk.language)
        where = f"{server['host']}:{server['port']}" if server else unknown
        click.echo(f"{row['address']}\t{one_line(row['name'])}\t{row['owner']}\t{where}")


def as_data(owner: Owner, one: Identity) -> dict[str, Any]:
    """Return an identity for programs."""
    server = one.submission
    return {
        "id": one.identity_id,
        "source_id": one.source_id,
        "owner": owner.name,
        "address": one.address,
        "name": one.name,
        "signature": one.signature,
        "submission": None
        if server is None
        else {
            "host": server.host,
            "port": server.port,
            "tls": server.tls,
            "login": server.login,
        },
    }
