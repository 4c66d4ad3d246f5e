"""`hato account …`: the mail accounts elsewhere whose mail Hato fetches.

Called by `cli.program`; one file for each verb.
Never shows a password; never believes a setting by which nobody logged in.
Standards: none.
Fails with one sentence about the account.
"""

from __future__ import annotations

from typing import Final

import click

from hato.cli.lazy_group import LazyGroup

_VERBS: Final = {
    "add": "hato.cli.account.add:add",
    "authorise": "hato.cli.account.authorise:authorise_command",
    "import": "hato.cli.account.importing:import_accounts",
    "list": "hato.cli.account.listing:list_accounts",
    "edit": "hato.cli.account.edit:edit",
    "password": "hato.cli.account.password:password",
    "test": "hato.cli.account.login_test:test",
    "log": "hato.cli.account.log:log",
    "remove": "hato.cli.account.remove:remove",
}


@click.group(
    cls=LazyGroup, places=_VERBS, short_help="Mail accounts elsewhere whose mail is fetched."
)
def account() -> None:
    """Manage mail accounts elsewhere: their mail is fetched and kept here as one."""
