"""`hato read LETTER`: one letter, with all that a person wants to see of it.

Called by `cli.program`.
Never fetches anything from elsewhere that a letter asks for; never shows its raw octets to a
terminal, but to a program.
Standards: RFC 8621 §4.1.1 ($seen).
Fails with InvalidInputError: what is no letter; DamagedError.
"""

from __future__ import annotations

import sys
from typing import Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.inbox import color_option
from hato.cli.mail.letter_choice import chosen_letter
from hato.cli.mail.letter_octets import octets_of
from hato.cli.mail.letter_view import all_fields, letter_data, letter_lines, text_lines
from hato.cli.mail.mail_owner import Mail, json_option, owner_option, the_mail
from hato.cli.terminal.screen import Screen, Style, When
from hato.cli.terminal.screen_text import lines_of
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.message.charsets import decode_text
from hato.message.letter import Letter, read_letter
from hato.message.structure import decoded
from hato.store.changes import SetKeywords
from hato.store.model import SEEN, Email

_NO_HTML: Final = Text(
    en="This letter has no HTML: leave out --html for its text.",
    ja="このメールに HTML はありません。--html なしで本文を表示できます。",
)
_RULE: Final = "─"


@click.command(short_help="Read a letter.")
@click.argument("letter")
@owner_option
@click.option("--peek", is_flag=True, help="Do not mark it as read.")
@click.option("--raw", "how", flag_value="raw", help="As it came, every octet.")
@click.option("--html", "how", flag_value="html", help="The source of its HTML.")
@click.option("--headers", "how", flag_value="headers", help="Every field of its header.")
@click.option("--thread", "how", flag_value="thread", help="All letters of its conversation.")
@color_option
@json_option
@click.pass_obj
def read(
    desk: Desk,
    letter: str,
    owner: str | None,
    how: str | None,
    color: str,
    *,
    peek: bool,
    as_json: bool,
) -> None:
    """Show LETTER, such as 3 of the last list or id:81234, and mark it as read."""

    async def work() -> None:
        async with desk.store() as store:
            mail = await the_mail(store, owner)
            emails = await chosen_letter(mail.account, letter)
            threads = await mail.account.thread(emails[0].thread_id) if how == "thread" else []
            shown = [[email] for email in threads] or [emails]
            if as_json:
                rows = [letter_data(mail, one, await _letter(mail, one[0])) for one in shown]
                desk.print_json(rows if how == "thread" else rows[0])
            else:
                await _show(desk, Screen(When(color)), mail, shown, how)
            if not peek:
                await _mark_as_read(mail, [email for one in [emails, *shown] for email in one])

    desk.run(work())


async def _show(
    desk: Desk, screen: Screen, mail: Mail, shown: list[list[Email]], how: str | None
) -> None:
    """Print the letters as it was asked for."""
    if how == "raw":
        raw = await octets_of(mail.account, shown[0][0])
        if screen.is_terminal:  # what it says is shown, not done
            screen.page(lines_of(decode_text(raw)))
        else:
            sys.stdout.buffer.write(raw)
            sys.stdout.buffer.flush()
        return
    lines: list[str] = []
    for emails in shown:
        letter = await _letter(mail, emails[0])
        if lines:
            lines += ["", screen.styled(_RULE * min(screen.columns, 72), Style.FAINT), ""]
        if how == "headers":
            lines += [*all_fields(screen, letter), "", *text_lines(screen, letter.text)]
        elif how == "html":
            lines += lines_of(_html(letter))
        else:
            lines += letter_lines(screen, desk.language, mail, emails, letter)
    screen.page(lines)


async def _letter(mail: Mail, email: Email) -> Letter:
    return read_letter(await octets_of(mail.account, email))


async def _mark_as_read(mail: Mail, emails: list[Email]) -> None:
    """Mark letters as read that are not."""
    ids = dict.fromkeys(email.email_id for email in emails if SEEN not in email.keywords)
    if ids:
        await mail.account.commit([SetKeywords(tuple(ids), add=frozenset({SEEN}))])


def _html(letter: Letter) -> str:
    """Return the source of a letter's HTML. Raises InvalidInputError."""
    for part in letter.root.walk():
        if part.media_type == "text/html":
            return decode_text(b"".join(decoded(letter.raw, part)), part.charset)
    raise InvalidInputError(_NO_HTML)
