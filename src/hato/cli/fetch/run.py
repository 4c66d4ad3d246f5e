"""The work of `hato fetch`: which accounts, each polled once or again and again, and what came.

Called by `cli.fetch`.
Never tries a password again that was refused, unless the person names the account or gives another.
Standards: none.
Fails with NotFoundError for a person or an account that is not there, and as the store does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hato.cli.desk import Desk
from hato.cli.fetch.display import REFRESH_SECONDS
from hato.cli.fetch.words import FetchWords, Result
from hato.core.clock import SystemClock
from hato.core.ids import EmailId
from hato.core.limits import FETCH_LOCK_SECONDS
from hato.core.secret import Secret
from hato.services.fetching.crew import Crew
from hato.services.fetching.fetcher import Fetcher, Told
from hato.services.fetching.ledger_books import entries_not_whole
from hato.services.fetching.poll_outcome import Letters, Tally
from hato.services.fetching.roster import Entry, Roster, read_entries
from hato.services.fetching.source_polls import SourcePolls
from hato.services.fetching.waiting_line import WaitingLine
from hato.services.sources.source import Proof
from hato.services.sources.sources import Sources, is_same_address
from hato.store.api import Account, Store

if TYPE_CHECKING:
    from hato.store.directory import Person


class FetchRun:
    """One run of `hato fetch`."""

    def __init__(
        self, desk: Desk, words: FetchWords, *, owner: str | None, address: str | None
    ) -> None:
        """`owner` and `address` choose among the accounts; None: all."""
        self._desk = desk
        self._words = words
        self._owner = owner
        self.address = address
        self.wants_whole = False
        """Fetch letters whole that have a note in their place."""
        self.letters: frozenset[EmailId] = frozenset()
        """Of those only the ones with these notes; empty: all."""
        self.entries: list[Entry] = []
        self.others: list[str] = []
        """The addresses of accounts that are not meant."""
        self.results: dict[str, Result] = {}
        self._owners: dict[str, str] = {}
        self._crew: Crew | None = None

    async def open(self, store: Store) -> None:
        """Find the accounts, anew where it is open already. Raises NotFoundError."""
        self._store = store
        self.entries, self.others = [], []
        self._polls: SourcePolls = self._desk.ways.source_polls(
            store, self._desk.settings, self._desk.path()
        )
        self._polls.wants_whole = self.wants_whole
        self._polls.whole_letters = self.letters
        for person in await self._people():
            account = await store.account(person.account_id)
            self._owners[person.account_id] = person.name
            found = await read_entries(account, self._sources_of(account))
            for entry in found:
                if self._is_chosen(entry):
                    self.entries.append(entry)
                else:
                    self.others.append(entry.source.address)

    async def missing_letters(self) -> list[EmailId]:
        """Return those of `letters` that no note of these accounts has."""
        if not self.letters:
            return []
        noted: set[EmailId | None] = set()
        for entry in self.entries:
            letters = await entries_not_whole(entry.account, entry.source.source_id)
            noted.update(letter.email_id for letter in letters)
        return sorted(self.letters - noted)

    async def once(self) -> None:
        """Poll each account once."""
        chosen = []
        for entry in self.entries:
            if self.address is None and (entry.source.is_paused or entry.is_refused):
                if entry.is_refused:
                    self.results[entry.key] = await Result.refused(entry, self._owner_of(entry))
                continue
            chosen.append(entry)
        await self._poll(chosen)

    async def watch(self) -> None:
        """Poll each account when it is due, until somebody interrupts."""
        roster = Roster(self._store, self._sources_of)
        fetcher = Fetcher(
            roster,
            self._polls,
            SystemClock(),
            pause=self._pause,
            is_wanted=self._is_chosen,
            spread_seconds=0.0,
        )
        async with contextlib.aclosing(fetcher.reports()) as reports:
            async for told in reports:
                self._note(told)

    def wanting_passwords(self) -> Iterator[Entry]:
        """Yield the accounts whose password was refused, each with its trouble told before."""
        for entry in self.entries:
            result = self.results.get(entry.key)
            if result is None or not result.wants_password or entry.source.proof is Proof.OAUTH2:
                continue
            if not result.report.mark:
                self._words.trouble(result)
            yield entry

    async def again(self, secrets: Mapping[str, Secret]) -> None:
        """Keep new secrets of accounts, by the keys of these, and poll them."""
        entries = [entry for entry in self.entries if entry.key in secrets]
        for entry in entries:
            sources = self._sources_of(entry.account)
            await sources.set_secret(entry.source.source_id, secrets[entry.key])
        await self._poll(entries)

    def counts(self) -> Letters:
        """Return how many letters came so far, those of polls that were broken off included."""
        outcomes = [result.report.outcome for result in self.results.values()]
        new = sum(outcome.new for outcome in outcomes)
        again = sum(outcome.again for outcome in outcomes)
        failed = sum(outcome.failed for outcome in outcomes)
        for running in self._crew.running.values() if self._crew is not None else ():
            more = running.tally.letters()
            new, again, failed = new + more.new, again + more.again, failed + more.failed
        return Letters(new, again, failed)

    def unfinished(self) -> list[tuple[Entry, Tally | None]]:
        """Return the polls that were broken off, or did not begin (None)."""
        if self._crew is None:
            return []
        begun = [(poll.entry, poll.tally) for poll in self._crew.running.values()]
        return [*begun, *((entry, None) for entry in self._crew.waiting)]

    def has_failed(self) -> bool:
        """Tell whether anything is not as it should be."""
        return any(
            result.report.advice is not None or result.report.outcome.failed
            for result in self.results.values()
        )

    async def _poll(self, entries: list[Entry]) -> None:
        """Poll some accounts, several at once, and show how far they are."""
        if not entries:
            return
        self._crew = crew = Crew(self._polls, WaitingLine(), lock_seconds=FETCH_LOCK_SECONDS)
        try:
            for entry in entries:
                crew.add(entry)
            while len(crew):
                for told in await self._pause(crew, REFRESH_SECONDS):
                    self._note(told)
        finally:
            await crew.close()
        self._words.close()

    async def _pause(self, crew: Crew, seconds: float) -> list[Told]:
        """Let polls run for a while, and show how far they are."""
        self._crew = crew
        self._words.show(crew.running)
        told = await crew.finished(min(seconds, REFRESH_SECONDS) if crew.running else seconds)
        self._words.show(crew.running)
        return told

    def _note(self, told: Told) -> None:
        """Keep and show what came of a poll."""
        entry, report = told
        result = Result(entry, self._owner_of(entry), report)
        self.results[entry.key] = result.after(self.results.get(entry.key))
        self._words.end(result)

    async def _people(self) -> list[Person]:
        """Return whose accounts are meant. Raises NotFoundError."""
        if self._owner is None:
            return await self._store.directory.people()
        accounts = self._desk.ways.accounts(self._store, self._desk.settings)
        return [await accounts.person(self._owner)]

    def _sources_of(self, account: Account) -> Sources:
        return self._desk.ways.sources(account, self._desk.settings)

    def _is_chosen(self, entry: Entry) -> bool:
        source = entry.source
        if self._owner is not None and entry.account.account_id not in self._owners:
            return False
        return self.address is None or (
            self.address == source.source_id or is_same_address(self.address, source.address)
        )

    def _owner_of(self, entry: Entry) -> str:
        return self._owners.get(entry.account.account_id, "")
