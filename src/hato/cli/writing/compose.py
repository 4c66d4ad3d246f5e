"""`hato compose`: a new letter, or a draft to go on with.

Called by `cli.program`.
Never sends before it was told to.
Standards: RFC 5322 §3.6.
Fails with InvalidInputError: what is wrong, and where the draft is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.mail.letter_choice import chosen_letter
from hato.cli.mail.letter_octets import octets_of
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.cli.writing.answer_text import signed
from hato.cli.writing.draft_files import DraftFacts
from hato.cli.writing.draft_text import DraftText, shown_address, shown_addresses
from hato.cli.writing.handing_over import (
    Outcome,
    chosen_identity,
    identities_of,
    usual_identity,
)
from hato.cli.writing.writing import Wish, new_message_id, rescue_left_drafts, write
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.message.addresses import Address
from hato.message.letter import read_letter
from hato.services.sending.identity import Identity
from hato.store.api import Account

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_BOTH: Final = Text(
    en="--send and --keep are opposites: give one of them.",
    ja="--send と --keep は逆の意味です。どちらか一つにしてください。",
)
_WAYS: Final = (
    click.option(
        "--text",
        type=click.Path(path_type=Path, allow_dash=True, exists=True, dir_okay=False),
        help="Take the text from this file, or - for standard input, and send it.",
    ),
    click.option("--send", "sends", is_flag=True, help="Send it after the editor, unasked."),
    click.option("--keep", "keeps", is_flag=True, help="Keep it as a draft, unasked."),
    click.option("--attach", multiple=True, metavar="FILE", help="Let a file go along."),
    click.option("--from", "sender", metavar="ACCOUNT", help="Write as this account of yours."),
)


class Ways(NamedTuple):
    """What the options say that all writing verbs have."""

    wish: Wish
    attach: tuple[str, ...]
    sender: str | None


def writing_options(command: CommandT) -> CommandT:
    """Give a verb the options that all writing verbs have."""
    for option in reversed(_WAYS):
        command = option(command)
    return command


def read_ways(
    *, text: Path | None, sends: bool, keeps: bool, attach: tuple[str, ...], sender: str | None
) -> Ways:
    """Read those options; standard input too if it is the text. Raises InvalidInputError."""
    if sends and keeps:
        raise InvalidInputError(_BOTH)
    typed = None
    if text is not None:
        octets = sys.stdin.buffer.read() if str(text) == "-" else text.read_bytes()
        typed = octets.decode("utf-8", "replace")
    return Ways(Wish(typed, sends, keeps), attach, sender)


def say_outcome(desk: Desk, outcome: Outcome, *, as_json: bool) -> int:
    """Tell what became of a letter; return the exit status."""
    if as_json:
        desk.print_json(outcome)
    elif outcome.message:
        click.echo(outcome.message)
    return 1 if outcome.state in ("refused", "unknown") else 0


def sender_line(identity: Identity) -> str:
    """Return an identity as it stands in a draft."""
    return shown_address(Address(identity.name, identity.address))


@click.command(short_help="Write a letter in your editor.")
@click.option("--to", multiple=True, metavar="ADDRESS", help="Who gets it.")
@click.option("--cc", multiple=True, metavar="ADDRESS", help="Who gets a copy.")
@click.option("--bcc", multiple=True, metavar="ADDRESS", help="Who gets a copy unseen by others.")
@click.option("--subject", default="", help="What it is about.")
@click.option("--draft", metavar="LETTER", help="Go on with this draft.")
@writing_options
@owner_option
@json_option
@click.pass_obj
def compose(
    desk: Desk,
    /,
    to: tuple[str, ...],
    cc: tuple[str, ...],
    bcc: tuple[str, ...],
    subject: str,
    draft: str | None,
    owner: str | None,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's, read by read_ways
) -> int:
    """Write a letter in $EDITOR: fields on top, an empty line, the text.

    Afterwards you are asked what becomes of it. What you wrote is never lost: it is a draft until
    it has left.
    """
    ways = read_ways(**options)
    typed = DraftText(
        to=", ".join(to),
        copies=", ".join(cc),
        blind_copies=", ".join(bcc),
        subject=subject,
        attach=ways.attach,
    )

    async def work() -> tuple[DraftText, DraftFacts]:
        async with desk.store() as store:
            mail = await the_mail(store, owner)
            await rescue_left_drafts(desk, store, mail)
            if draft is not None:
                return await _of_draft(mail.account, draft, ways.attach)
            identities = await identities_of(mail)
            identity = (
                chosen_identity(identities, ways.sender)
                if ways.sender
                else usual_identity(identities)
            )
            facts = DraftFacts(
                account=mail.account.account_id, message_id=new_message_id(identity.address)
            )
            fields = {"sender": sender_line(identity), "text": signed("\n", identity.signature)}
            return msgspec.structs.replace(typed, **fields), facts

    start, facts = desk.run(work())
    return say_outcome(desk, write(desk, owner, start, facts, ways.wish), as_json=as_json)


async def _of_draft(
    account: Account, word: str, attach: tuple[str, ...]
) -> tuple[DraftText, DraftFacts]:
    """Return a draft as it goes back into the editor."""
    emails = await chosen_letter(account, word)
    letter = read_letter(await octets_of(account, emails[0]))
    start = DraftText(
        sender=shown_addresses(letter.senders[:1]),
        to=shown_addresses(letter.recipients),
        copies=shown_addresses(letter.copies),
        blind_copies=shown_addresses(letter.blind_copies),
        subject=letter.subject,
        attach=attach,
        text=letter.text,
    )
    facts = DraftFacts(
        account=account.account_id,
        message_id=letter.message_id or new_message_id("localhost"),
        in_reply_to=next(iter(letter.in_reply_to), ""),
        references=letter.references,
        encloses=emails[0].email_id if letter.attachments else None,
        replaces=emails[0].email_id,
    )
    return start, facts
