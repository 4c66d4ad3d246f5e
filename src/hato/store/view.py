"""What resolving must look up in an account: exact questions, each with a bounded answer.

Called by `store.resolve` and `store.overlay`; answered by every backend.
Never decides anything; never scans: each method is one indexed query of a database.
Standards: none; the words are those of `store.model`.
Fails with whatever the backend's own reading fails with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store.model import LedgerEntry, Role


class Totals(NamedTuple):
    """The account's counters, sums and limits: one row."""

    modseq: ModSeq
    """The number of the last committed step."""
    next_id: int
    """The next free number for a message, body, thread or upload: they share one counter, so
    that an id of one kind that is taken for another kind's is never found."""
    next_mailbox: int
    next_uidvalidity: int
    used_octets: int
    used_count: int
    quota_octets: int | None
    quota_count: int | None
    floor: ModSeq = ModSeq(0)
    """What went at or before this step is forgotten."""


class MailboxRow(NamedTuple):
    """A mailbox without what is counted in it."""

    mailbox_id: MailboxId
    parent: MailboxId
    name: str
    role: Role | None
    is_subscribed: bool
    sort_order: int
    uidvalidity: int
    uidnext: Uid


class Placement(NamedTuple):
    r"""Which message lies there, and whether it is \Deleted there."""

    email_id: EmailId
    is_deleted: bool


class EmailRow(NamedTuple):
    """What resolving needs of a message; `placements` is empty for a held one."""

    email_id: EmailId
    size_octets: int
    keywords: frozenset[str]
    placements: tuple[tuple[MailboxId, Uid], ...]
    modseq: ModSeq


class AccountView(Protocol):
    """An account as it stands, the effects of everything committed (or applied) included."""

    @property
    def account_id(self) -> AccountId:
        """Whose mail it is."""
        ...

    def totals(self) -> Totals:
        """Return counters, sums and limits."""
        ...

    def mailbox(self, mailbox: MailboxId) -> MailboxRow | None:
        """Find a mailbox by id."""
        ...

    def find_mailbox(self, parent: MailboxId, name: str) -> MailboxId | None:
        """Find a mailbox by its exact name below a parent."""
        ...

    def find_role(self, role: Role) -> MailboxId | None:
        """Find the one mailbox that has a role (RFC 8621 §2)."""
        ...

    def children(self, mailbox: MailboxId) -> list[MailboxId]:
        """Return the mailboxes directly below one."""
        ...

    def placements(self, mailbox: MailboxId, uids: Sequence[Uid] | None) -> dict[Uid, Placement]:
        """Return those of `uids` that are in the mailbox; None asks for all."""
        ...

    def emails(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that lie in some mailbox."""
        ...

    def held(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that are deleted and can still be brought back."""
        ...

    def blobs(self, body_ids: Iterable[BodyId]) -> set[BodyId]:
        """Return those of the uploads that are still kept."""
        ...

    def thread_of(self, reference_hashes: Sequence[int]) -> ThreadId | None:
        """Return the lowest thread that a message with any of the hashes belongs to."""
        ...

    def has_uidl(self, uidl: str) -> bool:
        """Tell whether a message, held ones included, keeps this UIDL from elsewhere."""
        ...

    def delivered_at(self, delivery_id: bytes) -> int | None:
        """Return when a delivery id was used last, in seconds since 1970 UTC."""
        ...

    def object_content(self, kind: str, object_id: str) -> bytes | None:
        """Return a small named thing's content."""
        ...

    def ledger_entries(self, source: str, uidls: Sequence[bytes]) -> dict[bytes, LedgerEntry]:
        """Return those of the lines that are in a source's ledger."""
        ...
