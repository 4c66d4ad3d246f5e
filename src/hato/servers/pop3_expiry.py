"""EXPIRE, truly: what is older than a person wants to keep is gone before she looks.

Called at login, with the maildrop's lock held.
Never deletes what is younger; never looks at so many messages at once that others wait.
Standards: RFC 2449 §6.7.
Fails quietly: what could not be deleted now goes at the next login, with a log entry.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hato.core.errors import HatoError
from hato.core.ids import Uid
from hato.core.log import log
from hato.store.api import Account, Lock, Snapshot
from hato.store.changes import Expunge

_DAY_SECONDS: Final = 86_400
_AT_ONCE: Final = 50_000
"""Messages whose age is looked at before others get their turn: a few milliseconds' work."""


async def expire(account: Account, lock: Lock, days: int, now: int) -> None:
    """Delete the messages of INBOX that arrived more than `days` days ago.

    Raises as `Account.snapshot`.
    """
    snapshot = await account.snapshot(account.inbox)
    expired = await _older_than(now - days * _DAY_SECONDS, snapshot)
    if not expired:
        return
    try:
        await account.commit([Expunge(account.inbox, tuple(expired))], fence=lock)
    except HatoError as fault:
        log.error("not-expired", account=account.account_id, reason=repr(fault))
    else:
        log.info("expired", account=account.account_id, messages=len(expired))


async def _older_than(limit: int, snapshot: Snapshot) -> list[Uid]:
    """Return the UIDs of what arrived before `limit`; mostly there is nothing."""
    found: list[Uid] = []
    for start in range(0, len(snapshot), _AT_ONCE):
        if start:
            await asyncio.sleep(0)
        received = snapshot.received[start : start + _AT_ONCE]
        if min(received) < limit:
            uids = snapshot.uids[start : start + _AT_ONCE]
            found += [Uid(uid) for uid, at in zip(uids, received, strict=True) if at < limit]
    return found
