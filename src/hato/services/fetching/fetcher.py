"""Fetching as a service: everybody's sources, each when it is due, in one process of all.

Called by `services.fetching.service` in one worker of `hato serve`, and by `hato fetch --watch`.
Never polls a source before it is due; one that somebody else polls just now is left to him.
Standards: none; the timetable cites what servers ask for.
Fails never as a whole: what cannot be read now is looked at again, and the log says so.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.log import log
from hato.services.fetching.crew import Crew
from hato.services.fetching.roster import Entry, Roster
from hato.services.fetching.source_polls import Report, SourcePolls
from hato.services.fetching.timetable import Timetable
from hato.services.fetching.waiting_line import WaitingLine

SPREAD_SECONDS: Final = 60.0
"""Sources that are there when the service begins are due within this time, not all at once."""

Told = tuple[Entry, Report]
Pause = Callable[[Crew, float], Awaitable[list[Told]]]


async def wait_for_polls(crew: Crew, seconds: float) -> list[Told]:
    """Let polls run for a while, or until some finish."""
    return await crew.finished(seconds)


class Fetcher:
    """Polls sources when they are due."""

    def __init__(
        self,
        roster: Roster,
        polls: SourcePolls,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
        pause: Pause = wait_for_polls,
        is_wanted: Callable[[Entry], bool] = lambda _: True,
        spread_seconds: float = SPREAD_SECONDS,
    ) -> None:
        """`is_wanted` chooses the sources; `pause` lets time pass.

        `spread_seconds`: within which those are due for the first time that are there already.
        """
        self._roster = roster
        self._polls = polls
        self._clock = clock
        self._pause = pause
        self._is_wanted = is_wanted
        self._spread_seconds = spread_seconds
        self._timetable = Timetable(chance)
        self._crew = Crew(polls, WaitingLine())
        self._look_at = clock.monotonic()
        self._is_first_look = True
        self._again: set[str] = set()

    async def reports(self) -> AsyncGenerator[Told, None]:
        """Poll for ever, and yield what came of each poll; close it to break everything off."""
        try:
            while True:
                now = self._clock.monotonic()
                if now >= self._look_at:
                    await self._look()
                    self._look_at = now + limits.FETCH_LOOK_SECONDS
                self._begin_due(now)
                ended = await self._pause(self._crew, self._seconds_left())
                for entry, report in ended:
                    self._finish(entry, report)
                self._begin_again()
                for told in ended:
                    yield told
        finally:
            await self._crew.close()

    def _seconds_left(self) -> float:
        """Return how long nothing has to be done besides waiting for polls."""
        due = self._timetable.next_at()
        until = self._look_at if due is None else min(due, self._look_at)
        return max(0.0, until - self._clock.monotonic())

    def _begin_due(self, now: float) -> None:
        """Let those be polled whose time has come."""
        for key in self._timetable.take_due(now):
            entry = self._roster.entry(key)
            if entry is None:
                self._timetable.remove(key)
            elif key in self._crew:
                self._again.add(key)  # it changed while it is polled
            else:
                self._crew.add(entry)

    def _finish(self, entry: Entry, report: Report) -> None:
        """Note what came of a poll."""
        self._roster.note_mark(entry.key, report.mark)
        if entry.key not in self._again:
            self._timetable.done(entry.key, self._clock.monotonic(), report.result)

    def _begin_again(self) -> None:
        """Let those be due that changed while they were polled, or were broken off and are back."""
        for key in [key for key in self._again if key not in self._crew]:
            self._again.discard(key)
            self._put(key, within=0.0)

    async def _look(self) -> None:
        """See what changed about the sources."""
        try:
            news = await self._roster.look()
        except HatoError as fault:
            log.warning("sources-not-looked-at", reason=str(fault))
            return
        for key in news.removed:
            self._timetable.remove(key)
            self._again.discard(key)
            self._crew.drop(key)
        for entry in news.added:
            self._put(entry.key, within=self._spread_seconds if self._is_first_look else 0.0)
        for entry in news.changed:
            self._put(entry.key, within=0.0)
        self._is_first_look = False

    def _put(self, key: str, *, within: float) -> None:
        """Let a source be due soon, or hold it."""
        entry = self._roster.entry(key)
        if entry is None or not self._is_wanted(entry):
            return
        source = entry.source
        least = self._polls.facts.least_seconds(source.provider_id)
        if source.is_paused or entry.is_refused:
            self._timetable.hold(key, source.poll_seconds, least_seconds=least)
            return
        spread = min(within, source.poll_seconds)
        now = self._clock.monotonic()
        self._timetable.put(key, source.poll_seconds, now, within=spread, least_seconds=least)
