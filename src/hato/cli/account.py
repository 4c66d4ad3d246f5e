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
    "add": "hato.cli.account_add:add",
    "authorise": "hato.cli.account_authorise:authorise_command",
    "import": "hato.cli.account_import:import_accounts",
    "list": "hato.cli.account_list:list_accounts",
    "edit": "hato.cli.account_edit:edit",
    "password": "hato.cli.account_password:password",
    "test": "hato.cli.account_test:test",
    "log": "hato.cli.account_log:log",
    "remove": "hato.cli.account_remove:remove",
}


@click.group(
    cls=LazyGroup, places=_VERBS, short_help="Mail accounts elsewhere whose mail is fetched."
)
def account() -> None:
    """Manage mail accounts elsewhere: their mail is fetched and kept here as one."""
