"""Indexing as a service of `hato serve`: everybody's letters, in the background, for ever.

Called by the composition root in one worker.
Never needs a lease: an account's index is written under a lock of that account. Never takes more
than a share of the time while mail arrives.
Standards: none.
Fails never as a whole: what went wrong is logged and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import HatoError, NotFoundError, StorageFullError
from hato.core.ids import AccountId, ModSeq
from hato.core.log import log
from hato.services.search.indexing import bring_up_to_date, index_some
from hato.store.api import Account, Store


async def index_for_everybody(store: Store, clock: Clock) -> None:
    """Index whatever came; ends only by being cancelled."""
    indexer = BackgroundIndexer(store, clock)
    while True:
        try:
            await indexer.look()
        except HatoError as fault:
            log.warning("indexing-postponed", reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug must not end the worker that has mail to serve
            log.error("fault", fault=fault, doing="indexing")
        await asyncio.sleep(limits.SEARCH_LOOK_SECONDS)


class BackgroundIndexer:
    """Looks at one account after the other."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Know nobody yet."""
        self._store = store
        self._clock = clock
        self._turn: deque[AccountId] = deque()
        self._people_version: int | None = None
        self._indexed: dict[AccountId, ModSeq] = {}
        """How far the index of an account was when it was last looked at."""
        self._busy_until = 0.0

    async def look(self) -> None:
        """Look at the accounts whose turn it is, and index what came to them."""
        version = await self._store.directory.version()
        if version != self._people_version:
            there = await self._store.account_ids()
            self._turn = deque(there)
            self._indexed = {one: self._indexed[one] for one in there if one in self._indexed}
            self._people_version = version
        for _ in range(min(len(self._turn), limits.SEARCH_ACCOUNTS_PER_LOOK)):
            account_id = self._turn[0]
            self._turn.rotate(-1)
            try:
                await self._look_at(account_id)
            except NotFoundError:  # removed just now; the directory will say so
                continue
            except StorageFullError as fault:  # mail comes first; a search says that it is so
                log.debug("indexing-postponed", account=account_id, reason=str(fault))
            except HatoError as fault:
                log.warning("indexing-postponed", account=account_id, reason=str(fault))
            await asyncio.sleep(0)  # asking an account may not have waited for anything

    async def _look_at(self, account_id: AccountId) -> None:
        account = await self._store.account(account_id)
        modseq = await account.modseq()
        if self._indexed.get(account_id) == modseq:
            return
        if account_id in self._indexed:
            self._note_arrival()
        await self._index(account, modseq)
        self._indexed[account_id] = modseq

    async def _index(self, account: Account, modseq: ModSeq) -> None:
        """Index an account; while mail arrives, for a share of the time only.

        Its lock is given back for the rest of the time, so that whoever searches need not wait.
        """
        is_all = False
        while not is_all:
            begun = self._clock.monotonic()
            if begun < self._busy_until:
                is_all = await index_some(account, limits.SEARCH_BUSY_LETTERS)
                worked = self._clock.monotonic() - begun
                await asyncio.sleep(worked * (1 / limits.SEARCH_BUSY_SHARE - 1))
            else:
                is_all = await self._index_until_mail_arrives(account, modseq)
            modseq = await self._look_for_arrivals(account, modseq)

    async def _index_until_mail_arrives(self, account: Account, modseq: ModSeq) -> bool:
        async with contextlib.aclosing(bring_up_to_date(account)) as groups:
            async for _progress in groups:
                if await self._look_for_arrivals(account, modseq) != modseq:
                    return False
        return True

    async def _look_for_arrivals(self, account: Account, modseq: ModSeq) -> ModSeq:
        """Return how far an account is; note where that is further than it was."""
        now = await account.modseq()
        if now != modseq:
            self._note_arrival()
        return now

    def _note_arrival(self) -> None:
        self._busy_until = self._clock.monotonic() + limits.SEARCH_BUSY_SECONDS
