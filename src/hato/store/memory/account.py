"""The account handle of the store in memory.

Called by services and edges, which know it as `store.api.Account`.
Never waits while it changes anything, so each step is one; the rules are `store.resolve`'s.
Standards: see `store.api`.
Fails with the errors that `store.api` names; nothing here can be full, damaged or unavailable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hato.core.clock import Clock
from hato.core.errors import ConflictError, NotFoundError
from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.core.limits import REMEMBER_REMOVED_SECONDS
from hato.store.api import Lock, Snapshot, Watch
from hato.store.changes import Added, AddEmail, BlobPut, Committed, Purge, PutBlob, Wanted
from hato.store.memory.lock import MemoryLocks
from hato.store.memory.snapshot import MemorySnapshot
from hato.store.memory.state import AccountState
from hato.store.memory.watch import MemoryWatch
from hato.store.model import (
    SEEN,
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
    Traits,
    Usage,
    VerifyReport,
)
from hato.store.resolve import FIRST_MODSEQ, INBOX_ID, first_facts, is_duplicate, resolve
from hato.store.uidl import make_uidl

_LINE_WITH_DOT = re.compile(rb"(?<=\r\n)\.")


class MemoryAccount:
    """One person's mail."""

    inbox = INBOX_ID

    def __init__(self, account_id: AccountId, clock: Clock, undelete_seconds: int) -> None:
        """Begin with an empty INBOX."""
        self.account_id = account_id
        self.locks = MemoryLocks()
        self._clock = clock
        self._undelete_seconds = undelete_seconds
        self._bodies: dict[BodyId, bytes] = {}
        self._watches: list[MemoryWatch] = []
        self._is_removed = False
        self._state = AccountState(account_id)
        now = clock.now()
        self._state.apply(Committed(FIRST_MODSEQ, now, tuple(first_facts(now))))

    # Writing

    async def commit(
        self,
        wanted: Sequence[Wanted],
        *,
        expected_modseq: ModSeq | None = None,
        delivery_id: bytes | None = None,
        fence: Lock | None = None,
    ) -> Committed:
        """Do all of `wanted` in one step, or nothing; publish it."""
        octets = [await _octets(one) for one in wanted if isinstance(one, AddEmail | PutBlob)]
        self._check_is_there()
        if fence is not None and not self.locks.is_held(fence):
            raise ConflictError("the lock was lost meanwhile")
        state, now = self._state, self._clock.now()
        before = state.totals().modseq
        if is_duplicate(state, delivery_id, now):
            return Committed(before, now, (), is_duplicate=True)
        facts = resolve(
            state,
            wanted,
            now=now,
            undelete_seconds=self._undelete_seconds,
            expected_modseq=expected_modseq,
            delivery_id=delivery_id,
        )
        if not facts:
            return Committed(before, now, ())
        bodies = [fact.body_id for fact in facts if isinstance(fact, Added | BlobPut)]
        self._bodies.update(zip(bodies, octets, strict=True))
        committed = Committed(ModSeq(before + 1), now, tuple(facts))
        state.apply(committed)
        self._drop_unused_bodies()
        for watch in self._watches:
            watch.publish(committed)
        return committed

    def _drop_unused_bodies(self) -> None:
        used = {email.added.body_id for email in self._state.all_emails.values()}
        for body_id in self._bodies.keys() - used - self._state.uploads.keys():
            del self._bodies[body_id]

    async def lock(self, name: str, wait_seconds: float = 0.0) -> Lock:
        """Take the exclusive lock `name`."""
        self._check_is_there()
        return await self.locks.take(name, wait_seconds)

    # Reading

    async def snapshot(self, mailbox: MailboxId) -> Snapshot:
        """Return the mailbox as it is now."""
        self._check_mailbox(mailbox)
        return MemorySnapshot(self._state, mailbox)

    def read_now(self, body: BodyRef, start: int, stop: int) -> Piece | None:
        """Return octets of a body: they are always in memory."""
        octets = self._bodies.get(body.body_id)
        if octets is None:
            raise NotFoundError("the message is gone")
        data = octets[start:stop]
        dots = [match.start() - start for match in _LINE_WITH_DOT.finditer(octets, start, stop)]
        begins_line = start == 0 or octets[max(start - 2, 0) : start] == b"\r\n"
        if begins_line and data.startswith(b".") and 0 not in dots:
            dots.insert(0, 0)
        return Piece(data, dots)

    async def read(self, body: BodyRef, start: int, stop: int) -> Piece:
        """Return octets of a body."""
        piece = self.read_now(body, start, stop)
        if piece is None:
            raise NotFoundError("the message is gone")
        return piece

    async def mailboxes(self) -> list[Mailbox]:
        """Return all mailboxes, by id."""
        self._check_is_there()
        state = self._state
        return [
            Mailbox(
                **there.row._asdict(),
                total=len(there.placements),
                unseen=state.unseen(mailbox),
                size_octets=state.octets(mailbox),
                modseq=state.history[ChangeKind.MAILBOX].modseqs(mailbox)[1],
            )
            for mailbox, there in sorted(state.mailboxes.items())
        ]

    async def emails(self, email_ids: Sequence[EmailId]) -> list[Email]:
        """Return those of the messages that exist, in the order asked for."""
        self._check_is_there()
        return [self._email(email_id) for email_id in email_ids if self._state.emails([email_id])]

    async def latest(
        self,
        mailboxes: Sequence[MailboxId],
        most: int,
        *,
        before: Place | None = None,
        only_unseen: bool = False,
    ) -> list[Email]:
        """Return the newest messages of some mailboxes, newest first."""
        for mailbox in mailboxes:
            self._check_mailbox(mailbox)
        found = [
            Place(email.added.received, email_id)
            for email_id, email in self._state.all_emails.items()
            if not email.placements.keys().isdisjoint(mailboxes)
            and not (only_unseen and SEEN in email.keywords)
        ]
        found = sorted(place for place in found if before is None or place < before)
        return [self._email(place.email_id) for place in found[::-1][:most]]

    async def thread(self, thread_id: ThreadId) -> list[Email]:
        """Return the messages of a thread, oldest first."""
        self._check_is_there()
        found = sorted(
            Place(email.added.received, email_id)
            for email_id, email in self._state.all_emails.items()
            if email.placements and email.added.thread_id == thread_id
        )
        return [self._email(place.email_id) for place in found]

    def _email(self, email_id: EmailId) -> Email:
        email = self._state.all_emails[email_id]
        added = email.added
        return Email(
            email_id=email_id,
            thread_id=added.thread_id,
            body=BodyRef(added.body_id, added.size_octets),
            uidl=added.uidl or make_uidl(self.account_id, email_id),
            received=added.received,
            traits=Traits(added.traits),
            keywords=email.keywords,
            placements=tuple(sorted(email.placements.items())),
            source=added.source,
            modseq=email.modseq,
            created_modseq=self._state.history[ChangeKind.EMAIL].modseqs(email_id)[0],
        )

    async def find_body(self, body_id: BodyId) -> BodyRef:
        """Find octets by id, blobs included."""
        if body_id not in self._bodies:
            raise NotFoundError("the octets are not there")
        return BodyRef(body_id, len(self._bodies[body_id]))

    async def changes(self, kind: ChangeKind, since: ModSeq, limit: int) -> Changes:
        """Return what changed after `since`."""
        self._check_state(since)
        return self._state.history[kind].changes(since, limit, self._state.totals().modseq)

    async def expunged(self, mailbox: MailboxId, since: ModSeq) -> list[Uid]:
        """Return UIDs that left the mailbox after `since`, ascending."""
        self._check_mailbox(mailbox)
        self._check_state(since)
        gone = self._state.mailboxes[mailbox].expunged
        return sorted(uid for uid, modseq in gone.items() if modseq > since)

    async def held(self) -> list[HeldEmail]:
        """Return deleted messages that can be brought back, latest first."""
        self._check_is_there()
        held = [email for email in self._state.all_emails.values() if not email.placements]
        held.sort(key=lambda email: (email.modseq, email.added.email_id), reverse=True)
        return [
            HeldEmail(
                email.added.email_id,
                BodyRef(email.added.body_id, email.added.size_octets),
                email.added.received,
                email.held_until,
                email.last_mailbox,
            )
            for email in held
        ]

    async def stored_object(self, kind: str, object_id: str) -> StoredObject | None:
        """Return a small named thing, or None."""
        self._check_is_there()
        found = self._state.objects.get((kind, object_id))
        return None if found is None else StoredObject(kind, object_id, *found)

    async def stored_objects(self, kind: str) -> list[StoredObject]:
        """Return all small things of a kind, by id."""
        self._check_is_there()
        found = sorted(self._state.objects.items())
        return [StoredObject(*names, *what) for names, what in found if names[0] == kind]

    async def ledger(
        self, source: str, *, after: bytes | None = None, most: int | None = None
    ) -> list[LedgerEntry]:
        """Return a source's ledger, by UIDL."""
        self._check_is_there()
        lines = sorted(self._state.ledgers.get(source, {}).items())
        return [entry for uidl, entry in lines if after is None or uidl > after][:most]

    async def usage(self) -> Usage:
        """Return what the account holds and may hold."""
        self._check_is_there()
        totals = self._state.totals()
        return Usage(
            used_octets=totals.used_octets,
            used_count=totals.used_count,
            held_octets=self._state.held_octets,
            quota_octets=totals.quota_octets,
            quota_count=totals.quota_count,
        )

    async def modseq(self) -> ModSeq:
        """Return the number of the last committed step."""
        self._check_is_there()
        return self._state.totals().modseq

    async def watch(self) -> Watch:
        """Subscribe to what happens from now on."""
        self._check_is_there()
        watch = MemoryWatch(self._watches.remove)
        self._watches.append(watch)
        return watch

    # Upkeep

    async def verify(self, *, repair: bool = False) -> VerifyReport:
        """Say what is there: memory has no checksums, and no second copy to differ from."""
        self._check_is_there()
        emails = [email.added for email in self._state.all_emails.values()]
        octets = sum(added.size_octets for added in emails)
        return VerifyReport(self.account_id, len(emails), octets, (), ())

    async def purge(self, now: int) -> int:
        """End what is held or kept only until `now`."""
        held = tuple(one.email_id for one in await self.held() if one.held_until <= now)
        uploads = self._state.uploads.values()
        expired = tuple(upload.body_id for upload in uploads if upload.expires <= now)
        old = now - REMEMBER_REMOVED_SECONDS
        floor = max((m for m, at in self._state.removals.items() if at <= old), default=ModSeq(0))
        await self.commit([Purge(held, expired, floor)])
        return len(held) + len(expired)

    async def compact(self) -> int:
        """Give back nothing: memory has no gaps."""
        self._check_is_there()
        return 0

    def remove(self) -> None:
        """Answer NotFoundError from now on; end all subscriptions."""
        self._is_removed = True
        self.close()

    def close(self) -> None:
        """End all subscriptions."""
        for watch in list(self._watches):
            watch.close()

    def _check_is_there(self) -> None:
        if self._is_removed:
            raise NotFoundError("the account is not there")

    def _check_mailbox(self, mailbox: MailboxId) -> None:
        self._check_is_there()
        if mailbox not in self._state.mailboxes:
            raise NotFoundError("the mailbox is not there")

    def _check_state(self, since: ModSeq) -> None:
        self._check_is_there()
        totals = self._state.totals()
        if not totals.floor <= since <= totals.modseq:
            raise ConflictError("what changed since then is not known")


async def _octets(wanted: AddEmail | PutBlob) -> bytes:
    octets = await wanted.staged.read(0, wanted.staged.size_octets)
    return wanted.prefix + octets if isinstance(wanted, AddEmail) else octets
