"""The newest messages of some mailboxes, and those of a thread, read from the index.

Called by `account`, in a thread.
Never reads a large mailbox as a whole: it walks from the newest message of the account down, and
stops when it has enough.
Standards: none.
Fails with apsw.Error; NotFoundError as `store.api` names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw
import msgspec

from hato.core.errors import NotFoundError
from hato.core.ids import AccountId, EmailId, MailboxId, ThreadId
from hato.store.embedded.queries import emails
from hato.store.model import SEEN, Email, Place

_FEW: Final = 2_000
"""Mailboxes of no more messages together are read and sorted (a millisecond or two): among many
other messages theirs may lie far down."""
_MOST_SECONDS: Final = 1 << 62
_BY_MAILBOX: Final = (
    "SELECT DISTINCT email.id FROM placement JOIN email ON email.id = placement.email"
    " WHERE placement.mailbox IN (SELECT value FROM json_each(?1))"
)
_BY_TIME: Final = (
    "SELECT email.id FROM email INDEXED BY email_received WHERE held_until IS NULL AND EXISTS("
    "SELECT 1 FROM placement INDEXED BY placement_email WHERE placement.email = email.id"
    " AND placement.mailbox IN (SELECT value FROM json_each(?1)))"
)
_REST: Final = (
    " AND email.received <= ?2 AND (email.received < ?2 OR email.id < ?3)"
    " AND email.keywords NOT IN (SELECT value FROM json_each(?4))"
    " ORDER BY email.received DESC, email.id DESC LIMIT ?5"
)


def latest_emails(
    connection: apsw.Connection,
    account_id: AccountId,
    mailboxes: Sequence[MailboxId],
    most: int,
    *,
    before: Place | None,
    only_unseen: bool,
) -> list[Email]:
    """Return the newest messages of some mailboxes; see `store.api`."""
    before = before or Place(_MOST_SECONDS, EmailId(0))
    wanted = msgspec.json.encode(sorted(set(mailboxes))).decode()
    with connection:
        counts: list[tuple[int]] = connection.execute(  # type: ignore[assignment]  # STRICT columns
            "SELECT total FROM mailbox WHERE id IN (SELECT value FROM json_each(?))", (wanted,)
        ).fetchall()
        if len(counts) < len(set(mailboxes)):
            raise NotFoundError("the mailbox is not there")
        walk = _BY_MAILBOX if sum(total for (total,) in counts) <= _FEW else _BY_TIME
        left_out = msgspec.json.encode(_seen_sets(connection) if only_unseen else []).decode()
        rows: list[tuple[int]] = connection.execute(  # type: ignore[assignment]  # the same
            walk + _REST, (wanted, before.received, before.email_id, left_out, most)
        ).fetchall()
    return emails(connection, account_id, [EmailId(email_id) for (email_id,) in rows])


def emails_of_thread(
    connection: apsw.Connection, account_id: AccountId, thread_id: ThreadId
) -> list[Email]:
    """Return the messages of a thread; see `store.api`.

    It looks at every row (10 ms for 100 000): an index would cost every delivery a page.
    """
    rows: list[tuple[int]] = connection.execute(  # type: ignore[assignment]  # STRICT columns
        "SELECT id FROM email WHERE thread = ? AND held_until IS NULL ORDER BY received, id",
        (thread_id,),
    ).fetchall()
    return emails(connection, account_id, [EmailId(email_id) for (email_id,) in rows])


def _seen_sets(connection: apsw.Connection) -> list[int]:
    """Return the sets of keywords of messages that somebody read."""
    rows: list[tuple[int, str]] = connection.execute(  # type: ignore[assignment]  # STRICT columns
        "SELECT id, names FROM keyword_set"
    ).fetchall()
    return [one for one, names in rows if SEEN in msgspec.json.decode(names, type=list[str])]
