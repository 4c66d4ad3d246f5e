"""`hato reply`, `reply-all` and `forward`: a letter answered, or passed on.

Called by `cli.program`.
Never writes to oneself unless nobody else is left; never answers by another account than the one
that the letter came by, unless told to.
Standards: RFC 5322 §3.6.3 to §3.6.5.
Fails with InvalidInputError: what is wrong, and where the draft is.
"""

from __future__ import annotations

from typing import Any

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.mail.letter_choice import chosen_letter
from hato.cli.mail.letter_octets import octets_of
from hato.cli.mail.mail_owner import Mail, json_option, owner_option, the_mail
from hato.cli.writing.answer_text import answer, passed_on
from hato.cli.writing.compose import Ways, read_ways, say_outcome, sender_line, writing_options
from hato.cli.writing.draft_files import DraftFacts
from hato.cli.writing.draft_text import DraftText
from hato.cli.writing.handing_over import answering_identity, chosen_identity, identities_of
from hato.cli.writing.writing import new_message_id, rescue_left_drafts, write
from hato.message.letter import Letter, read_letter
from hato.message.quoting import references_of_reply
from hato.services.sending.identity import Identity
from hato.store.model import Email


@click.command(short_help="Answer who wrote a letter.")
@click.argument("letter")
@writing_options
@owner_option
@json_option
@click.pass_obj
def reply(
    desk: Desk,
    /,
    letter: str,
    owner: str | None,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's, read by read_ways
) -> int:
    """Answer LETTER, such as 3 of the last list or id:81234, in $EDITOR.

    It goes to Reply-To, else to who wrote, and leaves by the account that the letter came by.
    """
    ways = read_ways(**options)
    return _answer(desk, letter, owner, ways, to_all=False, as_json=as_json)


@click.command("reply-all", short_help="Answer everybody who got a letter.")
@click.argument("letter")
@writing_options
@owner_option
@json_option
@click.pass_obj
def reply_all(
    desk: Desk,
    /,
    letter: str,
    owner: str | None,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's, read by read_ways
) -> int:
    """Answer LETTER to who wrote it and everybody else who got it, but not to yourself."""
    ways = read_ways(**options)
    return _answer(desk, letter, owner, ways, to_all=True, as_json=as_json)


@click.command(short_help="Pass a letter on.")
@click.argument("letter")
@click.option("--to", multiple=True, metavar="ADDRESS", help="Who gets it.")
@click.option("--as-attachment", "whole", is_flag=True, help="Attach it whole, as it came.")
@writing_options
@owner_option
@json_option
@click.pass_obj
def forward(
    desk: Desk,
    /,
    letter: str,
    to: tuple[str, ...],
    owner: str | None,
    *,
    whole: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's, read by read_ways
) -> int:
    """Pass LETTER on in $EDITOR: its text below yours, its attachments along."""
    ways = read_ways(**options)

    async def work() -> tuple[DraftText, DraftFacts]:
        async with desk.store() as store:
            mail = await the_mail(store, owner)
            await rescue_left_drafts(desk, store, mail)
            emails, read, identity, _all = await _look(mail, letter, ways)
            draft = passed_on(
                read, emails[0].received, identity.signature, desk.language, whole=whole
            )
            facts = DraftFacts(
                account=mail.account.account_id,
                message_id=new_message_id(identity.address),
                forwards=tuple(email.email_id for email in emails),
                encloses=emails[0].email_id if whole or read.attachments else None,
                encloses_whole=whole,
            )
            fields = {"sender": sender_line(identity), "to": ", ".join(to), "attach": ways.attach}
            return msgspec.structs.replace(draft, **fields), facts

    start, facts = desk.run(work())
    return say_outcome(desk, write(desk, owner, start, facts, ways.wish), as_json=as_json)


def _answer(
    desk: Desk, letter: str, owner: str | None, ways: Ways, *, to_all: bool, as_json: bool
) -> int:
    """Answer a letter; return the exit status."""

    async def work() -> tuple[DraftText, DraftFacts]:
        async with desk.store() as store:
            mail = await the_mail(store, owner)
            await rescue_left_drafts(desk, store, mail)
            emails, read, identity, everybody = await _look(mail, letter, ways)
            draft = answer(
                read,
                emails[0].received,
                [one.address for one in everybody],
                identity.signature,
                desk.language,
                to_all=to_all,
            )
            facts = DraftFacts(
                account=mail.account.account_id,
                message_id=new_message_id(identity.address),
                in_reply_to=read.message_id,
                references=references_of_reply(read),
            )
            fields = {"sender": sender_line(identity), "attach": ways.attach}
            return msgspec.structs.replace(draft, **fields), facts

    start, facts = desk.run(work())
    return say_outcome(desk, write(desk, owner, start, facts, ways.wish), as_json=as_json)


async def _look(
    mail: Mail, letter: str, ways: Ways
) -> tuple[list[Email], Letter, Identity, list[Identity]]:
    """Return the letter with its copies, who answers it, and all faces of that person."""
    emails = await chosen_letter(mail.account, letter)
    read = read_letter(await octets_of(mail.account, emails[0]))
    identities = await identities_of(mail)
    if ways.sender:
        return emails, read, chosen_identity(identities, ways.sender), identities
    return emails, read, answering_identity(identities, emails, read), identities
