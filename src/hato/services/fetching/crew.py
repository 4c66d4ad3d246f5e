"""Polls of several sources at once: so many together, so many of them at one provider's host.

Called by the fetching service and by `hato fetch`.
Never polls a source twice at once; never holds more in memory than the polls that run.
Standards: none.
Fails never for a poll: its report says what happened.
"""

from __future__ import annotations

import asyncio

import msgspec

from hato.services.fetching.poll_outcome import Tally
from hato.services.fetching.roster import Entry
from hato.services.fetching.source_polls import Report, SourcePolls
from hato.services.fetching.waiting_line import WaitingLine


class Running(msgspec.Struct, frozen=True):
    """A poll that runs."""

    entry: Entry
    tally: Tally
    task: asyncio.Task[Report]


class Crew:
    """The polls that run, and those that wait for their turn."""

    def __init__(self, polls: SourcePolls, line: WaitingLine, *, lock_seconds: float = 0.0) -> None:
        """`lock_seconds`: how long a poll waits for somebody else's of the same source."""
        self._polls = polls
        self._line = line
        self._lock_seconds = lock_seconds
        self._waiting: dict[str, Entry] = {}
        self.running: dict[str, Running] = {}

    def __len__(self) -> int:
        """How many run or wait."""
        return len(self._waiting) + len(self.running)

    def __contains__(self, key: str) -> bool:
        """Tell whether a source's poll runs or waits."""
        return key in self._waiting or key in self.running

    @property
    def waiting(self) -> list[Entry]:
        """Those whose turn has not come."""
        return list(self._waiting.values())

    def add(self, entry: Entry) -> None:
        """Poll a source as soon as it is its turn; it must not be here already."""
        self._waiting[entry.key] = entry
        self._line.add(entry.key, entry.source.host)
        self._start()

    def drop(self, key: str) -> None:
        """Do not poll a source, or break its poll off; what was fetched is safe."""
        if self._line.drop(key):
            del self._waiting[key]
        elif key in self.running:
            self.running[key].task.cancel()

    async def finished(self, seconds: float | None = None) -> list[tuple[Entry, Report]]:
        """Wait for polls to finish, `seconds` at most; return them, and let the next ones begin.

        Those that were broken off are not told.
        """
        if not self.running:
            await asyncio.sleep(seconds or 0)
            return []
        tasks = [running.task for running in self.running.values()]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ended = [running for running in self.running.values() if running.task.done()]
        for running in ended:
            del self.running[running.entry.key]
            self._line.done(running.entry.key)
        self._start()
        return [
            (running.entry, running.task.result())
            for running in ended
            if not running.task.cancelled()
        ]

    async def close(self) -> None:
        """Break all polls off, and wait until they have ended."""
        tasks = [running.task for running in self.running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        """Let those begin whose turn it is."""
        while (key := self._line.take()) is not None:
            entry, tally = self._waiting.pop(key), Tally()
            poll = self._polls.poll(
                entry.account, entry.source, tally, lock_seconds=self._lock_seconds
            )
            self.running[key] = Running(entry, tally, asyncio.create_task(poll))
