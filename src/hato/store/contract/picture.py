"""Everything that an account shows, as one value that can be compared.

Called by the contract's tests and by the model test, before and after.
Never changes the account.
Standards: none.
Fails with what reading fails with.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hato.core.errors import ConflictError
from hato.core.ids import EmailId, MailboxId, ModSeq, Uid
from hato.store.api import Account, Snapshot
from hato.store.model import BodyRef, ChangeKind

OBJECT_KINDS = ("identity", "script", "view")
"""The kinds of small things that tests use."""

SOURCES = ("work", "home")
"""The sources that tests use."""


async def picture_of(account: Account, states: Sequence[ModSeq] | None = None) -> dict[str, object]:
    """Look at everything; hints of bodies, which may move, are left out.

    `states`: since which to ask for changes; None asks for each that there ever was.
    """
    if states is None:
        states = [ModSeq(since) for since in range(await account.modseq() + 1)]
    mailboxes = await account.mailboxes()
    snapshots = [await account.snapshot(mailbox.mailbox_id) for mailbox in mailboxes]
    email_ids = sorted({EmailId(email_id) for one in snapshots for email_id in one.email_ids})
    emails = await account.emails(email_ids)
    held = await account.held()
    bodies = [*(email.body for email in emails), *(email.body for email in held)]
    return {
        "modseq": await account.modseq(),
        "usage": await account.usage(),
        "mailboxes": mailboxes,
        "snapshots": [_content(snapshot) for snapshot in snapshots],
        "emails": [msgspec.structs.replace(one, body=_plain(one.body)) for one in emails],
        "held": [msgspec.structs.replace(one, body=_plain(one.body)) for one in held],
        "octets": {body.body_id: await _octets(account, body) for body in bodies},
        "objects": [await account.stored_objects(kind) for kind in OBJECT_KINDS],
        "ledgers": [await account.ledger(source) for source in SOURCES],
        "changes": {kind: await _changes(account, kind, states) for kind in ChangeKind},
        "expunged": [await _expunged(account, one.mailbox_id, states) for one in mailboxes],
    }


def _content(snapshot: Snapshot) -> dict[str, object]:
    names = snapshot.keyword_names
    return {
        "mailbox": (snapshot.mailbox_id, snapshot.uidvalidity, snapshot.uidnext),
        "uids": list(snapshot.uids),
        "email_ids": list(snapshot.email_ids),
        "sizes": list(snapshot.sizes),
        "traits": list(snapshot.traits),
        "received": list(snapshot.received),
        "deleted": [bool(flags & 1) for flags in snapshot.flags],
        "keywords": [
            {name for bit, name in enumerate(names) if flags >> (bit + 1) & 1}
            for flags in snapshot.flags
        ],
        "total_octets": snapshot.total_octets,
        "uidls": [snapshot.uidl(index) for index in range(len(snapshot))],
        "bodies": [_plain(snapshot.body(index)) for index in range(len(snapshot))],
    }


def _plain(body: BodyRef) -> BodyRef:
    return BodyRef(body.body_id, body.size_octets)


async def _octets(account: Account, body: BodyRef) -> bytes:
    return (await account.read(body, 0, body.size_octets)).data


async def _changes(
    account: Account, kind: ChangeKind, states: Sequence[ModSeq]
) -> list[tuple[set[int | str], ...] | None]:
    """Return the changes since each state; None below the pruning floor."""
    found: list[tuple[set[int | str], ...] | None] = []
    for since in states:
        try:
            changes = await account.changes(kind, since, 1_000_000)
        except ConflictError:
            found.append(None)
        else:
            found.append((set(changes.created), set(changes.updated), set(changes.destroyed)))
    return found


async def _expunged(
    account: Account, mailbox: MailboxId, states: Sequence[ModSeq]
) -> list[list[Uid] | None]:
    """Return the expunged UIDs since each state; None below the floor."""
    found: list[list[Uid] | None] = []
    for since in states:
        try:
            found.append(await account.expunged(mailbox, since))
        except ConflictError:
            found.append(None)
    return found
