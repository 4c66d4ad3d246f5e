"""What the store keeps, as values: mailboxes, emails, snapshots' parts, ledger entries, quotas.

Called by every backend (makes them), by services and edges (read them).
Never knows a protocol or a backend; never changes after it was made.
Standards: RFC 8621 §4 (email properties), RFC 9051 §2.3 (message attributes), RFC 8474 (ids).
Fails never.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, IntFlag, StrEnum
from typing import Final, NamedTuple

import msgspec

from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid

TOP: Final = MailboxId(0)
"""The parent of mailboxes that have none."""

KEPT: Final = "$hatokept"
"""Ours: brought back by hand, so it does not expire; whoever wants it gone deletes it."""

SEEN: Final = "$seen"
ANSWERED: Final = "$answered"
FLAGGED: Final = "$flagged"
DRAFT: Final = "$draft"
"""Keywords that IMAP spells \\Seen, \\Answered, \\Flagged, \\Draft (RFC 8621 §4.1.1)."""


class Role(StrEnum):
    """What a mailbox is for (RFC 8621 §2, RFC 6154 §2). INBOX exists in every account."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"


class Traits(IntFlag):
    """What is known of a message's octets since its delivery."""

    NEEDS_UTF8 = 1
    """Its header is internationalised (RFC 6532): for readers that said they can."""
    BARE_CR_OR_LF = 2
    """A CR or an LF stands alone somewhere."""
    HAS_NUL = 4
    HAS_8BIT = 8


class BodyRef(NamedTuple):
    """Where a message's octets are: valid as long as the message is, moved bodies included."""

    body_id: BodyId
    size_octets: int
    """Prefix and message together: what a reader gets."""
    hint: tuple[int, ...] = ()
    """The backend's own short cut; nobody else reads it."""


class Piece(NamedTuple):
    """Some octets of a message, checked against their checksum."""

    data: bytes
    dots: Sequence[int]
    """Offsets in `data` of each `.` that begins a line, ascending: what senders must double."""


class Place(NamedTuple):
    """Where a message stands among all others of its account, by when they arrived."""

    received: int
    """Seconds since 1970 UTC."""
    email_id: EmailId


class Mailbox(msgspec.Struct, frozen=True, gc=False):
    """A folder as it is now."""

    mailbox_id: MailboxId
    parent: MailboxId
    name: str
    role: Role | None
    is_subscribed: bool
    sort_order: int
    uidvalidity: int
    uidnext: Uid
    total: int
    unseen: int
    size_octets: int
    modseq: ModSeq


class Email(msgspec.Struct, frozen=True):
    """What is known of a message without reading it."""

    email_id: EmailId
    thread_id: ThreadId
    body: BodyRef
    uidl: str
    """1..70 octets of 0x21..0x7E, never reused (RFC 1939 §7)."""
    received: int
    """Seconds since 1970 UTC."""
    traits: Traits
    keywords: frozenset[str]
    placements: tuple[tuple[MailboxId, Uid], ...]
    source: str | None
    """The id of the source that it was fetched from."""
    modseq: ModSeq
    created_modseq: ModSeq


class HeldEmail(msgspec.Struct, frozen=True):
    """A deleted message that can still be brought back."""

    email_id: EmailId
    body: BodyRef
    received: int
    held_until: int
    """Seconds since 1970 UTC; afterwards it is purged."""
    mailbox_id: MailboxId
    """Where it lay last."""


class Room(msgspec.Struct, frozen=True):
    """How much room the disk has."""

    free_octets: int = 0
    needed_octets: int = 0
    """While less is free, what adds mail is refused."""
    wanted_octets: int = 0
    """While less is free, deleted mail should make room: soon letters would be refused."""

    @property
    def missing_octets(self) -> int:
        """How much is to be won."""
        return max(self.wanted_octets - self.free_octets, 0)


class Usage(msgspec.Struct, frozen=True, gc=False):
    """How much an account holds and may hold. Held (deleted) messages do not count."""

    used_octets: int
    used_count: int
    held_octets: int
    quota_octets: int | None
    quota_count: int | None


class LedgerState(IntEnum):
    """What is known of a message on somebody else's server (a source)."""

    SEEN = 1
    STORED = 2
    MAY_BE_DELETED = 3
    DELETION_SENT = 4
    DELETION_CONFIRMED = 5
    QUARANTINED = 6
    GONE = 7


class LedgerEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One line of a source's ledger."""

    uidl: bytes
    """The other server's UIDL, or a checksum where it has none."""
    state: LedgerState
    email_id: EmailId | None
    size_octets: int
    checksum: bytes
    """Of the whole message as received; empty while unknown."""
    header_checksum: bytes
    """Of the header as TOP shows it; empty while unknown."""
    at: int
    """When the state was reached, seconds since 1970 UTC."""
    stored_at: int = 0
    """When the message became safe here, seconds since 1970 UTC; 0: it was not, or not noted."""
    deletion_sent_at: int = 0
    """When it was first told to be deleted there, in the same way: a part of its receipt."""
    is_told_by_header: bool = False
    """Whether its letter was known again by the header alone, under this name; the octets that lie
    there were not compared since: it must not be deleted there."""


class ChangeKind(StrEnum):
    """What a change list is about."""

    EMAIL = "email"
    MAILBOX = "mailbox"
    THREAD = "thread"
    OBJECT = "object"


class Changes(msgspec.Struct, frozen=True):
    """What changed since a state (RFC 8620 §5.2)."""

    created: tuple[int | str, ...]
    updated: tuple[int | str, ...]
    destroyed: tuple[int | str, ...]
    until: ModSeq
    has_more: bool


class StoredObject(msgspec.Struct, frozen=True):
    """A small named thing of an account: a script, an identity, a source, a device view."""

    kind: str
    object_id: str
    content: bytes
    modseq: ModSeq


class JournalLoss(msgspec.Struct, frozen=True):
    """What an account once lost although it was durable: its log lost its end."""

    at: int
    """When that was noticed, in seconds since 1970 UTC."""
    steps: int
    """How many of the last steps are missing."""
    emails: int
    """How many messages that were there went with them."""


class VerifyReport(msgspec.Struct, frozen=True):
    """What `verify` found in one account."""

    account_id: AccountId
    emails: int
    octets: int
    damaged: tuple[EmailId, ...]
    """Messages whose octets fail their checksum."""
    differences: tuple[str, ...]
    """Where the index and a fresh replay of the journal differ, in words."""
    losses: tuple[JournalLoss, ...] = ()
    """What was lost and not acknowledged by an operator; asking to repair acknowledges it."""
