"""Kills a server around QUIT: the moment at which POP3 deletes.

Used by tests/faults/test_killed_quits.py and by `python -m tests.faults`.
Never lets more than one session of a person run, as the maildrop's lock has it.
Standards: RFC 1939 §6 (UPDATE: only after QUIT, and then all of it).
Fails with PromiseError: something was deleted in part, without QUIT, or not although it was said.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.ledger import Ledger, PromiseError, delete_all, log_in
from tests.faults.marked_letters import SMALL, Marks
from tests.faults.senders import Errand, connect, hand_over
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.wire import WireError

LETTERS = 16
"""So many letters are in a mailbox at least when a session begins."""
LETTERS_MOST = 60
QUIT_SHARE = 0.8
"""So many sessions send QUIT; the others lose their connection without it."""
PAUSE_MOST_SECONDS = 0.012


@dataclass
class Session:
    """One person's session in one round."""

    person: Person
    client: Pop3Client
    doomed: list[str]
    """Unique-ids of what was marked with DELE."""
    sends_quit: bool
    said_ok: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def quit(self, start: threading.Barrier) -> None:
        """Send QUIT with the others; wait for the answer or the end."""
        start.wait()
        try:
            if self.sends_quit:
                self.client.send("QUIT")
                self.said_ok = self.client.read_status().ok
        except (WireError, OSError):
            return
        finally:
            self.ended.set()


class KilledQuits:
    """The rounds of one run on one server."""

    def __init__(self, server: HatoServer, people: list[Person], seed: int) -> None:
        """`server` runs; `people` are its own and have no mail."""
        self.server = server
        self.ledger = Ledger(people)
        self.outcomes: Counter[str] = Counter()
        self.kills = 0
        self._chance = random.Random(f"quits:{seed}")
        self._marks = Marks(seed)

    def run(self, kills: int) -> None:
        """Kill so often; compare after each, and every octet at the end."""
        for _ in range(kills):
            self._fill()
            sessions = [self._open(person) for person in self.ledger.people]
            self._quit_and_kill(sessions)
            self.server.start()
            for session in sessions:
                self._judge(session)
        self.ledger.look(self.server, whole=True)

    def _fill(self) -> None:
        """Deliver until everybody has enough."""
        lacking = {p: LETTERS - len(self._present(p)) for p in self.ledger.people}
        with connect(self.server) as client:
            for number in range(max(0, *lacking.values())):
                recipients = tuple(p for p, count in lacking.items() if count > number)
                mark = self._marks.next(self._chance.randint(*SMALL))
                replies = hand_over(client, Errand(mark, recipients), self.ledger)
                if any(reply.code != 250 for reply in replies):
                    raise PromiseError(f"a delivery was answered {replies}")
        self.ledger.look(self.server)

    def _present(self, person: Person) -> dict[str, str]:
        return self.ledger.mailbox(person).present

    def _open(self, person: Person) -> Session:
        client = log_in(self.server, person)
        listed = client.unique_ids()
        most = len(listed)
        count = most if most > LETTERS_MOST else self._chance.randint(1, most)
        numbers = sorted(self._chance.sample(sorted(listed), count))
        delete_all(client, numbers)
        doomed = [listed[number] for number in numbers]
        return Session(person, client, doomed, self._chance.random() < QUIT_SHARE)

    def _quit_and_kill(self, sessions: list[Session]) -> None:
        start = threading.Barrier(len(sessions) + 1)
        threads = [threading.Thread(target=one.quit, args=(start,)) for one in sessions]
        for thread in threads:
            thread.start()
        pause = self._chance.random() * PAUSE_MOST_SECONDS
        start.wait()
        time.sleep(pause)  # the random moment itself
        self.server.kill()
        self.kills += 1
        for thread in threads:
            thread.join()
        for session in sessions:
            session.client.wire.hang_up()

    def _judge(self, session: Session) -> None:
        """All of it, or nothing; all after `+OK`, nothing without QUIT."""
        person = session.person
        before = list(self._present(person))
        with log_in(self.server, person) as client:
            found = list(client.unique_ids().values())
            client.quit()
        rest = [one for one in before if one not in session.doomed]
        if found not in (before, rest):
            raise PromiseError(
                f"{person.address}: of {len(before)} letters {len(session.doomed)} were marked and "
                f"{len(found)} are there: {found}"
            )
        was_deleted = found == rest
        if session.said_ok and not was_deleted:
            raise PromiseError(f"{person.address}: +OK was said and nothing deleted")
        if was_deleted and not session.sends_quit:
            raise PromiseError(f"{person.address}: something was deleted without QUIT")
        if was_deleted:
            self.ledger.note_deleted(person, session.doomed)
        self.outcomes[_outcome(session, was_deleted=was_deleted)] += 1

    def figures(self) -> list[str]:
        """Say what was tried and found."""
        total = sum(self.outcomes.values())
        return [
            f"killed around QUIT: {self.kills} servers; {total} of {total} sessions all or nothing",
            *(f"{what}: {count} of {count}" for what, count in sorted(self.outcomes.items())),
            *self.ledger.figures(),
        ]


def _outcome(session: Session, *, was_deleted: bool) -> str:
    if session.said_ok:
        return "+OK was said: all that was marked is gone"
    if not session.sends_quit:
        return "QUIT was not sent: nothing is gone"
    return f"QUIT was not answered: {'all of it' if was_deleted else 'nothing'} is gone"
