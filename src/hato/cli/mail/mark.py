"""`hato mark`: letters as read, flagged or answered, or not.

Called by `cli.program`.
Never changes more than the one mark.
Standards: RFC 8621 §4.1.1 (keywords).
Fails with InvalidInputError: what is no letter.
"""

from __future__ import annotations

from typing import Any, Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.letter_choice import chosen_letters
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.core.language import Text
from hato.store.changes import SetKeywords
from hato.store.model import ANSWERED, FLAGGED, SEEN

_MARKS: Final = {
    "read": (SEEN, True),
    "unread": (SEEN, False),
    "flagged": (FLAGGED, True),
    "unflagged": (FLAGGED, False),
    "answered": (ANSWERED, True),
    "unanswered": (ANSWERED, False),
}
_DONE: Final = {
    "read": Text(en="Letters marked as read: {count}.", ja="{count} 通を既読にしました。"),
    "unread": Text(en="Letters marked as unread: {count}.", ja="{count} 通を未読にしました。"),
    "flagged": Text(en="Letters flagged: {count}.", ja="{count} 通に目印を付けました。"),
    "unflagged": Text(
        en="Letters no longer flagged: {count}.", ja="{count} 通の目印を外しました。"
    ),
    "answered": Text(
        en="Letters marked as answered: {count}.", ja="{count} 通を返信済みにしました。"
    ),
    "unanswered": Text(
        en="Letters no longer marked as answered: {count}.",
        ja="{count} 通を未返信にしました。",
    ),
}


@click.command(short_help="Mark letters as read, flagged or answered, or not.")
@click.argument("mark", type=click.Choice(list(_MARKS)))
@click.argument("letters", nargs=-1, required=True)
@owner_option
@json_option
@click.pass_obj
def mark(
    desk: Desk, mark: str, letters: tuple[str, ...], owner: str | None, *, as_json: bool
) -> None:
    """Mark LETTERS, such as 3-7,9 of the last list or id:81234."""
    ids = desk.run(_mark(desk, mark, letters, owner))
    if as_json:
        desk.print_json({"mark": mark, "ids": ids})
    else:
        desk.say(_DONE[mark], count=len(ids))


async def _mark(desk: Desk, mark: str, letters: tuple[str, ...], owner: str | None) -> list[int]:
    """Set or take away a keyword; return the ids of the letters."""
    keyword, is_set = _MARKS[mark]
    async with desk.store() as store:
        mail = await the_mail(store, owner)
        ids = tuple(email.email_id for email in await chosen_letters(mail.account, letters))
        delta: dict[str, Any] = {"add" if is_set else "remove": frozenset({keyword})}
        await mail.account.commit([SetKeywords(ids, **delta)])
        return list(ids)
