"""Folders by the names that a person types: `Family/Ada`, INBOX in any case.

Called by the mail verbs.
Never takes one folder for another; case counts only where two names differ by nothing else.
Standards: RFC 9051 §5.1 (INBOX in any case).
Fails with InvalidInputError: what there is no such folder like.
"""

from __future__ import annotations

import difflib
import unicodedata
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.ids import MailboxId
from hato.core.language import Text
from hato.store.api import Account
from hato.store.model import Mailbox

_NO_FOLDER: Final = Text(
    en="There is no folder {name!r}: see `hato folders`.",
    ja="{name!r} というフォルダーはありません。`hato folders` を見てください。",
)
_NEAREST: Final = Text(
    en="There is no folder {name!r}: did you mean {nearest!r}? See `hato folders`.",
    ja="{name!r} というフォルダーはありません。{nearest!r} のことですか。"
    "`hato folders` を見てください。",
)


async def named_folders(account: Account) -> dict[str, Mailbox]:
    """Return all folders by their paths: INBOX first, then by name."""
    mailboxes = {one.mailbox_id: one for one in await account.mailboxes()}
    found = {
        "/".join(_shown(name) for name in names_of(mailbox, mailboxes)): mailbox
        for mailbox in mailboxes.values()
    }

    def order(path: str) -> tuple[bool, int, str]:
        return found[path].mailbox_id != account.inbox, found[path].sort_order, _form(path)

    return {path: found[path] for path in sorted(found, key=order)}


async def folder_named(account: Account, name: str) -> Mailbox:
    """Return the folder that a person means. Raises InvalidInputError."""
    found = await named_folders(account)
    if name in found:
        return found[name]
    alike = [path for path in found if _form(path) == _form(name)]
    if len(alike) == 1:
        return found[alike[0]]
    nearest = difflib.get_close_matches(_form(name), [_form(path) for path in found], n=1)
    if not nearest:
        raise InvalidInputError(_NO_FOLDER, name=name)
    path = next(path for path in found if _form(path) == nearest[0])
    raise InvalidInputError(_NEAREST, name=name, nearest=path)


def names_of(mailbox: Mailbox, mailboxes: dict[MailboxId, Mailbox]) -> tuple[str, ...]:
    """Return the names of a folder from the top down."""
    above = mailboxes.get(mailbox.parent)
    return (*(() if above is None else names_of(above, mailboxes)), mailbox.name)


def _shown(name: str) -> str:
    """Return a name as a part of a path: `a/b` that is one name is not `b` below `a`."""
    return name.replace("\\", r"\\").replace("/", r"\/")


def _form(path: str) -> str:
    """Return what names that a person takes for the same have in common."""
    return unicodedata.normalize("NFKC", path).casefold()
