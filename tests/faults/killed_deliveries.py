"""Kills a server at random moments while several clients deliver to several people.

Used by tests/faults/test_killed_deliveries.py and by `python -m tests.faults`.
Never waits for luck: a kill comes a random number of answers and microseconds after the start.
Standards: RFC 5321 §6.1 (a 250 is a responsibility).
Fails with PromiseError or DamageError; the message of the run says seed and kill.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter

from tests.faults.ledger import Ledger
from tests.faults.marked_letters import Marks
from tests.faults.senders import Answers, Correspondent, all_over, end
from tests.system.people import Person
from tests.system.server_process import HatoServer

CLIENTS = 6
ANSWERS_MOST = 25
"""So many letters are answered at most before a kill."""
PAUSE_MOST_SECONDS = 0.02
LOOK_EVERY = 5
EMPTY_EVERY = 25
ONE_WORKER_SHARE = 0.3
"""So many of the kills hit one worker instead of everybody."""


class KilledDeliveries:
    """The rounds of one run on one server."""

    def __init__(self, server: HatoServer, people: list[Person], seed: int) -> None:
        """`server` runs; `people` are its own and have no mail."""
        self.server = server
        self.ledger = Ledger(people)
        self.kills: Counter[str] = Counter()
        self._chance = random.Random(f"deliveries:{seed}")
        self._answers = Answers()
        marks = Marks(seed)
        self._clients = [
            Correspondent(number, self.ledger, marks, seed, self._answers)
            for number in range(CLIENTS)
        ]

    def run(self, kills: int) -> None:
        """Kill so often, compare now and then; at the end everything was answered."""
        for number in range(1, kills + 1):
            self._round()
            if number % EMPTY_EVERY == 0:
                self.ledger.empty(self.server)
            elif number % LOOK_EVERY == 0:
                self.ledger.look(self.server)
        for client in self._clients:
            client.settle(self.server)
        self.ledger.look(self.server, whole=True)

    def _round(self) -> None:
        target = self._answers.count + self._chance.randint(0, ANSWERS_MOST)
        for client in self._clients:
            if client.is_over:
                client.begin(self.server)
        self._answers.wait_for(target, lambda: all_over(self._clients))
        time.sleep(self._chance.random() * PAUSE_MOST_SECONDS)  # the random moment itself
        if self._chance.random() < ONE_WORKER_SHARE:
            self._kill_one_worker()
        else:
            self.server.kill()
            self.kills["whole servers"] += 1
            for client in self._clients:
                client.join()
            self.server.start()

    def _kill_one_worker(self) -> None:
        """Kill a worker; what it did not answer is sent again to the others or to its successor."""
        workers = self.server.process_ids()[1:]
        os.kill(self._chance.choice(workers), signal.SIGKILL)
        self.kills["single workers"] += 1
        self._answers.wait_for(self._answers.count + CLIENTS, lambda: all_over(self._clients))
        end(self._clients)

    def figures(self) -> list[str]:
        """Say what was tried and found."""
        killed = ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items()))
        again = sum(client.sent_again for client in self._clients)
        return [
            f"killed: {killed}",
            *self.ledger.figures(),
            f"sent again after a lost answer: {again}, none doubled by it",
        ]
