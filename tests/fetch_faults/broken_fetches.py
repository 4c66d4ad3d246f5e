"""Fetches that are killed, or whose connection is cut, at random moments; what is where after each.

Used by the tests beside it and by `python -m tests.fetch_faults`.
Never believes the fetching side: both stores are read, and every octet compared with its mark.
Standards: none; the promise is that every letter is here once, and gone there only then.
Fails with BrokenPromiseError.
"""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.faults.marked_letters import CHUNKED, SMALL, SPOOLED, Marks
from tests.fetch_faults.collector import DELETE, KEEP, Collector, await_end, kill
from tests.fetch_faults.cutting_proxy import Cut, CuttingProxy
from tests.fetch_faults.mailboxes import ProviderMailbox, mark_of

LETTERS_IN_A_ROUND: Final = 6
_SETTLED_EVERY: Final = 12
_POLLS_TO_SETTLE: Final = 4
_BEYOND_THE_END: Final = 1.1
"""Some moments lie behind the end of a fetch."""


class BrokenPromiseError(AssertionError):
    """A letter is lost, is here twice, or was deleted there before it was here."""


class BrokenFetches:
    """One run: one provider's mailbox, one rule, one collector."""

    def __init__(self, mailbox: ProviderMailbox, folder: Path, seed: int, *, keeps: bool) -> None:
        """The mailbox is empty; `keeps`: whether the rule is to keep mail there."""
        self.mailbox = mailbox
        self.keeps = keeps
        self._proxy = CuttingProxy(mailbox.port)
        self._collector = Collector(folder)
        self._chance = random.Random(f"fetches:{seed}:{mailbox.name}:{keeps}")
        self._marks = Marks(seed)
        self._sent: list[str] = []
        self._octets = 20_000
        self._seconds = 1.0
        self.outcomes: Counter[str] = Counter()

    def run(self, kills: int, cuts: int) -> None:
        """Kill and cut so often, and let it come to rest now and then and at the end."""
        with self._proxy:
            self._collector.add_source(
                self.mailbox, self._proxy.port, KEEP if self.keeps else DELETE
            )
            self._settle()
            rounds: list[Callable[[], None]] = [self._kill] * kills + [self._cut] * cuts
            self._chance.shuffle(rounds)
            for number, break_it in enumerate(rounds, 1):
                self._send()
                break_it()
                self._judge()
                if number % _SETTLED_EVERY == 0:
                    self._settle()
            self._settle()

    def _send(self) -> None:
        """Let letters arrive at the provider, mostly small ones."""
        count = self._chance.randint(1, LETTERS_IN_A_ROUND)
        sizes = self._chance.choices((SMALL, CHUNKED, SPOOLED), (88, 9, 3), k=count)
        marks = [self._marks.next(self._chance.randint(*size)) for size in sizes]
        self.mailbox.put(marks)
        self._sent += marks

    def _moment(self) -> int:
        """Choose an octet of the conversation; now and then one of its first or last."""
        return int(self._chance.random() * self._octets * _BEYOND_THE_END)

    def _kill(self) -> None:
        """Kill the fetching process at an octet of its conversation, or some time after its start.

        Now and then, in the midst of the conversation, it is asked to end, as by Ctrl-C, instead;
        before that Python may still be loading the program, and says so in its own way.
        """
        by_octets = self._chance.random() < 0.7
        gently = (signal.SIGINT, signal.SIGTERM) if by_octets else ()
        how = self._chance.choice((signal.SIGKILL,) * 4 + gently)
        process: list[subprocess.Popen[bytes]] = []
        has_begun = threading.Event()

        def strike() -> None:
            has_begun.wait()
            kill(process[0], how)

        self._proxy.plan(self._moment() if by_octets else None, strike if by_octets else None)
        process.append(self._collector.begin_fetch())
        has_begun.set()
        if not by_octets:
            time.sleep(self._chance.random() * self._seconds * _BEYOND_THE_END)  # the moment itself
            kill(process[0], how)
        status, _ = await_end(process[0])
        self._proxy.cut(Cut.RESET)
        self.outcomes[f"{how.name}: {'ended before' if status == 0 else 'ended by it'}"] += 1

    def _cut(self) -> None:
        """Cut the connection at an octet of the conversation; the process ends by itself."""
        how = self._chance.choice(tuple(Cut))
        self._proxy.plan(self._moment(), lambda: self._proxy.cut(how))
        self._collector.fetch()
        self.outcomes[f"cut: {how.value}"] += 1

    def _settle(self) -> None:
        """Fetch undisturbed: now everything is here once, and there as the rule says."""
        missing, words = list[str](), ""
        for _ in range(_POLLS_TO_SETTLE):
            self._proxy.plan(None)
            began = time.monotonic()
            status, words = self._collector.fetch()
            if status == 0:
                self._seconds = time.monotonic() - began
                self._octets = max(self._proxy.octets, 2_000)
            missing = self._judge()
            if status == 0 and not missing and (self.keeps or not self.mailbox.present()):
                return
        raise BrokenPromiseError(
            f"{self.mailbox.name}: after {_POLLS_TO_SETTLE} undisturbed polls {len(missing)} "
            f"letters are missing and {len(self.mailbox.present())} still there; the last said:\n"
            f"{words}"
        )

    def _judge(self) -> list[str]:
        """Compare both sides with what was sent; return what is not here yet."""
        here = Counter(map(mark_of, self._collector.letters()))
        there = Counter(map(mark_of, self.mailbox.present()))
        sent = set(self._sent)
        if twice := [mark for mark, count in here.items() if count > 1]:
            raise BrokenPromiseError(f"here twice: {twice}")
        if strange := here.keys() - sent:
            raise BrokenPromiseError(f"never sent: {sorted(strange)}")
        if lost := sent - here.keys() - there.keys():
            raise BrokenPromiseError(f"deleted there and not here: {sorted(lost)}")
        if self.keeps and (gone := sent - there.keys()):
            raise BrokenPromiseError(f"deleted there against the rule: {sorted(gone)}")
        return sorted(sent - here.keys())

    def figures(self) -> Sequence[str]:
        """Say what was tried and found."""
        rule = "keep" if self.keeps else "delete"
        return [
            (
                f"{self.mailbox.name}, {rule}: {len(self._sent)} of {len(self._sent)} letters here "
                f"once, 0 lost, 0 twice, 0 deleted there too early"
            ),
            *(f"  {what}: {count}" for what, count in sorted(self.outcomes.items())),
        ]
