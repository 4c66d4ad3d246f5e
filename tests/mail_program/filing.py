"""Letters put into an account as they are, and what lies in it afterwards.

Used by the tests of the command line and of searching.
Never goes through a verb: what is tested must not prepare its own test.
Standards: none.
Fails as the store does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hato.core.ids import EmailId, MailboxId
from hato.store.api import Account, Store
from hato.store.changes import Added, AddEmail, MailboxMade, MakeMailbox
from hato.store.model import TOP


@dataclass(frozen=True, order=True)
class Kept:
    """A letter as it lies in a folder."""

    folder: tuple[str, ...]
    """The names from the top to it."""
    octets: bytes
    received: int
    keywords: tuple[str, ...] = ()
    source: str | None = None


async def put(store: Store, account: Account, letters: Iterable[Kept]) -> list[EmailId]:
    """Put letters into folders, which are made where they are missing; return their ids."""
    ids = []
    for letter in letters:
        mailbox = await folder(account, letter.folder)
        staged = store.stage()
        await staged.write(letter.octets)
        await staged.seal()
        keywords = frozenset(letter.keywords)
        committed = await account.commit(
            [AddEmail(staged, (mailbox,), letter.received, keywords=keywords, source=letter.source)]
        )
        ids += [fact.email_id for fact in committed.facts if isinstance(fact, Added)]
    return ids


async def folder(account: Account, names: tuple[str, ...]) -> MailboxId:
    """Return the folder of a path, made where it is missing; `()` is the inbox."""
    if not names:
        return account.inbox
    parent = await folder(account, names[:-1]) if len(names) > 1 else TOP
    for mailbox in await account.mailboxes():
        if (mailbox.parent, mailbox.name) == (parent, names[-1]):
            return mailbox.mailbox_id
    committed = await account.commit([MakeMailbox(parent, names[-1])])
    return next(fact.mailbox_id for fact in committed.facts if isinstance(fact, MailboxMade))


async def kept(store: Store, account: Account) -> list[Kept]:
    """Return all letters of an account, once for each folder that they lie in, in an order."""
    boxes = {box.mailbox_id: box for box in await account.mailboxes()}

    def path(mailbox: MailboxId) -> tuple[str, ...]:
        box = boxes[mailbox]
        if mailbox == account.inbox:
            return ()
        return (*(path(box.parent) if box.parent != TOP else ()), box.name)

    found = []
    for mailbox in boxes:
        snapshot = await account.snapshot(mailbox)
        for email in await account.emails([EmailId(one) for one in snapshot.email_ids]):
            piece = await account.read(email.body, 0, email.body.size_octets)
            found.append(
                Kept(
                    path(mailbox), bytes(piece.data), email.received, tuple(sorted(email.keywords))
                )
            )
    return sorted(found)
