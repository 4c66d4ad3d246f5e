"""A `hato serve` that fetches by itself, and is killed, robbed of a worker or reloaded meanwhile.

Used by the tests beside it and by `python -m tests.fetch_faults --serve`.
Never helps: nobody runs `hato fetch`; what comes, comes because the server went on by itself.
Standards: none; the promise is that of broken_fetches, and that one worker fetches at a time.
Fails with BrokenPromiseError.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Final

from tests.faults.marked_letters import CHUNKED, SMALL, SPOOLED, Marks
from tests.fetch_faults.broken_fetches import LETTERS_IN_A_ROUND, BrokenPromiseError
from tests.fetch_faults.collector import DELETE, KEEP, Collector
from tests.fetch_faults.cutting_proxy import Cut, CuttingProxy
from tests.fetch_faults.mailboxes import ProviderMailbox, mark_of, stored_emails
from tests.fetch_faults.outputs import WatchedOutputs

GOES_ON_WITHIN_SECONDS: Final = 25.0
"""Less than the lease of a dead worker lasts: nobody may wait for its end."""
_PATIENCE_SECONDS: Final = 90.0
_BEYOND_THE_END: Final = 1.1
_BY_OCTETS_SHARE: Final = 0.8
_POLL_SECONDS: Final = 1
"""Of the source: the first poll comes so soon after a start, the next ones after ten seconds."""


class Blow(Enum):
    """What happens to a server that fetches."""

    KILL_ALL = "whole server killed"
    KILL_WORKER = "fetching worker killed"
    RELOAD = "reloaded"
    STOP = "asked to stop"


_SHARES: Final = {Blow.KILL_ALL: 45, Blow.KILL_WORKER: 30, Blow.RELOAD: 15, Blow.STOP: 10}


class BrokenServing:
    """One run: one provider's mailbox, one rule, one server that fetches from it."""

    def __init__(self, mailbox: ProviderMailbox, folder: Path, seed: int, *, keeps: bool) -> None:
        """The mailbox is empty; `keeps`: whether the rule is to keep mail there."""
        self.mailbox = mailbox
        self.keeps = keeps
        self.outcomes: Counter[str] = Counter()
        self.longest_pause_seconds = 0.0
        self._proxy = CuttingProxy(mailbox.port)
        self._collector = Collector(folder)
        self._hato = self._collector.hato
        self._outputs = WatchedOutputs(folder / "outputs")
        self._chance = random.Random(f"serving:{seed}:{mailbox.name}:{keeps}")
        self._marks = Marks(seed)
        self._sent: list[str] = []
        self._octets = 20_000
        self._seconds = 1.0

    def run(self, blows: int) -> None:
        """Strike so often, once in each kind at least if there are enough."""
        with self._proxy:
            rule = KEEP if self.keeps else DELETE
            options = (*rule, *self._outputs.options)
            self._collector.add_source(self.mailbox, self._proxy.port, options)
            self._collector.set_poll_seconds(_POLL_SECONDS)
            more = self._chance.choices(tuple(_SHARES), tuple(_SHARES.values()), k=max(blows, 4))
            chosen = [*_SHARES, *more][:blows]
            self._chance.shuffle(chosen)
            try:
                for blow in chosen:
                    self._round(blow)
                self._send()
                self._proxy.plan(None)
                self._hato.start()
                self._await_rest()
                self._hato.stop()
            finally:
                if self._hato.runs:
                    self._hato.kill()
        if self._proxy.overlaps:
            raise BrokenPromiseError(f"{self._proxy.overlaps} polls ran beside another one")
        if "Traceback" in self._hato.log():
            raise BrokenPromiseError(self._hato.log()[-6000:])

    def _send(self) -> None:
        """Let letters arrive at the provider, mostly small ones."""
        count = self._chance.randint(1, LETTERS_IN_A_ROUND)
        sizes = self._chance.choices((SMALL, CHUNKED, SPOOLED), (88, 9, 3), k=count)
        marks = [self._marks.next(self._chance.randint(*size)) for size in sizes]
        self.mailbox.put(marks)
        self._sent += marks

    def _round(self, blow: Blow) -> None:
        """Start the server on new letters, strike in the midst of a poll, and see what it does."""
        self._send()
        struck = threading.Event()

        def strike() -> None:
            self._strike(blow)
            struck.set()

        by_octets = self._chance.random() < _BY_OCTETS_SHARE
        at = int(self._chance.random() * self._octets * _BEYOND_THE_END)
        self._proxy.plan(at if by_octets else None, strike, goes_on=blow is Blow.RELOAD)
        self._hato.start()
        if by_octets:
            self._await(lambda: struck.is_set() or self._is_at_rest(), "the octet, or the end")
            with_poll = struck.is_set()
        else:
            time.sleep(self._chance.random() * (_POLL_SECONDS + self._seconds))  # the moment itself
            with_poll = False
        self._proxy.plan(None)
        if not struck.is_set():
            strike()
        self.outcomes[f"{blow.value}: {'in a poll' if with_poll else 'at some time'}"] += 1
        if blow in {Blow.KILL_WORKER, Blow.RELOAD}:
            self._see_it_go_on()
            self._end_somehow()
        elif blow is Blow.STOP:
            self._hato.await_exit()
        self._judge()

    def _strike(self, blow: Blow) -> None:
        """Do it; what a dead process had open is closed by its machine."""
        match blow:
            case Blow.KILL_ALL:
                self._hato.kill()
                self._proxy.cut(Cut.RESET)
            case Blow.KILL_WORKER:
                os.kill(self._first_worker(), signal.SIGKILL)
                self._proxy.cut(Cut.RESET)
            case Blow.RELOAD:
                self._hato.reload()
            case Blow.STOP:
                self._hato.terminate()

    def _first_worker(self) -> int:
        """Return the process that fetches, of a server whose workers are all its first ones."""
        return self._hato.process_ids()[1]

    def _see_it_go_on(self) -> None:
        """Wait until somebody polls again, and all is here: without help, and without a long pause.

        A poll that a reload let go on to its end is none.
        """
        struck_at = time.monotonic()
        before = len(self._proxy.opened)
        self._await(lambda: len(self._proxy.opened) > before, "the next poll")
        pause = self._proxy.opened[before] - struck_at
        self.longest_pause_seconds = max(self.longest_pause_seconds, pause)
        if pause > GOES_ON_WITHIN_SECONDS:
            raise BrokenPromiseError(
                f"nobody fetched for {pause:.0f} s:\n{self._hato.log()[-3000:]}"
            )
        self._await_rest()

    def _end_somehow(self) -> None:
        """Let the next round begin without a server."""
        if self._chance.random() < 0.5:
            self._hato.kill()
        else:
            self._hato.stop()

    def _await_rest(self) -> None:
        """Wait until everything is as it must be in the end; compare every octet then."""
        self._await(self._is_at_rest, "all letters")
        emails = self._judge()
        self._await(lambda: self._outputs.are_complete(emails), "the command")
        self._outputs.judge(emails)
        self._octets = max(self._proxy.octets, 2_000)

    def _is_at_rest(self) -> bool:
        """Tell whether all letters are here, and there as the rule says."""
        count = self._collector.count_letters()
        return count >= len(self._sent) and (self.keeps or not self.mailbox.present())

    def _await(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for what the server does by itself."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > until:
                raise BrokenPromiseError(f"in vain for {what}:\n{self._hato.log()[-3000:]}")
            time.sleep(0.05)

    def _judge(self) -> dict[int, bytes]:
        """Compare both sides with what was sent; return what is here."""
        emails = stored_emails(self._collector.data_folder)
        here = Counter(map(mark_of, emails.values()))
        there = set(map(mark_of, self.mailbox.present()))
        sent = set(self._sent)
        if twice := [mark for mark, count in here.items() if count > 1]:
            raise BrokenPromiseError(f"here twice: {twice}")
        if strange := here.keys() - sent:
            raise BrokenPromiseError(f"never sent: {sorted(strange)}")
        if lost := sent - here.keys() - there:
            raise BrokenPromiseError(f"deleted there and not here: {sorted(lost)}")
        if self.keeps and (gone := sent - there):
            raise BrokenPromiseError(f"deleted there against the rule: {sorted(gone)}")
        return emails

    def figures(self) -> Sequence[str]:
        """Say what was tried and found."""
        rule = "keep" if self.keeps else "delete"
        count = len(self._sent)
        return [
            (
                f"{self.mailbox.name}, {rule}, hato serve: {count} of {count} letters here once, "
                f"0 lost, 0 twice, 0 deleted there too early; 0 of {len(self._proxy.opened)} polls "
                f"beside another one; longest pause {self.longest_pause_seconds:.1f} s"
            ),
            (
                f"  Maildir: {count} of {count} once; command: {count} of {count} in order, run "
                f"again for {self._outputs.runs_again}"
            ),
            *(f"  {what}: {number}" for what, number in sorted(self.outcomes.items())),
        ]
