"""`hato account …`: the mail accounts elsewhere whose mail Hato fetches.

Called by `cli.program`; one file for each verb.
Never shows a password; never believes a setting by which nobody logged in.
Standards: none.
Fails with one sentence about the account.
"""

from __future__ import annotations

import click

from hato.cli.account_add import add
from hato.cli.account_authorise import authorise_command
from hato.cli.account_edit import edit
from hato.cli.account_import import import_accounts
from hato.cli.account_list import list_accounts
from hato.cli.account_log import log
from hato.cli.account_password import password
from hato.cli.account_remove import remove
from hato.cli.account_test import test


@click.group(short_help="Mail accounts elsewhere whose mail is fetched.")
def account() -> None:
    """Manage mail accounts elsewhere: their mail is fetched and kept here as one."""


for _verb in (
    add,
    authorise_command,
    import_accounts,
    list_accounts,
    edit,
    password,
    test,
    log,
    remove,
):
    account.add_command(_verb)
