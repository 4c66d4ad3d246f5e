"""The folder of a source, by the path that its owner writes.

Called by the command line when a source is added, changed or shown.
Never makes INBOX, which is always there; never renames or removes a folder.
Standards: RFC 9051 §5.1 (INBOX in any case, `/` between the levels).
Fails with InvalidInputError for a path that names no folder, and as `Account.commit` does.
"""

from __future__ import annotations

from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.ids import MailboxId
from hato.core.language import Text
from hato.protocols.foreign_text import echoed
from hato.store.api import Account
from hato.store.changes import MailboxMade, MakeMailbox
from hato.store.model import TOP, Mailbox

INBOX: Final = "INBOX"
_BETWEEN: Final = "/"
_NO_FOLDER: Final = Text(
    en="{path} is no name of a folder: write it like Family/Ada, without empty parts "
    "or dots alone.",
    ja="{path} はフォルダー名として使えません。Family/Ada のように書いてください。",
)


def folder_path(text: str) -> tuple[str, ...]:
    """Read a path; empty for INBOX, however it is spelt. Raises InvalidInputError."""
    if not text or text.upper() == INBOX:
        return ()
    path = tuple(text.split(_BETWEEN))
    if not all(map(_is_name, path)):
        raise InvalidInputError(_NO_FOLDER, path=echoed(text))
    return path


def _is_name(part: str) -> bool:
    """Tell whether a folder may be called so; `.` and `..` would mislead whoever exports it."""
    return bool(part.strip()) and part.isprintable() and part not in {".", ".."}


async def folder_at(account: Account, path: tuple[str, ...]) -> MailboxId | None:
    """Return the folder of a path, made where there is none; None: INBOX."""
    if not path:
        return None
    known = {(one.parent, one.name): one.mailbox_id for one in await account.mailboxes()}
    place = account.inbox if path[0].upper() == INBOX else None
    for name in path if place is None else path[1:]:
        parent = TOP if place is None else place
        place = known.get((parent, name)) or await _made(account, parent, name)
    return place


async def folder_names(account: Account) -> dict[MailboxId | None, str]:
    """Return the path of each folder; of None: INBOX."""
    mailboxes = {one.mailbox_id: one for one in await account.mailboxes()}
    named: dict[MailboxId | None, str] = {
        one.mailbox_id: _BETWEEN.join(_path(one, mailboxes)) for one in mailboxes.values()
    }
    return named | {None: INBOX}


def _path(mailbox: Mailbox, mailboxes: dict[MailboxId, Mailbox]) -> tuple[str, ...]:
    """Return the names from the top down."""
    above = mailboxes.get(mailbox.parent)
    return (*(_path(above, mailboxes) if above is not None else ()), mailbox.name)


async def _made(account: Account, parent: MailboxId, name: str) -> MailboxId:
    """Make a folder."""
    committed = await account.commit([MakeMailbox(parent, name)])
    return next(f.mailbox_id for f in committed.facts if isinstance(f, MailboxMade))
