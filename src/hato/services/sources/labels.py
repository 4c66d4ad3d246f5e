"""What lists of letters show of the accounts that they came from: names and colours.

Called by the mail verbs of the command line, which must start fast.
Never opens a secret, and never loads what could.
Standards: none.
Fails as `Account.stored_objects` does; a source that cannot be read has no label.
"""

from __future__ import annotations

import msgspec

from hato.core.ids import MailboxId
from hato.services.sources.source import KIND, Source
from hato.store.api import Account


class Label(msgspec.Struct, frozen=True):
    """How a source is shown."""

    address: str
    name: str
    """What its owner calls it."""
    colour: str
    """`#rrggbb`."""
    folder: MailboxId | None
    """Where its letters go; None: INBOX."""
    is_in_unified_inbox: bool


async def source_labels(account: Account) -> dict[str, Label]:
    """Return the labels of all sources, by their ids."""
    found: dict[str, Label] = {}
    for kept in await account.stored_objects(KIND):
        try:
            source = msgspec.json.decode(kept.content, type=Source)
        except msgspec.DecodeError:  # a newer Hato wrote it
            continue
        found[kept.object_id] = Label(
            address=source.address,
            name=source.name or source.address,
            colour=source.colour,
            folder=source.folder,
            is_in_unified_inbox=source.is_in_unified_inbox,
        )
    return found
