"""Searching one account's mail.

Called by the command line and whoever else offers a search.
Never misses a letter that is there: what is not indexed yet is indexed first, or is said.
Standards: none.
Fails with InvalidInputError (no such folder or account), StorageFullError (no room for any index),
UnavailableError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from hato.core.errors import DamagedError, StorageFullError, UnavailableError
from hato.core.ids import EmailId
from hato.services.search.indexing import Progress, begin_again, bring_up_to_date, is_up_to_date
from hato.services.search.names import folders_named, sources_named
from hato.services.search.query import Query
from hato.store.api import Account
from hato.store.model import Place
from hato.store.search import SearchWanted

_Answer = TypeVar("_Answer")


class Found(msgspec.Struct, frozen=True):
    """What was found."""

    places: tuple[Place, ...]
    """Newest first: when each letter arrived, and its id."""
    has_more: bool
    """Whether older ones are wanted too."""
    is_complete: bool = True
    """False: the disk is full, so that the latest letters could not be indexed and were not
    searched."""

    @property
    def email_ids(self) -> tuple[EmailId, ...]:
        """The letters, newest first."""
        return tuple(place.email_id for place in self.places)


class Search:
    """The search of one account."""

    def __init__(self, account: Account) -> None:
        """Search this account's mail."""
        self._account = account
        self.is_complete = True
        """Whether the last search looked at every letter; see `Found`."""

    async def prepare(self) -> AsyncIterator[Progress]:
        """Index what is missing; tell of each group of letters. Nothing is told where all is there.

        `find` and `count` do the same without telling. Raises UnavailableError.
        """
        self.is_complete = True
        if await is_up_to_date(self._account):
            return
        try:
            async for progress in bring_up_to_date(self._account):
                yield progress
        except StorageFullError:
            self.is_complete = False

    async def find(self, query: Query, *, most: int, before: Place | None = None) -> Found:
        """Return the newest letters that are asked for, `most` at most.

        `before`: only those behind that place, so that a list goes on where it ended. Raises
        InvalidInputError, UnavailableError.
        """
        index = self._account.search
        wanted = await self._wanted(query)
        places = await self._asked(lambda: index.find(wanted, most + 1, before=before))
        return Found(tuple(places[:most]), len(places) > most, self.is_complete)

    async def count(self, query: Query) -> int:
        """Return how many letters are asked for. Raises as `find`."""
        wanted = await self._wanted(query)
        return await self._asked(lambda: self._account.search.count(wanted))

    async def _asked(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Ask the index when nothing is missing in it; a damaged one is made anew."""
        await self._index()
        try:
            return await ask()
        except DamagedError:
            await begin_again(self._account)
        await self._index()
        try:
            return await ask()
        except DamagedError as fault:  # a full disk has room for none, or it is a bad one
            if not self.is_complete:
                raise StorageFullError("no room for a search index") from fault
            raise UnavailableError(str(fault)) from fault

    async def _index(self) -> None:
        async for _progress in self.prepare():
            pass

    async def _wanted(self, query: Query) -> SearchWanted:
        """Look up the names in a question. Raises InvalidInputError."""
        account = self._account
        not_in = [await folders_named(account, name) for name in query.not_folders]
        not_by = [await sources_named(account, name) for name in query.not_accounts]
        return msgspec.structs.replace(
            query.wanted,
            mailboxes=tuple([await folders_named(account, name) for name in query.folders]),
            not_mailboxes=frozenset().union(*not_in),
            sources=tuple([await sources_named(account, name) for name in query.accounts]),
            not_sources=frozenset().union(*not_by),
        )
