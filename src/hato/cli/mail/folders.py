"""`hato folders`: every folder, with what lies in it and what of it nobody has read.

Called by `cli.program`.
Never makes or removes one.
Standards: none.
Fails with one sentence about the person.
"""

from __future__ import annotations

from typing import Any, Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.folder_names import named_folders
from hato.cli.mail.inbox import color_option
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.cli.terminal.columns import filled, width
from hato.cli.terminal.screen import Screen, Style, When
from hato.cli.terminal.screen_text import one_line
from hato.core.language import Text

_UNREAD: Final = Text(en="{unread} unread of {total}", ja="{total} 通、未読 {unread}")
_READ: Final = Text(en="{total}", ja="{total} 通")
_COUNT_COLUMNS: Final = 28


@click.command(short_help="List the folders.")
@owner_option
@color_option
@json_option
@click.pass_obj
def folders(desk: Desk, owner: str | None, color: str, *, as_json: bool) -> None:
    """List all folders: how many letters lie in each, and how many nobody has read."""
    rows = desk.run(_folders(desk, owner))
    if as_json:
        desk.print_json(rows)
        return
    screen = Screen(When(color))
    if not screen.is_terminal:
        for row in rows:
            click.echo(f"{one_line(row['folder'])}\t{row['total']}\t{row['unread']}")
        return
    widest = max(width(one_line(row["folder"])) for row in rows)
    columns = min(widest, max(screen.columns - _COUNT_COLUMNS, 10))
    for row in rows:
        count = (_UNREAD if row["unread"] else _READ).in_language(
            desk.language, total=row["total"], unread=row["unread"]
        )
        name = filled(one_line(row["folder"]), columns)
        click.echo(f"{screen.styled(name, Style.STRONG if row['unread'] else '')}  {count}")


async def _folders(desk: Desk, owner: str | None) -> list[dict[str, Any]]:
    """Return the folders for programs."""
    async with desk.store() as store:
        mail = await the_mail(store, owner)
        found = await named_folders(mail.account)
    return [
        {
            "folder": path,
            "id": mailbox.mailbox_id,
            "role": mailbox.role,
            "total": mailbox.total,
            "unread": mailbox.unseen,
            "octets": mailbox.size_octets,
        }
        for path, mailbox in found.items()
    ]
