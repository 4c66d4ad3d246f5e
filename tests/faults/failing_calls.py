"""Lets system calls of a running worker fail, or kills it at one, while mail comes and goes.

Used by tests/faults/test_failing_calls.py and by `python -m tests.faults`.
Never lets a call fail for good: the server must go on by itself when the disk is well again.
Standards: RFC 3463 §3.4 (4.3.x), RFC 3206 §4 (SYS/TEMP).
Fails with PromiseError.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.ledger import Ledger, PromiseError, delete_all, log_in
from tests.faults.marked_letters import SMALL, SPOOLED, Marks
from tests.faults.senders import Errand, LostConnectionError, connect, hand_over
from tests.faults.system_calls import attached
from tests.system.lmtp import LmtpClient
from tests.system.people import Person
from tests.system.server_process import HatoServer
from tests.system.wire import WireError

SYNCS = "fdatasync,fsync"
JOURNAL_WRITES = "pwritev,pwritev2"
INDEX_WRITES = "pwrite64"
NAMES = "openat,rename,unlink,fchmod,ftruncate"
READS = "pread64,preadv,preadv2"

LETTERS = 4
"""So many are delivered while calls fail."""


@dataclass(frozen=True)
class Failure:
    """Calls that fail, and when: `3` the third, `2+` from the second on."""

    calls: str
    error: str
    when: str

    def __str__(self) -> str:
        return f"{self.calls} fails with {self.error} ({self.when})"

    @property
    def expressions(self) -> tuple[str, str]:
        """What strace is told."""
        return (
            f"trace={self.calls}",
            f"inject={self.calls}:error={self.error}:when={self.when}",
        )


def failures(rounds: int) -> list[Failure]:
    """Return the failures to try: the first calls of each kind, one after the other."""
    found = []
    for number in range(1, rounds + 1):
        found += [
            Failure(calls, error, when)
            for calls in (SYNCS, JOURNAL_WRITES, INDEX_WRITES)
            for error in ("EIO", "ENOSPC")
            for when in (str(number), f"{number}+")
        ]
        found.append(Failure(NAMES, "EIO", str(number)))
        found.append(Failure(NAMES, "ENOSPC", f"{number}+"))
    return found


class FailingCalls:
    """The rounds of one run on one server with one worker."""

    def __init__(self, server: HatoServer, people: list[Person], seed: int) -> None:
        """`server` runs; `people` are its own and have no mail."""
        self.server = server
        self.ledger = Ledger(people)
        self.answers: Counter[str] = Counter()
        self.tried = 0
        self.sent_again = 0
        self._refused: list[Errand] = []
        self._chance = random.Random(f"failing:{seed}")
        self._marks = Marks(seed)

    def try_failure(self, failure: Failure) -> None:
        """Deliver and delete while calls fail, then see that all is well again."""
        self.tried += 1
        try:
            self._prepare()
            with attached([self._worker], *failure.expressions):
                self._deliver(failure)
            self.ledger.look(self.server)
            self._delete(failure)
            self._go_on()
            self.ledger.look(self.server)
        except (AssertionError, LostConnectionError, OSError) as fault:
            raise PromiseError(f"{failure}: {type(fault).__name__}: {fault}") from fault

    @property
    def _worker(self) -> int:
        (worker,) = self.server.process_ids()[1:]
        return worker

    def _prepare(self) -> None:
        """Give everybody a few letters to delete."""
        with connect(self.server) as client:
            for _ in range(2):
                self._must_accept(client, self._new_errand(self.ledger.people))
        self.ledger.look(self.server)

    def _must_accept(self, client: LmtpClient, errand: Errand) -> None:
        replies = hand_over(client, errand, self.ledger)
        if any(reply.code != 250 for reply in replies):
            raise PromiseError(f"with a sound disk a letter was answered {replies}")

    def _deliver(self, failure: Failure) -> None:
        with connect(self.server) as client:
            for number in range(LETTERS):
                size = self._chance.randint(*(SPOOLED if number == LETTERS - 1 else SMALL))
                count = self._chance.randint(1, len(self.ledger.people))
                recipients = tuple(self._chance.sample(self.ledger.people, count))
                errand = Errand(self._marks.next(size), recipients)
                replies = hand_over(client, errand, self.ledger)
                if any(reply.code != 250 for reply in replies):
                    self._refused.append(errand)
                for reply in replies:
                    self.answers[f"{failure.error}: a letter was answered {reply.code}"] += 1

    def _delete(self, failure: Failure) -> None:
        """Let the calls of a QUIT fail: everything is gone, or nothing and -ERR [SYS/TEMP]."""
        person = self._chance.choice(self.ledger.people)
        mailbox = self.ledger.mailbox(person)
        with log_in(self.server, person) as client:
            there = list(mailbox.present)
            doomed = there[: self._chance.randint(1, len(there))]
            delete_all(client, range(1, len(doomed) + 1))
            with attached([self._worker], *failure.expressions):
                answer = client.command("QUIT")
                client.expect_close()
        with log_in(self.server, person) as client:
            found = list(client.unique_ids().values())
            client.quit()
        if not answer.ok and answer.code != "SYS/TEMP":
            raise PromiseError(f"QUIT was answered {answer.line!r}")
        said = "+OK" if answer.ok else "-ERR [SYS/TEMP]"
        rest = [one for one in there if one not in doomed]
        if answer.ok:
            self.ledger.note_deleted(person, doomed)
        if found != (rest if answer.ok else there):
            raise PromiseError(
                f"QUIT was answered {said}; of {len(there)} letters {len(doomed)} were marked and "
                f"{len(found)} are there"
            )
        self.answers[f"{failure.error}: QUIT was answered {said}"] += 1

    def _go_on(self) -> None:
        """With calls that work again everything works again; what was refused is sent again."""
        refused, self._refused = self._refused, []
        with connect(self.server) as client:
            for errand in refused:
                self._must_accept(client, errand)
                self.sent_again += 1
            for person in self.ledger.people:
                self._must_accept(client, self._new_errand((person,)))

    def _new_errand(self, recipients: tuple[Person, ...]) -> Errand:
        return Errand(self._marks.next(self._chance.randint(*SMALL)), recipients)

    def figures(self) -> list[str]:
        """Say what was tried and found."""
        return [
            f"failing calls: went on by itself after {self.tried} of {self.tried}",
            *(f"{what}: {count}" for what, count in sorted(self.answers.items())),
            (
                f"refused, then accepted when sent again, and there once: "
                f"{self.sent_again} of {self.sent_again}"
            ),
            *self.ledger.figures(),
        ]


class KilledAtCalls:
    """Kills the worker at each sync of one delivery, or of one QUIT, one after the other."""

    def __init__(self, server: HatoServer, people: list[Person], seed: int) -> None:
        """`server` runs with one worker; `people` are its own and have no mail."""
        self.server = server
        self.ledger = Ledger(people)
        self.kills: Counter[str] = Counter()
        self._chance = random.Random(f"killed at calls:{seed}")
        self._marks = Marks(seed)

    def kill_at_each(
        self, what: str, calls: str, prepare: Callable[[], object], octets: int, people: int = 1
    ) -> None:
        """Deliver a letter again and again, killed at the first call, the second, and so on."""
        recipients = self.ledger.people[:people]
        for number in range(1, 100):
            prepare()
            errand = Errand(self._marks.next(octets), recipients)
            if not self._is_killed(calls, number, errand):
                self.kills[what] += number - 1
                return
            with connect(self.server) as client:  # the next worker, as soon as it is there
                replies = hand_over(client, errand, self.ledger)
            if any(reply.code != 250 for reply in replies):
                raise PromiseError(f"{what}: after a kill a letter was answered {replies}")
            self.ledger.look(self.server)
        raise PromiseError(f"{what}: still not delivered without a kill")

    def _is_killed(self, calls: str, number: int, errand: Errand) -> bool:
        with connect(self.server) as client:
            (worker,) = self.server.process_ids()[1:]
            kill = f"inject={calls}:signal=KILL:when={number}"
            with attached([worker], f"trace={calls}", kill):
                try:
                    replies = hand_over(client, errand, self.ledger)
                except LostConnectionError:
                    return True
        if any(reply.code != 250 for reply in replies):
            raise PromiseError(f"a letter was answered {replies}")
        return False

    def kill_at_each_of_quit(self, calls: str) -> None:
        """Delete half of a mailbox, killed at the first call of QUIT, the second, and so on."""
        person = self.ledger.people[0]
        for number in range(1, 100):
            with connect(self.server) as client:
                for _ in range(4):
                    hand_over(client, Errand(self._marks.next(1000), (person,)), self.ledger)
            self.ledger.look(self.server)
            if not self._quit_is_killed(person, calls, number):
                self.kills["QUIT"] += number - 1
                return
        raise PromiseError("QUIT still did not end without a kill")

    def _quit_is_killed(self, person: Person, calls: str, number: int) -> bool:
        there = list(self.ledger.mailbox(person).present)
        doomed = there[: len(there) // 2]
        with log_in(self.server, person) as client:
            delete_all(client, range(1, len(doomed) + 1))
            (worker,) = self.server.process_ids()[1:]
            kill = f"inject={calls}:signal=KILL:when={number}"
            with attached([worker], f"trace={calls}", kill):
                try:
                    said_ok = client.command("QUIT").ok
                except (WireError, OSError):
                    said_ok = False
                is_killed = not said_ok
        with log_in(self.server, person) as client:
            found = list(client.unique_ids().values())
            client.quit()
        rest = there[len(doomed) :]
        if found not in (there, rest) or (said_ok and found != rest):
            raise PromiseError(f"QUIT: {len(doomed)} of {len(there)} marked, {len(found)} there")
        if found == rest:
            self.ledger.note_deleted(person, doomed)
        self.ledger.look(self.server)
        return is_killed

    def figures(self) -> list[str]:
        """Say what was tried and found."""
        return [
            *(f"{what}: killed at each of {n} calls" for what, n in sorted(self.kills.items())),
            *self.ledger.figures(),
        ]
