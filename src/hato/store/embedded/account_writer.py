"""One account's write: from taking the gate to what is durable and applied.

Called by `committer` (commits), `account` (brings an index up to date), `compaction`, `verify`;
by one thread at a time: whoever holds the gate.
Never acknowledges before the octets are on the disk; where the index cannot say so (its disk is
full), whoever asks it next in this process has to wait until it can.
Standards: none; `store.resolve` has the rules.
Fails with OSError and apsw.Error, and per request with the errors of `core.errors`.

begin -> add, for each request -> write -> sync -> finish; or abandon at any point.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import apsw
import msgspec

from hato.core.clock import Clock
from hato.core.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from hato.core.ids import AccountId, ModSeq
from hato.core.log import log
from hato.core.settings import StoreSettings
from hato.store.changes import Added, AddEmail, BlobPut, Committed, Fact, PutBlob, Wanted
from hato.store.embedded.apply import Applier
from hato.store.embedded.encode import Draft, Part, Record, location_of
from hato.store.embedded.faults import SPOILED, is_full
from hato.store.embedded.gate import Gate
from hato.store.embedded.journal import Journal
from hato.store.embedded.locks import EmbeddedLock
from hato.store.embedded.losses import Known, read_known
from hato.store.embedded.replay import INDEX, StaleIndexError, catch_up, is_trustworthy, rebuild
from hato.store.embedded.rows import Rows
from hato.store.embedded.schema import BUSY_MILLISECONDS, open_index
from hato.store.embedded.space import Space
from hato.store.embedded.staging import EmbeddedStaged
from hato.store.embedded.view import IndexView
from hato.store.resolve import is_duplicate, resolve

_FACTS: Final = msgspec.msgpack.Encoder()
_LITTLE_OCTETS: Final = 65_536


@dataclass(slots=True, frozen=True)
class Request:
    """What `Account.commit` was asked for."""

    wanted: Sequence[Wanted]
    expected_modseq: ModSeq | None = None
    delivery_id: bytes | None = None
    fence: EmbeddedLock | None = None

    def adding_octets(self) -> int:
        """Return how many octets of messages and uploads it brings; 0: it adds nothing."""
        return sum(
            one.staged.size_octets + 1 for one in self.wanted if isinstance(one, AddEmail | PutBlob)
        )


class AccountWriter:
    """Writes to one account."""

    def __init__(
        self,
        folder: str,
        account_id: AccountId,
        settings: StoreSettings,
        clock: Clock,
        space: Space,
    ) -> None:
        """Open nothing yet."""
        self.account_id = account_id
        self.folder = folder
        self.gate = Gate(folder)
        self.journal = Journal(folder, account_id)
        self._settings = settings
        self._clock = clock
        self._space = space
        self._connection: apsw.Connection | None = None
        self._inode = 0
        self._rows: Rows | None = None
        self._records: list[Record] = []
        self.is_behind = False
        """Whether the index lacks what was acknowledged: it could not be written."""
        self._must_leave = False
        self._has_walked = False
        self._begun_at = (0, 0)
        self._believed_end = (0, 0)
        """Where the journal ended when this write began: a segment and an end."""
        self._abandoned: tuple[int, int] | None = None
        """Where a write of ours began of which octets may stand in the journal and do not count."""

    @property
    def rows(self) -> Rows:
        """The rows of the write that was begun."""
        if self._rows is None:
            raise UnavailableError("no write was begun")
        return self._rows

    @property
    def is_open(self) -> bool:
        """Whether it has a connection to the index."""
        return self._connection is not None

    @property
    def is_pinned(self) -> bool:
        """Whether it remembers what nobody else knows."""
        return self._abandoned is not None or self.is_behind

    # Beginning

    def begin(self) -> None:
        """Open the index, begin a transaction, apply what the index lacks; rebuild if need be.

        Raises DamagedError where the journal is gone.
        """
        try:
            self._begin()
        except (StaleIndexError, *SPOILED) as fault:
            self.rebuild(self._read_known() if isinstance(fault, StaleIndexError) else None)
            try:
                self._begin()
            except StaleIndexError:
                raise DamagedError("the journal changes while it is read") from None

    def _begin(self) -> None:
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._catch_up(Rows(connection))
        except BaseException:
            self._roll_back()
            raise

    def _catch_up(self, rows: Rows) -> None:
        account, journal = rows.account, self.journal
        place = self._begun_at = (account.segment, account.segment_end)
        journal.stand_at(*place)
        if self._abandoned is not None and self._abandoned < place:
            self._abandoned = None  # somebody else read it, and went on behind it
        if self._abandoned == place:
            self._must_leave = True
        else:
            try:
                stand = journal.stand()
            except FileNotFoundError:
                raise StaleIndexError from None
            if self._has_walked and stand.octets == place[1] and not stand.is_sealed:
                self._must_leave = False
            else:
                must_leave = catch_up(rows, self.folder, journal.seed, self._abandoned)
                journal.stand_at(account.segment, account.segment_end)
                self._must_leave = must_leave or self._abandoned is not None
        self._believed_end = (journal.segment, journal.end)
        if self._believed_end == place:
            self.is_behind = False
        self._rows = rows
        self._records = []
        self._has_walked = True

    def _open(self) -> apsw.Connection:
        """Return a connection to the index that is there now; make a missing one anew."""
        path = f"{self.folder}/{INDEX}"
        try:
            inode = os.stat(path).st_ino
        except FileNotFoundError:
            inode = 0
        if self._connection is not None and inode == self._inode:
            return self._connection
        self.close()
        if not os.path.isdir(self.folder):
            raise NotFoundError("the account is not there")
        if inode == 0 or not os.path.exists(f"{path}-wal"):
            rebuild(self.folder, self.account_id)
        connection = open_index(path)
        if not is_trustworthy(connection, self.account_id):
            connection.close()
            rebuild(self.folder, self.account_id)
            connection = open_index(path)
        self._connection = connection
        self._inode = os.stat(path).st_ino
        return connection

    def _read_known(self) -> Known | None:
        """Return what the index knows and the journal may have lost, if it can be read."""
        if self._connection is None:
            return None
        try:
            return read_known(self._connection)
        except SPOILED:
            return None

    def rebuild(self, known: Known | None = None) -> None:
        """Make the index anew from the journal; the gate is held. `known`: see `replay`."""
        self.close()
        rebuild(self.folder, self.account_id, known, self._clock.now())

    # Changing

    def add(self, request: Request) -> Committed:
        """Resolve a request and plan its records. Raises the errors that `commit` names."""
        if request.fence is not None and not request.fence.is_valid():
            raise ConflictError("the lock was lost meanwhile")
        rows, now = self.rows, self._clock.now()
        view = IndexView(self.account_id, rows)
        before = ModSeq(rows.account.modseq)
        if is_duplicate(view, request.delivery_id, now):
            return Committed(before, now, (), is_duplicate=True)
        facts = resolve(
            view,
            request.wanted,
            now=now,
            undelete_seconds=self._settings.undelete_seconds,
            expected_modseq=request.expected_modseq,
            delivery_id=request.delivery_id,
        )
        if not facts:
            return Committed(before, now, ())
        adding_octets = request.adding_octets()
        if adding_octets:
            self._space.check(adding_octets)
        committed = Committed(ModSeq(before + 1), now, tuple(facts))
        self._plan(committed, _parts_of(request.wanted, facts))
        return committed

    def _plan(self, committed: Committed, parts: tuple[Part, ...]) -> None:
        journal, rows = self.journal, self.rows
        if not self._records:
            self.make_room()
        facts = _FACTS.encode(committed.facts)
        records = journal.plan(Draft(committed.modseq, committed.at, facts, parts))
        places = {
            record.head.body_id: location_of(record, journal.segment)
            for record in records
            if record.part is not None
        }
        self._records += records
        Applier(rows, committed.modseq, committed.at, places).apply(committed.facts)

    def make_room(self) -> None:
        """Begin the next segment where this one is full, sealed or torn; before planning."""
        if self._must_leave or self.journal.end >= self._settings.segment_octets:
            self.journal.begin_next(self._clock.now())
            self._must_leave = False

    def has_room_to_move(self, octets: int) -> bool:
        """Tell whether so much can be copied."""
        return self._space.has_room_to_move(octets)

    def has_room_to_remove(self, writing_octets: int, removing_octets: int) -> bool:
        """Tell whether so much can be written to remove so much, nothing being copied."""
        return self._space.has_room_to_remove(writing_octets, removing_octets)

    def is_room_missing(self) -> bool:
        """Tell whether also a little room is worth its writing."""
        return self._space.room().missing_octets > 0

    def write(self) -> None:
        """Hand what was planned to the system."""
        if self._records:
            self.journal.write(self._records)

    def sync(self) -> None:
        """Make it durable."""
        if self.journal.planned_end > self.journal.end:
            self.journal.sync()

    def finish(self) -> None:
        """Let the index say so too; what is durable has happened, whether it can or not."""
        rows = self.rows
        modseq = rows.account.modseq
        is_commit = bool(self._records)
        is_adding = any(record.part is not None for record in self._records)
        try:
            self._commit(rows)
        except apsw.Error as fault:
            self._roll_back()
            try:
                if is_adding and is_full(fault):
                    raise  # the reserve is for those who delete
                self._recover(modseq, fault)
            except (OSError, apsw.Error) as again:
                self._roll_back()
                if not is_commit:
                    raise
                self.is_behind = True
                log.error("index-behind", account=self.account_id, reason=str(again))

    def _commit(self, rows: Rows) -> None:
        rows.account.segment = self.journal.segment
        rows.account.segment_end = self.journal.end
        rows.flush()
        rows.connection.execute("COMMIT")
        self.is_behind = False
        self._rows = None
        self._records = []

    def _recover(self, modseq: int, fault: apsw.Error) -> None:
        """Apply from the journal, where everything is, what the index could not take."""
        self._space.release_reserve()
        if isinstance(fault, SPOILED):
            self.rebuild()
        segment = self.journal.segment
        self.begin()
        if self.rows.account.modseq < modseq or self.journal.segment != segment:
            self._roll_back()
            raise UnavailableError("the journal lost what was written a moment ago") from fault
        self._commit(self.rows)

    # Giving up

    def abandon(self) -> None:
        """Let nothing of this write have happened, whatever reached the disk."""
        was_written = self.journal.planned_end > self.journal.end
        self._roll_back()
        self.journal.unplan()
        if not was_written:
            return
        self._abandoned = self._believed_end
        with contextlib.suppress(OSError):
            self.journal.begin_next(self._clock.now())
            self._abandoned = None

    def _roll_back(self) -> None:
        self._rows = None
        self._records = []
        if self._connection is not None and self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def upkeep(self) -> Iterator[Rows]:
        """Write something that is no step: take the gate, catch up, sync and apply at the end."""
        with self.gate.held():
            self.begin()
            try:
                yield self.rows
                self.sync()
                self.finish()
            except BaseException:
                self.abandon()
                raise

    def catch_up(self) -> None:
        """Bring the index up to date and leave a segment with something torn at its end.

        The gate is held. Where nothing is to be done nothing is written: reading must be possible
        on a full disk.
        """
        self.begin()
        try:
            if self._must_leave:
                with contextlib.suppress(OSError):  # then whoever writes next does it, or says so
                    self.make_room()
            if (self.journal.segment, self.journal.end) == self._begun_at:
                self._roll_back()
            else:
                self.finish()
        except BaseException:
            self.abandon()
            raise

    def shrink_log(self) -> None:
        """Bring the index's log into the index and give its room back, unless somebody reads it.

        It is written over in place while there is work, and stays as long as it was once.
        """
        with self.gate.held():
            connection = self._open()
            if self._log_octets() < _LITTLE_OCTETS:
                return
            try:
                _truncate_log(connection)
            except SPOILED:
                self.rebuild()
            except apsw.Error as fault:
                if not isinstance(fault, apsw.BusyError) and not is_full(fault):
                    raise

    def _log_octets(self) -> int:
        """Return how long the index's log is; a connection outlives one that was removed."""
        try:
            return os.stat(f"{self.folder}/{INDEX}-wal").st_size
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def left_as_found(self) -> Iterator[None]:
        """Let go of the index after a block unless it was open before; the gate is held.

        Whoever only reads must not leave a second connection open for everybody.
        """
        was_open = self.is_open
        try:
            yield
        finally:
            if not was_open:
                self.close()

    def close(self) -> None:
        """Let go of the index; the gate is held, or nobody else uses this."""
        connection, self._connection, self._rows = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(apsw.Error):
                connection.close()


def _truncate_log(connection: apsw.Connection) -> None:
    """Try at once or not at all: whoever delivers waits for the gate, which is held."""
    connection.set_busy_timeout(0)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.set_busy_timeout(BUSY_MILLISECONDS)


def _parts_of(wanted: Sequence[Wanted], facts: Sequence[Fact]) -> tuple[Part, ...]:
    """Pair each message and upload that is wanted with the number that it got."""
    bringing = [one for one in wanted if isinstance(one, AddEmail | PutBlob)]
    got = [fact.body_id for fact in facts if isinstance(fact, Added | BlobPut)]
    return tuple(
        Part(
            body_id,
            one.prefix if isinstance(one, AddEmail) else b"",
            cast("EmbeddedStaged", one.staged),
        )
        for one, body_id in zip(bringing, got, strict=True)
    )
