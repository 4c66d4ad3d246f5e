"""What the server promised about each letter, and what is really there.

Used by the fault tests that kill, fill disks or make calls fail.
Never believes a listing alone: new letters are read and compared, all of them at the end.
Standards: RFC 1939 §7 (unique-ids), RFC 2033 §4.2 (a promise for each recipient).
Fails with PromiseError: an accepted letter is missing, one is there twice, a unique-id changed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from tests.faults.marked_letters import mark_in
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.wire import Wire

TRUSTED_ADDRESS = "127.1.0.1"
"""From here people log in without TLS."""


class PromiseError(AssertionError):
    """A promise was broken."""


class Promise(Enum):
    """What a client knows about a letter to one person."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "no answer came"


@dataclass
class Mailbox:
    """What is known of one person's mail."""

    promises: dict[str, Promise] = field(default_factory=dict)
    """By mark."""
    present: dict[str, str] = field(default_factory=dict)
    """Marks by unique-id, in the mailbox's order."""
    gone: set[str] = field(default_factory=set)
    """Unique-ids of letters that were deleted."""
    deleted: set[str] = field(default_factory=set)
    """Marks of letters that were deleted."""


def log_in(server: HatoServer, person: Person) -> Pop3Client:
    """Open a session without TLS, which is not what these tests are about."""
    wire = Wire.connect(server.addresses["pop3"], source=TRUSTED_ADDRESS)
    try:
        client = Pop3Client(wire)
        client.login(person)
    except BaseException:
        wire.hang_up()
        raise
    return client


class Ledger:
    """Promises to several people; safe to note in from several threads."""

    def __init__(self, people: Iterable[Person]) -> None:
        """Begin with empty mailboxes."""
        self.people = tuple(people)
        self.counts: Counter[str] = Counter()
        self._mailboxes = {person.address: Mailbox() for person in self.people}
        self._lock = threading.Lock()

    def mailbox(self, person: Person) -> Mailbox:
        """Return what is known of somebody's mail."""
        return self._mailboxes[person.address]

    def note(self, person: Person, mark: str, promise: Promise) -> None:
        """Remember an answer; a letter that was accepted once stays accepted."""
        with self._lock:
            promises = self.mailbox(person).promises
            earlier = promises.get(mark)
            if earlier is Promise.ACCEPTED:
                return
            if earlier is Promise.UNKNOWN and promise is Promise.REFUSED:
                return  # the first try may have worked
            promises[mark] = promise

    def look(self, server: HatoServer, *, whole: bool = False) -> None:
        """Compare everybody's mailbox with the promises; `whole`: read every letter again."""
        for person in self.people:
            with log_in(server, person) as client:
                self.look_into(person, client, whole=whole)
                client.quit()

    def empty(self, server: HatoServer) -> None:
        """Read and compare everything, then delete it: mailboxes stay small, unique-ids do not."""
        for person in self.people:
            with log_in(server, person) as client:
                self.look_into(person, client, whole=True)
                delete_all(client, range(1, len(self.mailbox(person).present) + 1))
                client.quit()
            self.note_deleted(person, list(self.mailbox(person).present))

    def note_deleted(self, person: Person, unique_ids: Iterable[str]) -> None:
        """Remember that letters were deleted: they must never come back."""
        mailbox = self.mailbox(person)
        for unique_id in unique_ids:
            mailbox.deleted.add(mailbox.present.pop(unique_id))
            mailbox.gone.add(unique_id)

    def look_into(self, person: Person, client: Pop3Client, *, whole: bool = False) -> None:
        """Compare one mailbox, in a session that is open, with the promises."""
        mailbox = self.mailbox(person)
        listed = client.unique_ids()
        found = list(listed.values())
        known = list(mailbox.present)
        if len(set(found)) != len(found):
            raise PromiseError(f"{person.address}: a unique-id is there twice")
        if found[: len(known)] != known:
            raise PromiseError(
                f"{person.address}: unique-ids changed or letters are lost: "
                f"{[mailbox.present[one] for one in known if one not in found]}"
            )
        if back := mailbox.gone.intersection(found):
            raise PromiseError(f"{person.address}: unique-ids came back: {back}")
        for number, unique_id in listed.items():
            if whole or unique_id not in mailbox.present:
                mark = mark_in(client.retrieve(number))
                if mailbox.present.setdefault(unique_id, mark) != mark:
                    raise PromiseError(f"{person.address}: {unique_id} is another letter now")
                self.counts["letters compared"] += 1
        self._judge(person, mailbox)

    def _judge(self, person: Person, mailbox: Mailbox) -> None:
        """Compare what is there with what was promised."""
        there = Counter(mailbox.present.values())
        there.update(mailbox.deleted)
        if twice := [mark for mark, count in there.items() if count > 1]:
            raise PromiseError(f"{person.address}: there twice: {twice}")
        with self._lock:
            promises = dict(mailbox.promises)
        accepted = {mark for mark, promise in promises.items() if promise is Promise.ACCEPTED}
        refused = {mark for mark, promise in promises.items() if promise is Promise.REFUSED}
        if lost := accepted - there.keys():
            raise PromiseError(f"{person.address}: accepted and not there: {sorted(lost)}")
        if false := refused & there.keys():
            raise PromiseError(f"{person.address}: refused and there: {sorted(false)}")
        if strange := there.keys() - promises.keys():
            raise PromiseError(f"{person.address}: never sent: {sorted(strange)}")

    def figures(self) -> list[str]:
        """Say what was counted, as sentences."""
        promises = [p for box in self._mailboxes.values() for p in box.promises.items()]
        accepted = sum(promise is Promise.ACCEPTED for _mark, promise in promises)
        refused = sum(promise is Promise.REFUSED for _mark, promise in promises)
        unknown = 0
        kept = 0
        for box in self._mailboxes.values():
            there = box.deleted.union(box.present.values())
            open_ones = [m for m, promise in box.promises.items() if promise is Promise.UNKNOWN]
            unknown += len(open_ones)
            kept += len(there.intersection(open_ones))
        return [
            f"accepted and there: {accepted} of {accepted}; there twice: 0 of {accepted}",
            f"refused and not there: {refused} of {refused}",
            f"never answered: {unknown}, of which {kept} are there, none twice",
            f"letters compared octet by octet: {self.counts['letters compared']}, damaged: 0",
        ]


def delete_all(client: Pop3Client, numbers: Iterable[int]) -> None:
    """DELE for each, in one go."""
    wanted = list(numbers)
    if not wanted:
        return
    client.send("\r\n".join(f"DELE {number}" for number in wanted))
    for number in wanted:
        answer = client.read_status()
        if not answer.ok:
            raise PromiseError(f"DELE {number} was answered {answer.line!r}")
