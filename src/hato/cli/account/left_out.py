"""What `hato account log --left-out` lists: letters that are here as their header and a note only.

Called by `cli.account_log`.
Never reads more of a note than its header.
Standards: none.
Fails as the store does; a note that is gone is listed without its subject.
"""

from __future__ import annotations

from typing import Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.terminal.columns import filled, fitted
from hato.cli.terminal.subject import subject_of
from hato.core.errors import HatoError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.services.fetching.ledger_books import entries_not_whole
from hato.store.api import Account
from hato.store.model import LedgerState

_NONE: Final = Text(
    en="Every letter of {address} that was fetched is here whole.",
    ja="受信した {address} のメールはすべて全体がここにあります。",
)
_HEADING: Final = Text(
    en="  NUMBER        OCTETS  WHY        SUBJECT", ja="    番号    オクテット  理由       件名"
)
_HOW: Final = Text(
    en="Fetch one of them whole with `hato fetch --account {address} --letter NUMBER`, all with "
    "`hato fetch --account {address} --whole`.",
    ja="一通だけ全体を受信するには `hato fetch --account {address} --letter 番号`、"
    "すべてなら `hato fetch --account {address} --whole` を使います。",
)
_TOO_LARGE: Final = Text(en="too large", ja="大きい")
_REFUSED: Final = Text(en="set aside", ja="保留")
_WHY_COLUMNS: Final = 9
_SUBJECT_COLUMNS: Final = 42
_HEADER_OCTETS: Final = 65_536


class LeftOut(msgspec.Struct, frozen=True):
    """A letter in whose place there is a note."""

    number: int
    """Of the note: the id by which every verb knows it."""
    octets: int
    """Of the letter at the provider, as its server says."""
    is_too_large: bool
    """Larger than wished; otherwise the server did not give it out, or it could not be kept."""
    subject: str


async def left_out(account: Account, source_id: str) -> list[LeftOut]:
    """Return the letters of a source that are not here whole, the oldest note first."""
    found = []
    for entry in await entries_not_whole(account, source_id):
        if entry.email_id is not None:
            is_too_large = entry.state is LedgerState.SEEN
            subject = await _subject(account, entry.email_id)
            found.append(LeftOut(entry.email_id, entry.size_octets, is_too_large, subject))
    return sorted(found, key=lambda one: one.number)


def print_left_out(desk: Desk, address: str, letters: list[LeftOut]) -> None:
    """Print them on a line each, and how to fetch them."""
    if not letters:
        desk.say(_NONE, address=address)
        return
    desk.print_heading(_HEADING)
    for letter in letters:
        why = (_TOO_LARGE if letter.is_too_large else _REFUSED).in_language(desk.language)
        subject = fitted(letter.subject, _SUBJECT_COLUMNS)
        why = filled(why, _WHY_COLUMNS)
        click.echo(f"{letter.number:>8}  {letter.octets:>12}  {why}  {subject}")
    desk.say_aside(_HOW, address=address)


async def _subject(account: Account, number: int) -> str:
    """Return the subject that the note took over; empty: it is gone, or cannot be read."""
    try:
        for email in await account.emails([EmailId(number)]):
            return subject_of((await account.read(email.body, 0, _HEADER_OCTETS)).data)
    except HatoError:
        return ""  # the letter can be fetched whole all the same
    return ""
