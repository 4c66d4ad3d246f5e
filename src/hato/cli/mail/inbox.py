"""`hato inbox [FOLDER]`: the newest letters of all accounts as one list.

Called by `cli.program`.
Never marks anything; never reads more of a letter than its beginning.
Standards: none.
Fails with InvalidInputError: what is no folder, or no date.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.folder_names import folder_named
from hato.cli.mail.folder_type import FOLDER
from hato.cli.mail.letter_choice import ID_MARK
from hato.cli.mail.letter_list import print_list_json, show_list
from hato.cli.mail.letter_rows import Row, letter_rows
from hato.cli.mail.mail_owner import Mail, json_option, owner_option, the_mail
from hato.cli.terminal.screen import Screen, When
from hato.core.errors import InvalidInputError
from hato.core.ids import EmailId, MailboxId
from hato.core.language import Text
from hato.store.model import Email, Place, Role

color_option = click.option(
    "--color",
    type=click.Choice([when.value for when in When]),
    default=When.AUTO.value,
    help="When to use colours; NO_COLOR is heeded.",
)
_NOTHING: Final = Text(en="There is no mail in {folder}.", ja="{folder} にメールはありません。")
_NOTHING_NEW: Final = Text(
    en="There is no unread mail in {folder}.", ja="{folder} に未読のメールはありません。"
)
_MORE: Final = Text(
    en="Older letters: `hato inbox{folder} --before id:{last}`; `hato read NUMBER` opens one.",
    ja="続きは `hato inbox{folder} --before id:{last}`、開くには `hato read 番号`。",
)
_NO_DATE: Final = Text(
    en="{text!r} is no date and no letter: write --before 2026-11-25, or --before id:81234.",
    ja="{text!r} は日付でも手紙でもありません。--before 2026-11-25 か --before id:81234 と"
    "書いてください。",
)
_ROWS_IN_A_PIPE: Final = 50
_FEWEST_ROWS: Final = 5
_MOST_ROWS: Final = 10_000
_LINES_BESIDE_ROWS: Final = 3
"""What stands on a screen besides the list: the command, where there is more, the next prompt."""


@click.command(short_help="List the newest letters of all accounts.")
@click.argument("folder", default="INBOX", type=FOLDER)
@owner_option
@click.option("--unread", is_flag=True, help="Only what nobody has read.")
@click.option("-n", "most", type=click.IntRange(1, _MOST_ROWS), help="How many; usually a screen.")
@click.option("--before", metavar="DATE|ID", help="Only what came before a day or a letter.")
@click.option("--every", is_flag=True, help="Show each copy that came by several accounts.")
@color_option
@json_option
@click.pass_obj
def inbox(  # noqa: PLR0913 - one for each option
    desk: Desk,
    folder: str,
    owner: str | None,
    most: int | None,
    before: str | None,
    color: str,
    *,
    unread: bool,
    every: bool,
    as_json: bool,
) -> None:
    """List the newest letters of all accounts, or of FOLDER, each with a number for other verbs.

    Marks: ● unread, r answered, ! flagged, @ with attachments.
    """
    screen = Screen(When(color))
    usual = max(screen.rows - _LINES_BESIDE_ROWS, _FEWEST_ROWS)
    most = most or (usual if screen.is_terminal and not as_json else _ROWS_IN_A_PIPE)

    async def work() -> None:
        async with desk.store() as store:
            mail = await the_mail(store, owner)
            mailbox = await folder_named(mail.account, folder)
            is_inbox = mailbox.mailbox_id == mail.account.inbox
            folders = mail.inbox_folders() if is_inbox else [mailbox.mailbox_id]
            start = await _start(mail, before)
            found = await _found(
                mail, folders, most, start, unread=unread, every=every, is_inbox=is_inbox
            )
            rows, has_more = found[:most], len(found) > most
            if as_json:
                print_list_json(desk, mail, rows, has_more=has_more)
                return
            is_sent = mailbox.role in (Role.SENT, Role.DRAFTS)
            if rows:
                show_list(desk, screen, mail, rows, to_recipients=is_sent)
            else:
                desk.say_aside(_NOTHING_NEW if unread else _NOTHING, folder=folder)
            if has_more and screen.is_terminal:
                named = "" if is_inbox else f" {folder}"
                desk.say_aside(_MORE, folder=named, last=rows[-1][1][-1])

    desk.run(work())


async def _found(
    mail: Mail,
    folders: list[MailboxId],
    most: int,
    before: Place | None,
    *,
    unread: bool,
    every: bool,
    is_inbox: bool,
) -> list[tuple[Row, list[EmailId]]]:
    """Return the newest letters, one more than wanted if there are more."""
    emails: list[Email] = []
    rows: list[tuple[Row, list[EmailId]]] = []
    while len(rows) <= most:
        wanted = most + 1 - len(rows)
        page = await mail.account.latest(folders, wanted, before=before, only_unseen=unread)
        emails += [one for one in page if not is_inbox or mail.is_in_inbox(one.source)]
        rows = await letter_rows(mail, emails, every=every)
        if len(page) < wanted:
            break
        before = Place(page[-1].received, page[-1].email_id)
    return rows


async def _start(mail: Mail, before: str | None) -> Place | None:
    """Read what --before names. Raises InvalidInputError."""
    if before is None:
        return None
    if before.startswith(ID_MARK) and before.removeprefix(ID_MARK).isdecimal():
        emails = await mail.account.emails([EmailId(int(before.removeprefix(ID_MARK)))])
        if emails:
            return Place(emails[0].received, emails[0].email_id)
    try:
        day = dt.datetime.fromisoformat(before).astimezone()
    except ValueError as fault:
        raise InvalidInputError(_NO_DATE, text=before) from fault
    return Place(int(day.timestamp()), EmailId(0))
