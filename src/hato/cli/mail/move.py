"""`hato move LETTERS FOLDER`: put letters into another folder.

Called by `cli.program`.
Never makes a folder unless asked to: a name mistyped must not hide letters.
Standards: RFC 9051 §6.4.8 (MOVE).
Fails with InvalidInputError: what is no letter, or no folder.
"""

from __future__ import annotations

from typing import Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.folder_names import folder_named
from hato.cli.mail.folder_type import FOLDER
from hato.cli.mail.letter_choice import chosen_letters
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.core.errors import InvalidInputError
from hato.core.ids import MailboxId
from hato.core.language import Text
from hato.services.sources.folders import folder_at, folder_path
from hato.store.api import Account
from hato.store.changes import MoveEmail, Wanted

_MOVED: Final = Text(
    en="Letters moved to {folder}: {count}.", ja="{count} 通を {folder} に移しました。"
)
_MAKE_IT: Final = Text(
    en="{reason} `--make` makes a new one.", ja="{reason} 新しく作るには `--make` を付けます。"
)


@click.command(short_help="Put letters into another folder.")
@click.argument("letters", nargs=-1, required=True, shell_complete=FOLDER.shell_complete)
@click.argument("folder", type=FOLDER)
@click.option("--make", is_flag=True, help="Make the folder where there is none.")
@owner_option
@json_option
@click.pass_obj
def move(
    desk: Desk,
    letters: tuple[str, ...],
    folder: str,
    owner: str | None,
    *,
    make: bool,
    as_json: bool,
) -> None:
    """Move LETTERS, such as 3-7,9 of the last list or id:81234, into FOLDER, like Family/Ada."""
    ids = desk.run(_move(desk, letters, folder, owner, make=make))
    if as_json:
        desk.print_json({"folder": folder, "ids": ids})
    else:
        desk.say(_MOVED, folder=folder, count=len(ids))


async def _move(
    desk: Desk, letters: tuple[str, ...], folder: str, owner: str | None, *, make: bool
) -> list[int]:
    """Move every placement of the letters; return their ids."""
    async with desk.store() as store:
        account = (await the_mail(store, owner)).account
        emails = await chosen_letters(account, letters)
        target = await _target(account, folder, make=make)
        wanted: list[Wanted] = [
            MoveEmail(mailbox, uid, target)
            for email in emails
            for mailbox, uid in email.placements
            if mailbox != target
        ]
        await account.commit(wanted)
        return [email.email_id for email in emails]


async def _target(account: Account, folder: str, *, make: bool) -> MailboxId:
    """Return the folder that is named, made if that was asked for. Raises InvalidInputError."""
    try:
        return (await folder_named(account, folder)).mailbox_id
    except InvalidInputError as fault:
        if not make:
            raise InvalidInputError(_MAKE_IT, reason=fault.text) from fault
    return await folder_at(account, folder_path(folder)) or account.inbox
