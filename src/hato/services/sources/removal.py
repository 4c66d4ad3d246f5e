"""The mail of a source: counted, and taken away where its owner wants that.

Called by `services.sources.sources`.
Never touches anything at the provider; what it deletes here can be brought back for a while.
Standards: none.
Fails as `Account.commit` does; may be interrupted between two steps, each of which is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from hato.core.ids import EmailId, MailboxId, Uid
from hato.store.api import Account
from hato.store.changes import Expunge, PutLedger, Wanted

_STEP: Final = 1_000
"""Messages in one commit, so that others get their turn."""

ItemT = TypeVar("ItemT")


async def remove_mail_of(account: Account, source_id: str) -> int:
    """Take a source's messages out of every mailbox, and forget its ledger; return how many."""
    count = 0
    for email_ids in _by_steps(await _all_emails(account)):
        places: dict[MailboxId, list[Uid]] = {}
        for email in await account.emails(email_ids):
            if email.source == source_id:
                count += 1
                for mailbox, uid in email.placements:
                    places.setdefault(mailbox, []).append(uid)
        wanted: list[Wanted] = [Expunge(mailbox, tuple(uids)) for mailbox, uids in places.items()]
        if wanted:
            await account.commit(wanted)
    await forget_ledger(account, source_id)
    return count


async def forget_ledger(account: Account, source_id: str) -> None:
    """Forget what is known of a source's letters at the provider."""
    for some in _by_steps(entry.uidl for entry in await account.ledger(source_id)):
        await account.commit([PutLedger(source_id, forget=tuple(some))])


async def count_mail_of(account: Account, source_id: str) -> int:
    """Count a source's messages that lie somewhere."""
    count = 0
    for email_ids in _by_steps(await _all_emails(account)):
        count += sum(email.source == source_id for email in await account.emails(email_ids))
    return count


async def _all_emails(account: Account) -> list[EmailId]:
    """Return every message that lies somewhere, once."""
    found: set[int] = set()
    for mailbox in await account.mailboxes():
        found.update((await account.snapshot(mailbox.mailbox_id)).email_ids)
    return [EmailId(number) for number in sorted(found)]


def _by_steps(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    """Yield items in lists of at most _STEP."""
    rest = iter(items)
    while some := list(islice(rest, _STEP)):
        yield some
