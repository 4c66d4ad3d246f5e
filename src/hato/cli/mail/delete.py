"""`hato delete LETTERS`: away with them, and how to get them back.

Called by `cli.program`.
Never ends a letter: what is deleted can be brought back for as long as the operator set.
Standards: RFC 9051 §6.4.3 (EXPUNGE).
Fails with InvalidInputError: what is no letter.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.letter_choice import chosen_letters
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.core.ids import MailboxId, Uid
from hato.core.language import Text
from hato.services.names import readable
from hato.store.changes import Expunge, Wanted

_DELETED: Final = Text(en="Letters deleted: {count}.", ja="{count} 通を消しました。")
_HOW_BACK: Final = Text(
    en="`hato undelete {name} {ids}` brings them back.",
    ja="`hato undelete {name} {ids}` で元に戻せます。",
)


@click.command(short_help="Delete letters; they can be brought back.")
@click.argument("letters", nargs=-1, required=True)
@owner_option
@json_option
@click.pass_obj
def delete(desk: Desk, letters: tuple[str, ...], owner: str | None, *, as_json: bool) -> None:
    """Delete LETTERS, such as 3-7,9 of the last list or id:81234, from every folder they lie in.

    `hato undelete` brings them back.
    """
    name, ids = desk.run(_delete(desk, letters, owner))
    if as_json:
        desk.print_json({"deleted": ids})
        return
    desk.say(_DELETED, count=len(ids))
    desk.say_aside(_HOW_BACK, name=name, ids=" ".join(str(one) for one in ids))


async def _delete(desk: Desk, letters: tuple[str, ...], owner: str | None) -> tuple[str, list[int]]:
    """Expunge the letters everywhere; return whose they are, and their ids."""
    async with desk.store() as store:
        mail = await the_mail(store, owner)
        emails = await chosen_letters(mail.account, letters)
        places: dict[MailboxId, list[Uid]] = defaultdict(list)
        for email in emails:
            for mailbox, uid in email.placements:
                places[mailbox].append(uid)
        wanted: list[Wanted] = [Expunge(mailbox, tuple(uids)) for mailbox, uids in places.items()]
        await mail.account.commit(wanted)
        return readable(mail.person.name), [email.email_id for email in emails]
