"""EXPIRE, truly: what is older than a person wants to keep is gone before she looks.

Called at login, with the maildrop's lock held.
Never deletes what is younger; never looks twice at a message whose age it knows.
Standards: RFC 2449 §6.7.
Fails quietly: what could not be deleted now goes at the next login, with a log entry.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from hato.core.errors import HatoError
from hato.core.ids import AccountId, EmailId, Uid
from hato.core.log import log
from hato.store.api import Account, Lock, Snapshot
from hato.store.changes import Expunge

_DAY_SECONDS: Final = 86_400
_ACCOUNTS: Final = 10_000
"""Accounts whose oldest message is remembered."""
_AT_ONCE: Final = 1_000
"""Messages that are asked for at once."""


class _Seen(NamedTuple):
    """What is known of a mailbox: UIDs only grow, and a message's age never changes."""

    uidvalidity: int
    uidnext: int
    oldest: int
    """Time of arrival, seconds since 1970 UTC; of a message that may be gone by now."""


class Expiry:
    """Deletes what is too old; remembers the oldest message of each account."""

    def __init__(self) -> None:
        """Begin without knowing anything."""
        self._seen: OrderedDict[AccountId, _Seen] = OrderedDict()

    async def apply(self, account: Account, lock: Lock, days: int, now: int) -> None:
        """Delete the messages of INBOX that arrived more than `days` days ago.

        Raises as `Account.snapshot` and `Account.emails`.
        """
        limit = now - days * _DAY_SECONDS
        snapshot = await account.snapshot(account.inbox)
        seen = self._seen.get(account.account_id)
        if seen is None or seen.uidvalidity != snapshot.uidvalidity or seen.oldest < limit:
            await self._look_at_all(account, lock, snapshot, limit, now)
        elif seen.uidnext != snapshot.uidnext:
            new = await _arrivals(account, snapshot, seen.uidnext)
            oldest = min(new.values(), default=now)
            if oldest < limit:
                await self._look_at_all(account, lock, snapshot, limit, now)
            else:
                self._remember(account, snapshot, min(oldest, seen.oldest))

    async def _look_at_all(
        self, account: Account, lock: Lock, snapshot: Snapshot, limit: int, now: int
    ) -> None:
        """Delete what is too old and remember the oldest of what stays."""
        arrivals = await _arrivals(account, snapshot, 0)
        expired = tuple(uid for uid, at in arrivals.items() if at < limit)
        if expired:
            try:
                await account.commit([Expunge(account.inbox, expired)], fence=lock)
            except HatoError as fault:
                log.error("not-expired", account=account.account_id, reason=repr(fault))
                return
            log.info("expired", account=account.account_id, messages=len(expired))
        oldest = min((at for at in arrivals.values() if at >= limit), default=now)
        self._remember(account, snapshot, oldest)

    def _remember(self, account: Account, snapshot: Snapshot, oldest: int) -> None:
        self._seen[account.account_id] = _Seen(snapshot.uidvalidity, snapshot.uidnext, oldest)
        self._seen.move_to_end(account.account_id)
        if len(self._seen) > _ACCOUNTS:
            self._seen.popitem(last=False)


async def _arrivals(account: Account, snapshot: Snapshot, first_uid: int) -> dict[Uid, int]:
    """Return when the messages from `first_uid` on arrived, by UID."""
    uids = {
        EmailId(email_id): Uid(uid)
        for uid, email_id in zip(snapshot.uids, snapshot.email_ids, strict=True)
        if uid >= first_uid
    }
    email_ids = list(uids)
    arrivals: dict[Uid, int] = {}
    for start in range(0, len(email_ids), _AT_ONCE):
        for email in await account.emails(email_ids[start : start + _AT_ONCE]):
            arrivals[uids[email.email_id]] = email.received
    return arrivals
