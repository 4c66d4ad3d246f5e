"""LMTP clients that deliver one letter after the other, as an MTA does with its queue.

Used by the fault tests around a server that is killed, full or broken.
Never gives a letter up before it got an answer: who lost a connection sends the same letter again.
Standards: RFC 2033 §4.2, RFC 5321 §4.5.4.1 (trying again).
Fails with PromiseError when an answer is none of 250, 421, 451, 452.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.faults.ledger import Ledger, Promise, PromiseError
from tests.faults.marked_letters import Marks, letter_of, sender_of, some_size
from tests.system.lmtp import LmtpClient, LmtpReply, read_reply, stuff
from tests.system.people import Person
from tests.system.server_process import HatoServer
from tests.system.wire import Wire, WireError

PASSING = {421, 451, 452}
"""Answers of a server that cannot take a letter now."""


class LostConnectionError(Exception):
    """The connection ended before all answers came."""


@dataclass(frozen=True)
class Errand:
    """A letter and those whom it is for."""

    mark: str
    recipients: tuple[Person, ...]


@dataclass
class Answers:
    """Counts answers, and lets a test wait for the next ones."""

    count: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self) -> None:
        """Count one."""
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def wait_for(self, count: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Wait until so many were counted, or nothing more can come."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.count >= count or is_over(), timeout=60):
                raise PromiseError(f"no answer for a minute; {self.count} of {count} came")


def connect(server: HatoServer) -> LmtpClient:
    """Connect and greet. Raises OSError, LostConnectionError."""
    wire = Wire.connect(server.addresses["lmtp"])
    try:
        client = LmtpClient(wire)
        client.lhlo()
    except (WireError, OSError) as fault:
        wire.hang_up()
        raise LostConnectionError from fault
    return client


def hand_over(client: LmtpClient, errand: Errand, ledger: Ledger) -> list[LmtpReply]:
    """Deliver one letter and note each answer. Raises LostConnectionError when some are missing."""
    addresses = [person.address for person in errand.recipients]
    mark = errand.mark
    replies: list[LmtpReply] = []
    try:
        client.open_data(sender_of(mark), addresses)
        client.wire.send(stuff(letter_of(mark)))
        for person in errand.recipients:
            reply = read_reply(client.wire)
            replies.append(reply)
            ledger.note(person, mark, _promise_of(reply))
    except (OSError, WireError) as fault:
        for person in errand.recipients[len(replies) :]:
            ledger.note(person, mark, Promise.UNKNOWN)
        raise LostConnectionError(str(fault)) from fault
    return replies


def _promise_of(reply: LmtpReply) -> Promise:
    if reply.code == 250:
        return Promise.ACCEPTED
    if reply.code in PASSING:
        return Promise.REFUSED
    raise PromiseError(f"a letter was answered {reply}")


class Correspondent:
    """One client with its queue; it works in a thread for as long as the server lets it."""

    def __init__(
        self, number: int, ledger: Ledger, marks: Marks, seed: object, answers: Answers
    ) -> None:
        """Begin with nothing to send again."""
        self._ledger = ledger
        self._marks = marks
        self._chance = random.Random(f"{seed}:{number}")
        self._answers = answers
        self._pending: Errand | None = None
        self._thread: threading.Thread | None = None
        self._must_stop = threading.Event()
        self.fault: BaseException | None = None
        self.sent_again = 0
        """How often a letter was sent once more."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself: the server is gone."""
        return self._thread is None or not self._thread.is_alive()

    def begin(self, server: HatoServer) -> None:
        """Deliver until told to stop, or until nobody listens any more."""
        self._must_stop.clear()
        self._thread = threading.Thread(target=self._run, args=(server,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask for an end after the letter in hand."""
        self._must_stop.set()

    def join(self) -> None:
        """Wait for the end; raise what went wrong."""
        if self._thread is not None:
            self._thread.join(120)
            if self._thread.is_alive():
                raise PromiseError("a client still waits for an answer after two minutes")
        if self.fault is not None:
            raise self.fault

    def _run(self, server: HatoServer) -> None:
        try:
            while not self._must_stop.is_set():
                try:
                    with connect(server) as client:
                        self._work(client)
                except LostConnectionError:
                    continue
                except OSError:
                    return
        except BaseException as fault:  # noqa: BLE001 - the test's own thread raises it again
            self.fault = fault
        finally:
            with self._answers.changed:
                self._answers.changed.notify_all()

    def settle(self, server: HatoServer) -> None:
        """Send once more what was not answered, to a server that stays."""
        if self._pending is not None:
            with connect(server) as client:
                self.sent_again += 1
                hand_over(client, self._pending, self._ledger)
            self._pending = None

    def _work(self, client: LmtpClient) -> None:
        while not self._must_stop.is_set():
            if self._pending is None:
                self._pending = self._new_errand()
            else:
                self.sent_again += 1
            hand_over(client, self._pending, self._ledger)
            self._pending = None
            self._answers.add()

    def _new_errand(self) -> Errand:
        people = self._ledger.people
        count = min(self._chance.choice((1, 1, 1, 2, 3)), len(people))
        recipients = tuple(self._chance.sample(people, count))
        return Errand(self._marks.next(some_size(self._chance)), recipients)


def all_over(correspondents: Iterable[Correspondent]) -> bool:
    """Whether nobody delivers any more."""
    return all(one.is_over for one in correspondents)


def end(correspondents: Sequence[Correspondent]) -> None:
    """Let all of them finish the letter in hand."""
    for one in correspondents:
        one.stop()
    for one in correspondents:
        one.join()
