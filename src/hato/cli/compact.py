"""`hato compact`: give the space of deleted mail back to the system now.

Called by `cli.program`; a server does the same by itself, once an hour.
Never touches what can still be undeleted.
Standards: none.
Fails with one sentence where the disk is too full to copy anything.
"""

from __future__ import annotations

from typing import Final

import click

from hato.cli.desk import Desk
from hato.core.clock import SystemClock
from hato.core.errors import StorageFullError
from hato.core.language import Text

_DONE: Final = Text(
    en="{octets} octets were given back; {purged} messages were past their time.",
    ja="{octets} オクテットを解放しました。期限の切れたメッセージは {purged} 通でした。",
)


@click.command(short_help="Give back the space of deleted mail.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def compact(desk: Desk, *, as_json: bool) -> None:
    """Purge what is past its time and give back its space; may run while Hato serves."""

    async def work() -> tuple[int, int]:
        octets = purged = 0
        too_full: StorageFullError | None = None
        async with desk.store() as store:
            for account_id in await store.account_ids():
                account = await store.account(account_id)
                try:
                    purged += await account.purge(SystemClock().now())
                    octets += await account.compact()
                except StorageFullError as fault:  # the next account may hold less that lives
                    too_full = fault
        if too_full is not None and not octets:
            raise too_full
        return octets, purged

    octets, purged = desk.run(work())
    if as_json:
        desk.print_json({"octets": octets, "purged": purged})
    else:
        desk.say(_DONE, octets=octets, purged=purged)
