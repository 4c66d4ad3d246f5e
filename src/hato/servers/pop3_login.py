"""From a login that was let in to an open maildrop.

Called by the session, after USER and PASS, APOP or the last step of AUTH.
Never leaves a lock behind when it fails.
Standards: RFC 1939 §4 (lock, then number), RFC 2449 §6.7 and §8.1.2.
Fails with InUseError, NotFoundError, UnavailableError, DamagedError.
"""

from __future__ import annotations

from typing import Final

from hato.core.limits import POP3_LOCK_SECONDS
from hato.servers.pop3_expiry import expire
from hato.servers.pop3_listings import ListingCache
from hato.servers.pop3_maildrop import Maildrop
from hato.servers.pop3_pieces import SurrogateSizes
from hato.store.api import Account
from hato.store.directory import Person

LOCK_NAME: Final = "pop3"


class MaildropOpener:
    """Opens maildrops, and keeps what all sessions of the process can share."""

    def __init__(self) -> None:
        """Begin with nothing to share."""
        self._listings = ListingCache()
        self._sizes = SurrogateSizes()

    async def open(self, account: Account, person: Person, now: int) -> Maildrop:
        """Lock somebody's maildrop, let what is too old go, and number what is left.

        A client that comes back at once may find its last session still ending: so it waits.
        """
        lock = await account.lock(LOCK_NAME, POP3_LOCK_SECONDS)
        try:
            if person.expire_days:
                await expire(account, lock, person.expire_days, now)
            snapshot = await account.snapshot(account.inbox)
            listings = self._listings.of(account, snapshot)
            return Maildrop(account, person, lock, snapshot, listings, self._sizes)
        except BaseException:
            await lock.release()
            raise
