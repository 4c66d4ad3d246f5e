"""Which sources there are, and what changed about them since the last look.

Called by the fetching service every two seconds.
Never reads what did not change: an account with sources costs one question, and of those without
some are looked at each time, so that a first source is noticed.
Standards: none.
Fails never as a whole: an account that cannot be read keeps the sources that it had, and is logged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from hato.core import limits
from hato.core.errors import HatoError, NotFoundError
from hato.core.ids import AccountId, ModSeq
from hato.core.log import log
from hato.services.fetching.source_polls import is_refused, mark_of
from hato.services.sources.source import KIND, Source
from hato.services.sources.sources import SECRET_KIND, Sources
from hato.store.api import Account, Store

Stamp: TypeAlias = tuple[tuple[str, str, ModSeq], ...]


class Entry(msgspec.Struct, frozen=True):
    """One source and whose it is."""

    account: Account
    source: Source
    mark: str
    """Of its settings and its secret."""
    is_refused: bool = False
    """A server refused exactly these: nobody tries again before they change."""

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.account.account_id}/{self.source.source_id}"


class News(msgspec.Struct):
    """What changed since the last look."""

    added: list[Entry]
    changed: list[Entry]
    """What they are polled with, or how often, is another."""
    removed: list[str]
    """Their keys."""


class _Known(msgspec.Struct):
    account: Account
    modseq: ModSeq
    stamp: Stamp
    entries: dict[str, Entry]


class Roster:
    """The sources of everybody."""

    def __init__(self, store: Store, sources_of: Callable[[Account], Sources]) -> None:
        """Know nobody yet."""
        self._store = store
        self._sources_of = sources_of
        self._people_version: int | None = None
        self._with_sources: dict[AccountId, _Known] = {}
        self._without: deque[AccountId] = deque()

    def entry(self, key: str) -> Entry | None:
        """Return a source; None: it is gone."""
        known = self._with_sources.get(AccountId(key.partition("/")[0]))
        return known.entries.get(key) if known is not None else None

    def note_mark(self, key: str, mark: str) -> None:
        """Note what a source was polled with: a token renewed by a poll is no news."""
        entry = self.entry(key)
        if entry is not None and mark:
            known = self._with_sources[entry.account.account_id]
            known.entries[key] = msgspec.structs.replace(entry, mark=mark)

    async def look(self) -> News:
        """Return what changed. Raises UnavailableError where the directory cannot be read."""
        news = News([], [], [])
        await self._look_at_people(news)
        for account_id in list(self._with_sources):
            await self._look_at(account_id, news)
        for _ in range(min(len(self._without), limits.FETCH_ACCOUNTS_PER_LOOK)):
            account_id = self._without.popleft()
            await self._look_at(account_id, news)
            if account_id not in self._with_sources:
                self._without.append(account_id)
        return news

    async def _look_at_people(self, news: News) -> None:
        """Learn whose accounts there are, where that changed."""
        version = await self._store.directory.version()
        if version == self._people_version:
            return
        people = await self._store.directory.people()
        there = dict.fromkeys(person.account_id for person in people)
        for account_id in [each for each in self._with_sources if each not in there]:
            news.removed.extend(self._with_sources.pop(account_id).entries)
        known = set(self._without)
        new = [each for each in there if each not in known and each not in self._with_sources]
        self._without = deque([*new, *(each for each in self._without if each in there)])
        self._people_version = version

    async def _look_at(self, account_id: AccountId, news: News) -> None:
        """Learn what changed in one account."""
        known = self._with_sources.get(account_id)
        try:
            account = known.account if known else await self._store.account(account_id)
            modseq = await account.modseq()
            if known is not None and known.modseq == modseq:
                return
            await self._compare(account, modseq, known, news)
        except NotFoundError:  # removed just now; the directory will say so
            return
        except HatoError as fault:
            log.warning("sources-unreadable", account=account_id, reason=str(fault))

    async def _compare(
        self, account: Account, modseq: ModSeq, known: _Known | None, news: News
    ) -> None:
        """Read an account's sources, and tell what is new of them."""
        kept = [*await account.stored_objects(KIND), *await account.stored_objects(SECRET_KIND)]
        stamp = tuple((one.kind, one.object_id, one.modseq) for one in kept)
        if known is not None and known.stamp == stamp:
            known.modseq = modseq
            return
        before = known.entries if known is not None else {}
        entries = {}
        for entry in await read_entries(account, self._sources_of(account)):
            entries[entry.key] = entry
            old = before.get(entry.key)
            if old is None:
                news.added.append(entry)
            elif _is_news(old, entry):
                news.changed.append(entry)
        news.removed.extend(key for key in before if key not in entries)
        if entries:
            self._with_sources[account.account_id] = _Known(account, modseq, stamp, entries)
        elif known is not None:
            del self._with_sources[account.account_id]
            self._without.append(account.account_id)


async def read_entries(account: Account, sources: Sources) -> list[Entry]:
    """Return the sources of an account. Raises DamagedError."""
    entries = []
    for source in await sources.all():
        mark = await mark_of(account, source)
        entries.append(Entry(account, source, mark, await is_refused(account, source)))
    return entries


def _is_news(old: Entry, new: Entry) -> bool:
    """Tell whether the next poll differs."""
    return (
        old.mark != new.mark
        or old.source.poll_seconds != new.source.poll_seconds
        or old.source.is_paused != new.source.is_paused
    )
