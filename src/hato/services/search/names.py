"""The folders and the accounts that a person names in a search.

Called by `search`.
Never takes a name for another one: what there is not is said.
Standards: RFC 9051 §5.1 (INBOX in any case).
Fails with InvalidInputError.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.ids import MailboxId
from hato.core.language import Text
from hato.services.sources.folders import folder_names
from hato.services.sources.labels import source_labels
from hato.store.api import Account

_NO_FOLDER: Final = Text(
    en="There is no folder {name!r} to search in: see `hato folders`.",
    ja="{name!r} というフォルダーはありません。`hato folders` を見てください。",
)
_NO_ACCOUNT: Final = Text(
    en="There is no account like {name!r}: see `hato account list`.",
    ja="{name!r} のようなアカウントはありません。`hato account list` を見てください。",
)


async def folders_named(account: Account, name: str) -> frozenset[MailboxId]:
    """Return the folders of a name: by path, else by role (`in:trash`), else by the last part.

    Case and width do not count. Raises InvalidInputError.
    """
    paths = {one: _form(path) for one, path in (await folder_names(account)).items()}
    wanted = _form(name)
    by_path = {one for one, path in paths.items() if path == wanted}
    by_role = {one.mailbox_id for one in await account.mailboxes() if one.role == wanted}
    by_end = {one for one, path in paths.items() if path.rpartition("/")[2] == wanted}
    found = frozenset(one for one in by_path or by_role or by_end if one is not None)
    if not found and wanted == "inbox":
        return frozenset({account.inbox})
    if not found:
        raise InvalidInputError(_NO_FOLDER, name=name)
    return found


async def sources_named(account: Account, name: str) -> frozenset[str]:
    """Return the accounts elsewhere whose name or address has these characters in it.

    Raises InvalidInputError.
    """
    wanted = _form(name)
    labels = await source_labels(account)
    found = frozenset(
        source
        for source, label in labels.items()
        if wanted in _form(label.address) or wanted in _form(label.name)
    )
    if not found:
        raise InvalidInputError(_NO_ACCOUNT, name=name)
    return found


def _form(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
