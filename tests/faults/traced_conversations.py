"""Conversations with a server under strace, and whether each answer came after the disk had all.

Used by tests/faults/test_durable_before_the_answer.py and by `python -m tests.faults`.
Never guesses which call belongs to which letter: letters have marks, clients have ports.
Standards: RFC 5321 §6.1, RFC 1939 §6.
Fails with NotDurableError.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from random import Random

from tests.faults.durability import CALLS, SENDS, Disk, NotDurableError, answers_on
from tests.faults.ledger import Ledger, delete_all, log_in
from tests.faults.marked_letters import BULK, CHUNKED, SMALL, SPOOLED, Marks
from tests.faults.senders import Errand, connect, hand_over
from tests.faults.system_calls import Trace, tracer
from tests.system.people import Person
from tests.system.server_process import HatoServer

SIZES = (SMALL, SMALL, CHUNKED, SMALL, SPOOLED, SMALL, BULK)
CLIENTS = 4
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Accepted:
    """A letter that was answered with 250 for everybody."""

    errand: Errand
    port: int
    """The client's, which names the connection in the trace."""
    was_alone: bool
    """Whether nothing else happened at that time."""


@dataclass(frozen=True)
class Deleted:
    """A session whose QUIT was answered `+OK` after deletions."""

    person: Person
    port: int
    mark: str
    """A word that only this session said, before its QUIT: ports are used again."""


class TracedConversations:
    """Deliveries and deletions on a server that runs under strace."""

    def __init__(self, server: HatoServer, people: list[Person], seed: int) -> None:
        """`server` does not run yet; `people` are its own and have no mail."""
        self.server = server
        self.ledger = Ledger(people)
        self.accepted: list[Accepted] = []
        self.deleted: list[Deleted] = []
        self._chance = Random(f"traced:{seed}")
        self._marks = Marks(seed)
        self._trace_file = server.folder / "trace"
        self._lock = threading.Lock()

    def run(self, rounds: int) -> Disk:
        """Converse, stop the server, return what its trace tells."""
        self.server.wrapper = tracer(self._trace_file, CALLS)
        self.server.start()
        process_id = self.server.process_id
        for number in range(rounds):
            self._deliver_alone(number)
            if number % 2:
                self._deliver_together()
            self._delete(self.ledger.people[number % len(self.ledger.people)])
        self.ledger.look(self.server, whole=True)
        assert self.server.stop() == 0
        self.server.wrapper = ()
        return Disk(self._finished_trace(process_id))

    def _finished_trace(self, process_id: int) -> Trace:
        """Read the trace once strace has written the end of the server into it."""
        until = time.monotonic() + _PATIENCE_SECONDS
        last_line = [str(process_id), "+++ exited with 0 +++"]
        while last_line not in _last_lines(self._trace_file):
            assert time.monotonic() < until, "strace did not write the end of the server"
            time.sleep(0.01)
        return Trace.read(self._trace_file)

    def _deliver_alone(self, number: int) -> None:
        size = self._chance.randint(*SIZES[number % len(SIZES)])
        count = self._chance.randint(1, len(self.ledger.people))
        recipients = tuple(self._chance.sample(self.ledger.people, count))
        self._deliver(Errand(self._marks.next(size), recipients), was_alone=True)

    def _deliver(self, errand: Errand, *, was_alone: bool) -> None:
        with connect(self.server) as client:
            port = client.wire.raw.getsockname()[1]
            replies = hand_over(client, errand, self.ledger)
            assert all(reply.code == 250 for reply in replies), replies
        with self._lock:
            self.accepted.append(Accepted(errand, port, was_alone))

    def _deliver_together(self) -> None:
        """Several clients at once, so that commits share their syncs."""
        errands = [
            Errand(self._marks.next(self._chance.randint(*SMALL)), (person,))
            for person in self._chance.choices(self.ledger.people, k=CLIENTS)
        ]
        threads = [
            threading.Thread(target=self._deliver, args=(errand,), kwargs={"was_alone": False})
            for errand in errands
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _delete(self, person: Person) -> None:
        with log_in(self.server, person) as client:
            self.ledger.look_into(person, client)
            there = list(self.ledger.mailbox(person).present)
            if not there:
                return
            count = self._chance.randint(1, len(there))
            delete_all(client, range(1, count + 1))
            port = client.wire.raw.getsockname()[1]
            mark = f"XMARK{len(self.deleted):06d}"
            client.expect_error(mark)
            client.quit()
        self.ledger.note_deleted(person, there[:count])
        self.deleted.append(Deleted(person, port, mark))

    # What the trace must show

    def check(self, disk: Disk) -> list[str]:
        """Raise NotDurableError for the first answer that came too early; return the figures."""
        folders: dict[str, str] = {}
        records = sum(self._check_accepted(one, disk, folders) for one in self.accepted)
        deletions = sum(self._check_deleted(one, disk, folders) for one in self.deleted)
        return [
            (
                f"letters with all records on the disk before their 250: "
                f"{len(self.accepted)} of {len(self.accepted)} ({records} records)"
            ),
            (
                f"sessions with all deletions on the disk before the +OK to QUIT: "
                f"{len(self.deleted)} of {len(self.deleted)} ({deletions} writes)"
            ),
        ]

    def _check_accepted(self, one: Accepted, disk: Disk, folders: dict[str, str]) -> int:
        mark = one.errand.mark
        given = answers_on(disk.receives, one.port, mark)
        if not given:
            raise NotDurableError(f"{mark}: not in the trace")
        answers = answers_on(disk.writes, one.port, "Saved as", after=given[0].began)
        if not answers:
            raise NotDurableError(f"{mark}: no 250 in the trace")
        before = answers[0].began
        records = disk.records_of(mark)
        if len(records) != len(one.errand.recipients):
            raise NotDurableError(f"{mark}: written to {sorted(records)}")
        if one.was_alone and (dirty := disk.unsynced_journals(before)):
            raise NotDurableError(f"{mark}: not on the disk before the 250: {dirty}")
        if len(records) == 1:
            folders[one.errand.recipients[0].address] = next(iter(records))
        return disk.require(records.values(), before, mark)

    def _check_deleted(self, one: Deleted, disk: Disk, folders: dict[str, str]) -> int:
        what = f"QUIT of {one.person.address}"
        (marked,) = answers_on(disk.receives, one.port, one.mark)
        asked = answers_on(disk.receives, one.port, "QUIT", after=marked.began)[0]
        answer = answers_on(disk.writes, one.port, "+OK", after=asked.began)[0]
        assert answer.name in SENDS
        folder = folders[one.person.address]
        written = [
            call
            for call in disk.journal_writes
            if str(PurePosixPath(call.file).parent) == folder
            and asked.began < call.began < answer.began
        ]
        if not written:
            raise NotDurableError(f"{what}: nothing was written between QUIT and its answer")
        return disk.require(written, answer.began, what)


def _last_lines(file: Path) -> list[list[str]]:
    """Return who did it, and what; process ids are padded to five columns."""
    lines = file.read_bytes()[-4096:].decode(errors="replace").splitlines()
    return [line.split(maxsplit=1) for line in lines]
