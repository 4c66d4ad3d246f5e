"""The store's typed changes: what is wanted (imperative) and what happened (past tense).

Called by services and edges (make the wanted), by backends (resolve, record, apply, publish).
Never holds a message's octets: a wanted AddEmail names what was staged.
Standards: RFC 9051, RFC 8621 for what can change; the journal's format is Hato's own.
Fails never.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from hato.core.ids import BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store.model import LedgerEntry, Role, Traits
from hato.store.staged import Staged

# Wanted: a caller's list of these becomes one durable step.


class AddEmail(msgspec.Struct, frozen=True):
    """Put a staged message into one or more mailboxes, at most once into each."""

    staged: Staged
    mailboxes: tuple[MailboxId, ...]
    received: int
    prefix: bytes = b""
    """What delivery adds in front: whole header lines with CRLF."""
    keywords: frozenset[str] = frozenset()
    traits: Traits = Traits(0)
    """Added to what staging found by itself."""
    uidl: str | None = None
    """A UIDL to keep from elsewhere; None, or one that is malformed or taken: made from the
    email id."""
    reference_hashes: tuple[int, ...] = ()
    """64-bit hashes of Message-ID (first), In-Reply-To and References: they make threads."""
    source: str | None = None
    ledger: tuple[LedgerEntry, ...] = ()
    """Ledger entries of `source`; the store fills in `email_id`: letter and entry in one record."""


class PlaceEmail(msgspec.Struct, frozen=True):
    r"""Let a message lie in one more mailbox (IMAP COPY), not \Deleted there.

    Nothing happens where it lies already.
    """

    email_id: EmailId
    mailbox: MailboxId


class MoveEmail(msgspec.Struct, frozen=True):
    r"""Move a placement to another mailbox; the message gets a new UID there, not \Deleted.

    Where it lies there already, it is only taken out here. Onto itself nothing happens.
    """

    mailbox: MailboxId
    uid: Uid
    target: MailboxId


class Expunge(msgspec.Struct, frozen=True):
    """Take messages out of a mailbox. What lies nowhere afterwards is held, then purged.

    UIDs that are gone already are passed over: what happened tells which were there.
    """

    mailbox: MailboxId
    uids: tuple[Uid, ...]


class SetKeywords(msgspec.Struct, frozen=True):
    """Remove and add keywords of messages; a delta, so that nobody overwrites somebody else.

    Messages that are gone are passed over; what happened tells which were there.
    """

    email_ids: tuple[EmailId, ...]
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    unchanged_since: ModSeq | None = None
    """Leave out messages that changed after it, before this step (RFC 7162 §3.1.3)."""


class SetDeleted(msgspec.Struct, frozen=True):
    r"""Mark placements as \Deleted, or not; those that are gone are passed over."""

    mailbox: MailboxId
    uids: tuple[Uid, ...]
    is_deleted: bool
    unchanged_since: ModSeq | None = None
    """As for SetKeywords."""


class MakeMailbox(msgspec.Struct, frozen=True):
    """Make a mailbox; its name is unique below its parent, its role in the account."""

    parent: MailboxId
    name: str
    role: Role | None = None


class ChangeMailbox(msgspec.Struct, frozen=True):
    """Rename, move, subscribe or sort a mailbox; None leaves as it is.

    INBOX keeps its name and place; a mailbox cannot come to lie below itself.
    """

    mailbox: MailboxId
    parent: MailboxId | None = None
    name: str | None = None
    is_subscribed: bool | None = None
    sort_order: int | None = None


class RemoveMailbox(msgspec.Struct, frozen=True):
    """Remove a mailbox without children, never INBOX; its messages are expunged from it."""

    mailbox: MailboxId


class Undelete(msgspec.Struct, frozen=True):
    """Bring held messages back, each with a new UID and its old email id and UIDL.

    Those that are not held are passed over; what happened tells which were.
    """

    email_ids: tuple[EmailId, ...]
    mailbox: MailboxId


class Purge(msgspec.Struct, frozen=True):
    """End held messages and uploads; those that are gone already are passed over."""

    email_ids: tuple[EmailId, ...] = ()
    body_ids: tuple[BodyId, ...] = ()
    floor: ModSeq = ModSeq(0)
    """Forget what went at or before this step: `changes` and `expunged` begin here."""


class PutObject(msgspec.Struct, frozen=True):
    """Keep a small named thing, or remove it (content None)."""

    kind: str
    object_id: str
    content: bytes | None


class PutLedger(msgspec.Struct, frozen=True):
    """Write ledger entries of a source; `forget` removes others."""

    source: str
    entries: tuple[LedgerEntry, ...] = ()
    forget: tuple[bytes, ...] = ()


class PutBlob(msgspec.Struct, frozen=True):
    """Keep staged octets for a while (a JMAP upload)."""

    staged: Staged
    expires: int
    """Seconds since 1970 UTC."""


class SetQuota(msgspec.Struct, frozen=True):
    """Limit the account; None is no limit."""

    quota_octets: int | None
    quota_count: int | None


Wanted: TypeAlias = (
    AddEmail
    | PlaceEmail
    | MoveEmail
    | Expunge
    | SetKeywords
    | SetDeleted
    | MakeMailbox
    | ChangeMailbox
    | RemoveMailbox
    | Undelete
    | Purge
    | PutObject
    | PutLedger
    | PutBlob
    | SetQuota
)

# Happened: with every number decided. The journal records these; `apply` writes the index from
# them, live and in replay; watchers get them in order. Tags and field order are the format on
# disk: only add fields at the end, with a default.


class Happened(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Something that happened in an account."""


class Added(Happened, frozen=True, tag="add"):
    """A message came in. Its octets lie in the record (or under `body_id`)."""

    email_id: EmailId
    body_id: BodyId
    thread_id: ThreadId
    size_octets: int
    received: int
    traits: int
    placements: tuple[tuple[MailboxId, Uid], ...]
    keywords: tuple[str, ...]
    uidl: str | None
    reference_hashes: tuple[int, ...]
    source: str | None


class Placed(Happened, frozen=True, tag="place"):
    """A message lies in one more mailbox."""

    email_id: EmailId
    mailbox: MailboxId
    uid: Uid


class Moved(Happened, frozen=True, tag="move"):
    """A placement went to another mailbox."""

    email_id: EmailId
    mailbox: MailboxId
    uid: Uid
    target: MailboxId
    target_uid: Uid


class Expunged(Happened, frozen=True, tag="expunge"):
    """Messages were taken out of a mailbox."""

    mailbox: MailboxId
    uids: tuple[Uid, ...]
    email_ids: tuple[EmailId, ...]
    """In the order of `uids`."""
    held: tuple[EmailId, ...]
    """Those of them that lie nowhere now."""
    held_until: int


class KeywordsSet(Happened, frozen=True, tag="keywords"):
    """A message's keywords are now these."""

    email_id: EmailId
    keywords: tuple[str, ...]


class DeletedSet(Happened, frozen=True, tag="deleted"):
    r"""Placements are now \Deleted, or not."""

    mailbox: MailboxId
    uids: tuple[Uid, ...]
    is_deleted: bool


class MailboxMade(Happened, frozen=True, tag="mailbox"):
    """A mailbox was made."""

    mailbox_id: MailboxId
    parent: MailboxId
    name: str
    role: Role | None
    uidvalidity: int


class MailboxChanged(Happened, frozen=True, tag="mailbox-changed"):
    """A mailbox's properties are now these."""

    mailbox_id: MailboxId
    parent: MailboxId
    name: str
    is_subscribed: bool
    sort_order: int


class MailboxRemoved(Happened, frozen=True, tag="mailbox-removed"):
    """A mailbox is gone; an Expunged for its messages came before."""

    mailbox_id: MailboxId


class Undeleted(Happened, frozen=True, tag="undelete"):
    """A held message is back."""

    email_id: EmailId
    mailbox: MailboxId
    uid: Uid


class Purged(Happened, frozen=True, tag="purge"):
    """Held messages and uploads are gone for good; what went up to `floor` is forgotten."""

    email_ids: tuple[EmailId, ...]
    body_ids: tuple[BodyId, ...] = ()
    floor: ModSeq = ModSeq(0)


class ObjectPut(Happened, frozen=True, tag="object"):
    """A small thing is now this; None: it is gone."""

    kind: str
    object_id: str
    content: bytes | None


class LedgerPut(Happened, frozen=True, tag="ledger"):
    """Ledger entries are now these, others are forgotten."""

    source: str
    entries: tuple[LedgerEntry, ...]
    forget: tuple[bytes, ...]


class BlobPut(Happened, frozen=True, tag="blob"):
    """An upload is kept until `expires`."""

    body_id: BodyId
    size_octets: int
    expires: int


class QuotaSet(Happened, frozen=True, tag="quota"):
    """The account's limits are now these."""

    quota_octets: int | None
    quota_count: int | None


class DeliverySeen(Happened, frozen=True, tag="delivery"):
    """A delivery id was used."""

    delivery_id: bytes
    at: int


Fact: TypeAlias = (
    Added
    | Placed
    | Moved
    | Expunged
    | KeywordsSet
    | DeletedSet
    | MailboxMade
    | MailboxChanged
    | MailboxRemoved
    | Undeleted
    | Purged
    | ObjectPut
    | LedgerPut
    | BlobPut
    | QuotaSet
    | DeliverySeen
)


class Committed(msgspec.Struct, frozen=True):
    """One durable step: every change of it has the same modseq."""

    modseq: ModSeq
    at: int
    """Seconds since 1970 UTC."""
    facts: tuple[Fact, ...]
    is_duplicate: bool = False
    """The delivery id was seen before: nothing was done, the answer is as if it had been."""
