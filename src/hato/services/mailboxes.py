"""The mailboxes that a person's programs agree on (Drafts, Sent …), made when first needed.

Called by services.sending and by whoever files letters for a person.
Never makes a second one of a role; never renames what she has.
Standards: RFC 6154 §2 (roles), RFC 8621 §2 (a role is of one mailbox only).
Fails as `Account.commit` does.
"""

from __future__ import annotations

from typing import Final

from hato.core.errors import AlreadyExistsError
from hato.core.ids import MailboxId
from hato.store.api import Account
from hato.store.changes import MailboxMade, MakeMailbox
from hato.store.model import TOP, Role

_NAMES: Final = {
    Role.SENT: "Sent",
    Role.DRAFTS: "Drafts",
    Role.TRASH: "Trash",
    Role.JUNK: "Junk",
    Role.ARCHIVE: "Archive",
}
"""As most mail programs write them; whoever shows them says them in the person's language."""


async def find_mailbox(account: Account, role: Role) -> MailboxId | None:
    """Return the mailbox of a role; None: there is none yet."""
    if role is Role.INBOX:
        return account.inbox
    found = (one.mailbox_id for one in await account.mailboxes() if one.role is role)
    return next(found, None)


async def mailbox_for(account: Account, role: Role) -> MailboxId:
    """Return the mailbox of a role, made where there is none.

    Where another one has its usual name without the role, a number is put behind the name.
    """
    names = [_NAMES.get(role, role.value), *(f"{_NAMES.get(role)} {n}" for n in range(2, 10))]
    for name in names:
        found = await find_mailbox(account, role)
        if found is not None:
            return found
        try:
            committed = await account.commit([MakeMailbox(TOP, name, role)])
        except AlreadyExistsError:
            continue  # somebody was quicker, or uses the name for something else
        return next(f.mailbox_id for f in committed.facts if isinstance(f, MailboxMade))
    message = f"every usual name of {role.value} is taken"
    raise AlreadyExistsError(message)
