"""`hato attachment list | save`: what comes with a letter, and how it becomes files.

Called by `cli.program`.
Never writes over a file, nor outside of the chosen folder, nor through a link; never runs anything.
Standards: RFC 2183 §2.3 (a name is a hint, never a path).
Fails with InvalidInputError: what is no attachment; OSError for what the system says.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.letter_choice import chosen_letter
from hato.cli.mail.letter_octets import octets_of
from hato.cli.mail.letter_view import attachment_lines, attachments_data
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.cli.terminal.screen_text import one_line
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.message.attachments import Attachment
from hato.message.letter import Letter, read_letter

_NONE: Final = Text(
    en="This letter has no attachments.", ja="このメールに添付ファイルはありません。"
)
_NOT_THERE: Final = Text(
    en="This letter has no attachment number {number}: it has {count}.",
    ja="このメールに {number} 番の添付ファイルはありません(全部で {count} 個)。",
)
_SAVED: Final = Text(en="Saved: {path}", ja="保存しました: {path}")
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@click.group(short_help="List and save what comes with a letter.")
def attachment() -> None:
    """List what is attached to a letter, or save it as files."""


@attachment.command("list", short_help="List the attachments of a letter.")
@click.argument("letter")
@owner_option
@json_option
@click.pass_obj
def list_attachments(desk: Desk, letter: str, owner: str | None, *, as_json: bool) -> None:
    """List the attachments of LETTER, such as 3 of the last list or id:81234."""
    found = desk.run(_letter(desk, letter, owner))
    if as_json:
        desk.print_json(attachments_data(found))
        return
    if not found.attachments:
        desk.say_aside(_NONE)
    for line in attachment_lines(found):
        click.echo(line)


@attachment.command("save", short_help="Save attachments as files.")
@click.argument("letter")
@click.argument("numbers", nargs=-1, type=click.IntRange(1), metavar="[NUMBER]...")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The folder to save to; usually the current one.",
)
@owner_option
@json_option
@click.pass_obj
def save(
    desk: Desk,
    letter: str,
    numbers: tuple[int, ...],
    folder: Path,
    owner: str | None,
    *,
    as_json: bool,
) -> None:
    """Save all attachments of LETTER, or those with the NUMBERS.

    No file is written over: a name that is taken gets a number, like `plan (2).pdf`.
    """
    found = desk.run(_letter(desk, letter, owner))
    for number in numbers:
        if number > len(found.attachments):
            raise InvalidInputError(_NOT_THERE, number=number, count=len(found.attachments))
    chosen = [found.attachments[number - 1] for number in numbers] or list(found.attachments)
    paths = [str(folder / _save(folder, found.raw, one)) for one in chosen]
    if as_json:
        desk.print_json({"saved": paths})
        return
    if not paths:
        desk.say_aside(_NONE)
    for path in paths:
        desk.say(_SAVED, path=one_line(path))


async def _letter(desk: Desk, letter: str, owner: str | None) -> Letter:
    async with desk.store() as store:
        account = (await the_mail(store, owner)).account
        emails = await chosen_letter(account, letter)
        return read_letter(await octets_of(account, emails[0]))


def _save(folder: Path, raw: bytes, attachment: Attachment) -> str:
    """Write one attachment under a name that is free; return the name. Raises OSError."""
    place = os.open(folder, _FOLDER)
    try:
        for name in _names(attachment.name):
            try:
                descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=place)
            except FileExistsError:
                continue
            try:
                with os.fdopen(descriptor, "wb") as file:
                    for chunk in attachment.content(raw):
                        file.write(chunk)
            except BaseException:
                os.unlink(name, dir_fd=place)
                raise
            return name
    finally:
        os.close(place)
    raise AssertionError  # the names never end


def _names(name: str) -> itertools.chain[str]:
    """Return the name, then those with a number."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, no path
    return itertools.chain([name], (f"{stem} ({number}){ending}" for number in itertools.count(2)))
