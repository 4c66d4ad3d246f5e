"""The contract of the store: what every backend offers and `store.contract` tests.

Called by services and edges, which see nothing else of a backend.
Never names a protocol; every write is one durable step that is committed and published together.
Standards: RFC 9051, RFC 8620, RFC 8621, RFC 1939 for what readers need; the words are our own.
Fails with the errors of `core.errors`, named at each method.
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store.changes import Committed, Wanted
from hato.store.directory import Counters, Directory, Leases, Queue
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
    Room,
    StoredObject,
    Usage,
    VerifyReport,
)
from hato.store.staged import Staged

SNAPSHOT_KEYWORDS: Final = 62
"""Keywords that a snapshot has bits for; further ones are found by `Account.emails` only."""


class Lock(Protocol):
    """An exclusive lock that dies with its holder."""

    fence: int
    """Grows with each holder; a commit that names an outdated one is refused."""

    async def release(self) -> None:
        """Give it back; harmless twice."""
        ...


class Snapshot(Protocol):
    """A mailbox as it was at one moment, ascending by UID, as compact arrays.

    Shared by all readers of the account; nobody may change it.
    """

    mailbox_id: MailboxId
    uidvalidity: int
    uidnext: Uid
    modseq: ModSeq
    """The account's at that moment."""
    uids: array[int]
    email_ids: array[int]
    sizes: array[int]
    """Octets of each message, prefix included."""
    traits: array[int]
    received: array[int]
    """When each message arrived, seconds since 1970 UTC."""
    flags: array[int]
    r"""Bit 0: the placement is \Deleted; bit n+1: the message has `keyword_names[n]`."""
    keyword_names: tuple[str, ...]
    """At most SNAPSHOT_KEYWORDS; which ones, where there are more, is not said."""
    total_octets: int

    def __len__(self) -> int:
        """How many messages."""
        ...

    def uidl(self, index: int) -> str:
        """Return the UIDL of the message at `index` (0-based)."""
        ...

    def body(self, index: int) -> BodyRef:
        """Return where the octets of the message at `index` (0-based) are."""
        ...

    def is_current(self) -> bool:
        """Tell, with one system call at most, whether the mailbox is still like this.

        False also says: not known without asking further; then take a new snapshot.
        """
        ...


class Watch(Protocol):
    """A subscription to what happens in one account, also by other processes."""

    def __aiter__(self) -> AsyncIterator[Committed]:
        """Yield each committed step, in order, from the subscription on.

        A step of another process that a compaction took away before it was read is missing: the
        modseq of the next one shows the gap, and `Account.changes` tells what was in it.
        """
        ...

    def close(self) -> None:
        """End the subscription; harmless twice."""
        ...


class Account(Protocol):
    """One person's mail. INBOX always exists (`inbox`)."""

    account_id: AccountId
    inbox: MailboxId

    # Writing

    async def commit(
        self,
        wanted: Sequence[Wanted],
        *,
        expected_modseq: ModSeq | None = None,
        delivery_id: bytes | None = None,
        fence: Lock | None = None,
    ) -> Committed:
        """Do all of `wanted` in one durable step, or nothing; publish it.

        Durable means: it survives the loss of the machine's power from the moment this returns.
        Raises ConflictError (`expected_modseq` or `fence` outdated), NotFoundError (a mailbox or
        message is not there), AlreadyExistsError, InvalidInputError (what nobody may ask for,
        such as removing INBOX), OverQuotaError, StorageFullError, UnavailableError. A
        `delivery_id` that was used within DELIVERY_ID_SECONDS makes nothing happen and returns
        `is_duplicate`. A step in which nothing happens has no modseq of its own: it returns the
        account's, without facts, and is not published. `store.resolve` has the rules.
        """
        ...

    async def lock(self, name: str, wait_seconds: float = 0.0) -> Lock:
        """Take the exclusive lock `name` of this account, across processes.

        Raises InUseError when it is not free within `wait_seconds`.
        """
        ...

    # Reading

    async def snapshot(self, mailbox: MailboxId) -> Snapshot:
        """Return the mailbox as it is now. Raises NotFoundError."""
        ...

    def read_now(self, body: BodyRef, start: int, stop: int) -> Piece | None:
        """Return octets `start` up to `stop` of a body if they are in memory, else None.

        Never waits for a disk. Raises as `read`.
        """
        ...

    async def read(self, body: BodyRef, start: int, stop: int) -> Piece:
        """Return octets `start` up to `stop` (cut to the size) of a body; reads ahead.

        Every octet was checked against its checksum. Raises NotFoundError (purged),
        DamagedError, UnavailableError.
        """
        ...

    async def mailboxes(self) -> list[Mailbox]:
        """Return all mailboxes, by id."""
        ...

    async def emails(self, email_ids: Sequence[EmailId]) -> list[Email]:
        """Return those of the messages that lie somewhere, in the order asked for.

        Their placements are sorted.
        """
        ...

    async def latest(
        self,
        mailboxes: Sequence[MailboxId],
        most: int,
        *,
        before: Place | None = None,
        only_unseen: bool = False,
    ) -> list[Email]:
        """Return the newest messages that lie in any of the mailboxes, newest first, each once.

        Sorted by Place: when they arrived, then by id. `before`: only those behind that place, so
        that a list goes on where it ended. Never reads a large mailbox as a whole. Raises
        NotFoundError for a mailbox that is not there.
        """
        ...

    async def thread(self, thread_id: ThreadId) -> list[Email]:
        """Return the messages of a thread that lie somewhere, sorted by Place, oldest first."""
        ...

    async def find_body(self, body_id: BodyId) -> BodyRef:
        """Find octets by id, blobs and held messages included. Raises NotFoundError."""
        ...

    async def changes(self, kind: ChangeKind, since: ModSeq, limit: int) -> Changes:
        """Return what changed after `since`, in whole steps, oldest first.

        A thing appears once: as created at the step that made it (or brought it back), else as
        updated or destroyed at the last one that did. What came and went after `since` is left
        out. The first step is returned whole, even when it exceeds `limit`. A mailbox changes
        with every message in it, a thread with the messages that it has. Objects are named
        `kind/object_id`. Raises ConflictError below the pruning floor and for a state to come.
        """
        ...

    async def expunged(self, mailbox: MailboxId, since: ModSeq) -> list[Uid]:
        """Return UIDs that left the mailbox after `since`, ascending.

        Raises NotFoundError; ConflictError below the pruning floor and for a state to come.
        """
        ...

    async def held(self) -> list[HeldEmail]:
        """Return deleted messages that can be brought back, latest first."""
        ...

    async def stored_object(self, kind: str, object_id: str) -> StoredObject | None:
        """Return a small named thing, or None."""
        ...

    async def stored_objects(self, kind: str) -> list[StoredObject]:
        """Return all small things of a kind, by id."""
        ...

    async def ledger(
        self, source: str, *, after: bytes | None = None, most: int | None = None
    ) -> list[LedgerEntry]:
        """Return a source's ledger, by UIDL: those behind `after`, and not more than `most`."""
        ...

    async def usage(self) -> Usage:
        """Return what the account holds and may hold."""
        ...

    async def modseq(self) -> ModSeq:
        """Return the number of the last committed step: the account's state."""
        ...

    async def watch(self) -> Watch:
        """Subscribe to what happens from now on.

        The iteration ends when the subscription, or the store, is closed.
        """
        ...

    # Upkeep

    async def verify(self, *, repair: bool = False) -> VerifyReport:
        """Check every checksum, and the index against a fresh replay; `repair` rebuilds it."""
        ...

    async def purge(self, now: int) -> int:
        """End what is held or kept only until `now`; return how many messages and blobs went.

        What left more than REMEMBER_REMOVED_SECONDS before is forgotten: the floor rises.
        """
        ...

    async def compact(self) -> int:
        """Give back the space of what is gone; return octets won. May be killed at any moment."""
        ...


class Store(Protocol):
    """Everything that is kept."""

    directory: Directory
    counters: Counters
    leases: Leases
    queue: Queue

    def stage(self) -> Staged:
        """Begin to take in octets."""
        ...

    async def create_account(self) -> AccountId:
        """Make an empty account with an INBOX. Raises StorageFullError, UnavailableError."""
        ...

    async def account(self, account_id: AccountId) -> Account:
        """Return the handle of an account. Raises NotFoundError."""
        ...

    async def account_ids(self) -> list[AccountId]:
        """Return the ids of all accounts, sorted."""
        ...

    async def room(self) -> Room:
        """Tell how much room the disk has; nothing is missing where there is no disk."""
        ...

    async def remove_account(self, account_id: AccountId) -> None:
        """Remove an account and all its mail for good. Raises NotFoundError, InUseError."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of everything."""
        ...
