"""`hato account test`: log in to an account now, and say what came of it.

Called as a verb of `hato account`.
Never fetches, deletes or changes anything.
Standards: none.
Fails with exit status 1 where no login came about, having said why.
"""

from __future__ import annotations

import click

from hato.cli.account.access import proof_of
from hato.cli.account.options import json_option, owner_option
from hato.cli.account.owner import the_source
from hato.cli.account.trial import say_setting, trial_as_data
from hato.cli.desk import Desk
from hato.services.sources.source import Source


@click.command(short_help="Log in to an account, and say what comes of it.")
@click.argument("address")
@owner_option
@json_option
@click.pass_obj
def test(desk: Desk, address: str, owner: str | None, *, as_json: bool) -> int:
    """Log in to ADDRESS as it is set up, and out again; nothing is fetched."""

    async def find() -> Source:
        async with desk.store() as store:
            _, source = await the_source(desk, store, address, owner)
            return source

    from hato.services.sources.choosing import try_source

    source = desk.run(find())
    proof = desk.run(proof_of(desk, source, owner))
    tried = desk.run(try_source(source, proof, desk.outside()))
    if as_json:
        desk.print_json({"address": source.address} | trial_as_data(desk, tried))
    else:
        say_setting(desk, tried)
    return 0 if tried.is_good else 1
