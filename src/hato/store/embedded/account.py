"""The account handle of the embedded store.

Called by services and edges, which know it as `store.api.Account`.
Never blocks the loop for a disk: what may wait goes to a thread.
Standards: see `store.api`.
Fails with the errors that `store.api` names.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import apsw
import msgspec

from hato.core.errors import ConflictError, DamagedError, NotFoundError, StorageFullError
from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.core.limits import REMEMBER_REMOVED_SECONDS
from hato.store.api import Lock, Snapshot, Watch
from hato.store.changes import Committed, Purge, Purged, PutObject, Wanted
from hato.store.embedded import queries
from hato.store.embedded.account_writer import Request
from hato.store.embedded.body_reader import BodyReader
from hato.store.embedded.compaction import compact
from hato.store.embedded.faults import SPOILED, domain_error, is_full
from hato.store.embedded.following import Follower
from hato.store.embedded.latest import emails_of_thread, latest_emails
from hato.store.embedded.locks import EmbeddedLock, lock_taken_at, take_lock
from hato.store.embedded.losses import KIND as LOSS_KIND
from hato.store.embedded.record import Location, account_seed
from hato.store.embedded.replay import INDEX
from hato.store.embedded.rows import read_account
from hato.store.embedded.schema import open_index
from hato.store.embedded.search_index import EmbeddedSearchIndex
from hato.store.embedded.shared import Shared
from hato.store.embedded.snapshot import (
    EmbeddedSnapshot,
    read_state,
    take_snapshot,
    update_snapshot,
)
from hato.store.embedded.verify import verify
from hato.store.embedded.watch import EmbeddedWatch
from hato.store.model import (
    BodyRef,
    ChangeKind,
    Changes,
    Email,
    HeldEmail,
    LedgerEntry,
    Mailbox,
    Piece,
    Place,
    StoredObject,
    Usage,
    VerifyReport,
)
from hato.store.resolve import INBOX_ID

_Answer = TypeVar("_Answer")
_FEW: Final = 100
"""A mailbox of no more messages is read as a whole, whatever is new; more messages than this by
their ids are read in a thread (some 25 microseconds each)."""
_MANY: Final = 1_000
"""The snapshot of a mailbox of more messages than this is taken in a thread."""


class EmbeddedAccount:
    """One person's mail."""

    inbox = INBOX_ID

    def __init__(self, shared: Shared, account_id: AccountId) -> None:
        """Open nothing yet."""
        self.account_id = account_id
        self._shared = shared
        self._folder = shared.folder_of(account_id)
        self._bodies = BodyReader(self._folder, account_id, shared.files, shared.layouts)
        self.search = EmbeddedSearchIndex(
            self._folder, shared.space, lambda: self._ask(read_account, is_large=True)
        )
        self._is_up_to_date = False
        self._ended = -1
        self._watches: list[EmbeddedWatch] = []

    # Writing

    async def commit(
        self,
        wanted: Sequence[Wanted],
        *,
        expected_modseq: ModSeq | None = None,
        delivery_id: bytes | None = None,
        fence: Lock | None = None,
    ) -> Committed:
        """Do all of `wanted` in one durable step, or nothing; publish it."""
        if fence is not None and not isinstance(fence, EmbeddedLock):
            raise ConflictError("the lock is not one of this account")
        request = Request(wanted, expected_modseq, delivery_id, fence)
        try:
            return await self._shared.committer.submit(self.account_id, request)
        except StorageFullError:
            # What another process removed is free only when this one has closed it too.
            if not await asyncio.to_thread(self._shared.sweep):
                raise
        return await self._shared.committer.submit(self.account_id, request)

    def published(self, committed: Committed) -> None:
        """Tell those who watch; no longer trust places of octets once some have ended."""
        if any(isinstance(fact, Purged) for fact in committed.facts):
            self._ended = -1
        for watch in tuple(self._watches):
            watch.publish(committed)

    async def lock(self, name: str, wait_seconds: float = 0.0) -> Lock:
        """Take the exclusive lock `name`, across processes."""
        return await take_lock(self._folder, name, wait_seconds)

    async def lock_taken_at(self, name: str) -> int | None:
        """Return when the lock `name` was last taken, by the clock of the file system."""
        return lock_taken_at(self._folder, name)

    # Asking the index

    async def _ask(
        self, question: Callable[[apsw.Connection], _Answer], *, is_large: bool = False
    ) -> _Answer:
        """Ask the index, brought up to date once by this process; a bad one is made anew."""
        if not self._is_up_to_date or self._shared.writers.is_behind(self.account_id):
            await self._in_thread(self._catch_up)
            self._is_up_to_date = True
        try:
            return await self._ask_once(question, is_large=is_large)
        except (FileNotFoundError, apsw.CantOpenError):
            await self._in_thread(self._catch_up)
        except SPOILED:
            self._shared.indexes.forget(self._folder)
            await self._in_thread(self._rebuild)
        try:
            return await self._ask_once(question, is_large=is_large)
        except (OSError, apsw.Error) as fault:
            raise domain_error(fault, "reading the index") from fault

    async def _ask_once(
        self, question: Callable[[apsw.Connection], _Answer], *, is_large: bool
    ) -> _Answer:
        try:
            if is_large:
                return await asyncio.to_thread(self._ask_apart, question)
            try:
                return question(self._shared.indexes.get(self._folder))
            except apsw.BusyError:  # a thread may wait, the loop may not
                return await asyncio.to_thread(self._ask_apart, question)
        except (FileNotFoundError, apsw.CantOpenError, *SPOILED):
            raise
        except (OSError, apsw.Error) as fault:
            raise domain_error(fault, "reading the index") from fault

    def _ask_apart(self, question: Callable[[apsw.Connection], _Answer]) -> _Answer:
        """Ask with a connection of its own: that of the loop must not be busy."""
        connection = open_index(f"{self._folder}/{INDEX}")
        try:
            return question(connection)
        finally:
            connection.close()

    async def _in_thread(self, work: Callable[[], _Answer]) -> _Answer:
        try:
            return await asyncio.to_thread(self._with_reserve, work)
        except FileNotFoundError as fault:
            if os.path.isdir(self._folder):
                raise DamagedError(f"a file of the account is missing: {fault.filename}") from fault
            raise NotFoundError("the account is not there") from None
        except (OSError, apsw.Error) as fault:
            raise domain_error(fault, "bringing an account up to date") from fault

    def _with_reserve(self, work: Callable[[], _Answer]) -> _Answer:
        """Do it; on a full disk once more, in the room that was put aside."""
        try:
            return work()
        except (OSError, apsw.Error) as fault:
            if not is_full(fault) or not self._shared.space.release_reserve():
                raise
        return work()

    def _catch_up(self) -> None:
        """Apply what the journal has and the index lacks, under the gate."""
        writer = self._shared.writers.get(self.account_id)
        with writer.gate.held(), writer.left_as_found():
            writer.catch_up()

    def _catch_up_if_free(self) -> bool:
        """Do so unless somebody writes; then the index is behind only for that long."""
        writer = self._shared.writers.get(self.account_id)
        with writer.gate.held_if_free() as is_held:
            if is_held:
                with writer.left_as_found():
                    writer.catch_up()
        return is_held

    def _rebuild(self) -> None:
        writer = self._shared.writers.get(self.account_id)
        with writer.gate.held():
            writer.rebuild()
            writer.catch_up()

    # Reading

    async def snapshot(self, mailbox: MailboxId) -> Snapshot:
        """Return the mailbox as it is now."""
        if self._shared.must_sweep():
            await asyncio.to_thread(self._shared.sweep)
        cached = self._shared.snapshots.get(self.account_id, mailbox)
        if cached is not None and cached.is_current():
            return cached
        snapshot = await self._take_snapshot(mailbox, cached)
        # The journal is longer than the index says: somebody writes, or died while writing.
        if not snapshot.is_current() and await self._in_thread(self._catch_up_if_free):
            snapshot = await self._take_snapshot(mailbox, snapshot)
        return snapshot

    async def _take_snapshot(
        self, mailbox: MailboxId, cached: EmbeddedSnapshot | None
    ) -> EmbeddedSnapshot:
        state = await self._ask(lambda index: read_state(index, mailbox))
        self._ended = state.ended
        if cached is not None and cached.is_of(state):
            return cached
        snapshot: EmbeddedSnapshot | None = None
        if cached is not None and len(cached) > _FEW and not cached.is_misplaced(state):
            snapshot = await self._ask(
                lambda index: update_snapshot(index, self.account_id, self._folder, cached)
            )
        if snapshot is None:
            snapshot = await self._ask(
                lambda index: take_snapshot(index, self.account_id, self._folder, mailbox),
                is_large=state.total > _MANY,
            )
        self._shared.snapshots.put(self.account_id, snapshot)
        return snapshot

    def read_now(self, body: BodyRef, start: int, stop: int) -> Piece | None:
        """Return octets of a body if they are in memory, else None."""
        hint = body.hint
        if len(hint) != 4 or hint[3] != self._ended:
            return None
        try:
            return self._bodies.read_now(body[0], Location._make(hint[:3]), start, stop)
        except (DamagedError, FileNotFoundError):
            return None  # `read` finds out whether it has only moved
        except OSError as fault:
            raise domain_error(fault, "reading a message") from fault

    async def read(self, body: BodyRef, start: int, stop: int) -> Piece:
        """Return octets of a body; reads ahead."""
        hint = body.hint
        if len(hint) != 4 or hint[3] != self._ended:
            body = await self.find_body(body.body_id)
        try:
            return await self._read_at(body, start, stop)
        except (DamagedError, FileNotFoundError):
            moved = await self.find_body(body.body_id)
            if moved.hint[:3] == body.hint[:3]:
                raise DamagedError("the message is damaged") from None
        try:
            return await self._read_at(moved, start, stop)
        except FileNotFoundError:
            raise DamagedError("the message's segment is gone") from None

    async def _read_at(self, body: BodyRef, start: int, stop: int) -> Piece:
        place = Location(*body.hint[:3])
        try:
            piece = self._bodies.read_now(body.body_id, place, start, stop)
            if piece is not None:
                return piece
            return await asyncio.to_thread(self._bodies.read, body.body_id, place, start, stop)
        except FileNotFoundError:
            raise
        except OSError as fault:
            raise domain_error(fault, "reading a message") from fault

    async def mailboxes(self) -> list[Mailbox]:
        """Return all mailboxes, by id."""
        return await self._ask(queries.mailboxes, is_large=True)

    async def emails(self, email_ids: Sequence[EmailId]) -> list[Email]:
        """Return those of the messages that exist, in the order asked for."""
        return await self._ask(
            lambda index: queries.emails(index, self.account_id, email_ids),
            is_large=len(email_ids) > _FEW,
        )

    async def latest(
        self,
        mailboxes: Sequence[MailboxId],
        most: int,
        *,
        before: Place | None = None,
        only_unseen: bool = False,
    ) -> list[Email]:
        """Return the newest messages of some mailboxes, newest first."""
        return await self._ask(
            lambda index: latest_emails(
                index, self.account_id, mailboxes, most, before=before, only_unseen=only_unseen
            ),
            is_large=True,
        )

    async def thread(self, thread_id: ThreadId) -> list[Email]:
        """Return the messages of a thread, oldest first."""
        return await self._ask(
            lambda index: emails_of_thread(index, self.account_id, thread_id), is_large=True
        )

    async def find_body(self, body_id: BodyId) -> BodyRef:
        """Find octets by id, blobs included."""
        found = await self._ask(lambda index: queries.body(index, body_id))
        self._ended = found.hint[3]
        return found

    async def changes(self, kind: ChangeKind, since: ModSeq, limit: int) -> Changes:
        """Return what changed after `since`."""
        return await self._ask(
            lambda index: queries.changes(index, kind, since, limit), is_large=True
        )

    async def expunged(self, mailbox: MailboxId, since: ModSeq) -> list[Uid]:
        """Return UIDs that left the mailbox after `since`, ascending."""
        return await self._ask(lambda index: queries.expunged(index, mailbox, since), is_large=True)

    async def held(self) -> list[HeldEmail]:
        """Return deleted messages that can be brought back, latest first."""
        return await self._ask(queries.held, is_large=True)

    async def stored_object(self, kind: str, object_id: str) -> StoredObject | None:
        """Return a small named thing, or None."""
        found = await self._ask(lambda index: queries.stored_objects(index, kind, object_id))
        return found[0] if found else None

    async def stored_objects(self, kind: str) -> list[StoredObject]:
        """Return all small things of a kind, by id."""
        return await self._ask(lambda index: queries.stored_objects(index, kind), is_large=True)

    async def ledger(
        self, source: str, *, after: bytes | None = None, most: int | None = None
    ) -> list[LedgerEntry]:
        """Return a source's ledger, by UIDL."""
        return await self._ask(
            lambda index: queries.ledger(index, source, after, most), is_large=True
        )

    async def ledger_entries(self, source: str, uidls: Sequence[bytes]) -> list[LedgerEntry]:
        """Return those of the lines that are in a source's ledger, in the order asked for."""
        return await self._ask(
            lambda index: queries.ledger_entries(index, source, uidls), is_large=len(uidls) > _FEW
        )

    async def usage(self) -> Usage:
        """Return what the account holds and may hold."""
        return await self._ask(queries.usage)

    async def modseq(self) -> ModSeq:
        """Return the number of the last committed step."""
        return await self._ask(queries.modseq)

    async def watch(self) -> Watch:
        """Subscribe to what happens from now on."""
        row = await self._ask(read_account)
        seed = account_seed(self.account_id)
        follower = Follower(self._folder, seed, (row.segment, row.segment_end))

        async def look() -> list[Committed]:
            if not follower.has_news():
                return []
            now = await self._ask(read_account)
            until = (now.segment, now.segment_end)
            return await self._in_thread(lambda: follower.read(until))

        watch = EmbeddedWatch(ModSeq(row.modseq), look, self._watches.remove)
        self._watches.append(watch)
        return watch

    # Upkeep

    async def verify(self, *, repair: bool = False) -> VerifyReport:
        """Check every checksum, and the index against a fresh replay; `repair` rebuilds it."""
        writer = self._shared.writers.get(self.account_id)
        now = self._shared.clock.now()
        report = await self._in_thread(lambda: verify(writer, now, repair=repair))
        faults = await self.search.faults(discard=repair)
        report = msgspec.structs.replace(report, differences=(*report.differences, *faults))
        if repair:
            self._shared.indexes.forget(self._folder)
            losses = await self.stored_objects(LOSS_KIND)
            if losses:
                await self.commit([PutObject(LOSS_KIND, one.object_id, None) for one in losses])
        return report

    async def purge(self, now: int) -> int:
        """End what is held or kept only until `now`; return how many messages and blobs went."""
        removed_before = now - REMEMBER_REMOVED_SECONDS
        held, uploads, floor = await self._ask(
            lambda index: queries.ended_by(index, now, removed_before), is_large=True
        )
        if not held and not uploads and floor == 0:
            return 0
        committed = await self.commit([Purge(held, uploads, floor)])
        gone = [fact for fact in committed.facts if isinstance(fact, Purged)]
        return sum(len(fact.email_ids) + len(fact.body_ids) for fact in gone)

    async def compact(self) -> int:
        """Give back the space of what is gone; return octets won."""
        await self._ask(read_account, is_large=True)
        won = await self._in_thread(self._compact)
        self._shared.files.forget(self._folder)
        return won

    def _compact(self) -> int:
        writer = self._shared.writers.get(self.account_id)
        was_open = writer.is_open
        try:
            return compact(writer, self._shared.clock.now())
        finally:
            if not was_open:
                with writer.gate.held():
                    writer.close()

    def close(self) -> None:
        """End all subscriptions."""
        for watch in tuple(self._watches):
            watch.close()
