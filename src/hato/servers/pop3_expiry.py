"""EXPIRE, truly: what is older than a person wants to keep is gone before she looks.

Called at login, with the maildrop's lock held.
Never deletes what is younger or was brought back by hand; never makes others wait for a large one.
Standards: RFC 2449 §6.7.
Fails quietly: what could not be deleted now goes at the next login, with a log entry.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hato.core.errors import HatoError
from hato.core.ids import EmailId, Uid
from hato.core.log import log
from hato.store.api import Account, Lock, Snapshot
from hato.store.changes import Expunge
from hato.store.model import KEPT

_DAY_SECONDS: Final = 86_400
_AT_ONCE: Final = 50_000
"""Messages whose age is looked at before others get their turn: a few milliseconds' work."""
_ASKED_AT_ONCE: Final = 1_000
"""Old messages whose keywords are asked for together."""


async def expire(account: Account, lock: Lock, days: int, now: int) -> None:
    """Delete the messages of INBOX that arrived more than `days` days ago.

    Those that were brought back by hand stay. Raises as `Account.snapshot`, `Account.emails`.
    """
    snapshot = await account.snapshot(account.inbox)
    old = await _older_than(now - days * _DAY_SECONDS, snapshot)
    expired = await _without_kept(account, snapshot, old)
    if not expired:
        return
    try:
        await account.commit([Expunge(account.inbox, tuple(expired))], fence=lock)
    except HatoError as fault:
        log.error("not-expired", account=account.account_id, reason=repr(fault))
    else:
        log.info("expired", account=account.account_id, messages=len(expired))


async def _older_than(limit: int, snapshot: Snapshot) -> list[int]:
    """Return the indices of what arrived before `limit`; mostly there is nothing."""
    found: list[int] = []
    for start in range(0, len(snapshot), _AT_ONCE):
        if start:
            await asyncio.sleep(0)
        received = snapshot.received[start : start + _AT_ONCE]
        if min(received) < limit:
            found += [index for index, at in enumerate(received, start) if at < limit]
    return found


async def _without_kept(account: Account, snapshot: Snapshot, old: list[int]) -> list[Uid]:
    """Return the UIDs of what may go; the snapshot may not know every keyword."""
    found: list[Uid] = []
    for start in range(0, len(old), _ASKED_AT_ONCE):
        part = old[start : start + _ASKED_AT_ONCE]
        ids = [EmailId(snapshot.email_ids[index]) for index in part]
        kept = {email.email_id for email in await account.emails(ids) if KEPT in email.keywords}
        found += [
            Uid(snapshot.uids[index])
            for index, email_id in zip(part, ids, strict=True)
            if email_id not in kept
        ]
    return found
