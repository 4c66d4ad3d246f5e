"""Where a letter lies while it waits, and after it has left: Drafts, then Sent.

Called by `services.sending.outbox` and `services.sending.courier`.
Never copies a letter: it is moved; what is done twice changes nothing.
Standards: RFC 8621 §7.5 (a draft that was submitted goes to Sent and loses $draft).
Fails with NotFoundError where the letter lies nowhere any more, and as `Account.commit` does.
"""

from __future__ import annotations

from hato.core.errors import NotFoundError
from hato.core.ids import EmailId
from hato.message.header import scan_for_delivery
from hato.services.mailboxes import mailbox_for
from hato.store.api import Account
from hato.store.changes import Added, AddEmail, MoveEmail, SetKeywords, Wanted
from hato.store.model import DRAFT, SEEN, Email, Role
from hato.store.staged import Staged


async def find_letter(account: Account, email_id: EmailId) -> Email:
    """Return a letter that lies somewhere. Raises NotFoundError."""
    found = await account.emails([email_id])
    if not found:
        message = f"the letter id:{email_id} was deleted"
        raise NotFoundError(message)
    return found[0]


async def file_as_draft(account: Account, staged: Staged, now: int) -> EmailId:
    """Keep sealed octets as a draft; return its id. Raises as `Account.commit` does."""
    drafts = await mailbox_for(account, Role.DRAFTS)
    committed = await account.commit(
        [
            AddEmail(
                staged=staged,
                mailboxes=(drafts,),
                received=now,
                keywords=frozenset({DRAFT, SEEN}),
                reference_hashes=scan_for_delivery(staged.head()).reference_hashes,
            )
        ]
    )
    return next(fact.email_id for fact in committed.facts if isinstance(fact, Added))


async def file_as_sent(account: Account, email_id: EmailId) -> None:
    """Move a letter to Sent in one step; where it lies there, or nowhere, nothing happens."""
    found = await account.emails([email_id])
    if not found:
        return  # its person deleted it while it was sent, and can undelete it
    sent = await mailbox_for(account, Role.SENT)
    wanted: list[Wanted] = [
        MoveEmail(mailbox, uid, sent) for mailbox, uid in found[0].placements if mailbox != sent
    ]
    keywords = SetKeywords((email_id,), add=frozenset({SEEN}), remove=frozenset({DRAFT}))
    await account.commit([*wanted, keywords])
