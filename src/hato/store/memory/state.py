"""One account in dictionaries: what the facts of all its steps add up to.

Called by `memory.account`: it applies facts, and resolving asks it as an `AccountView`.
Never decides a number: those stand in the facts. It is the readable specification of `apply`.
Standards: RFC 9051 §2.3, RFC 8621 §2 and §4 for what is counted; the rules are `store.resolve`'s.
Fails never: facts fit the state that they were resolved against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store import changes
from hato.store.changes import Committed
from hato.store.memory.history import History
from hato.store.model import SEEN, ChangeKind, LedgerEntry, Role
from hato.store.view import EmailRow, MailboxRow, Placement, Totals


@dataclass
class EmailState:
    """A message; held (deleted, can come back) while `placements` is empty."""

    added: changes.Added
    keywords: frozenset[str]
    placements: dict[MailboxId, Uid]
    modseq: ModSeq
    held_until: int = 0
    last_mailbox: MailboxId = MailboxId(0)


@dataclass
class MailboxState:
    """A mailbox; `placements` is ascending by UID, because UIDs only grow."""

    row: MailboxRow
    placements: dict[Uid, Placement] = field(default_factory=dict)
    expunged: dict[Uid, ModSeq] = field(default_factory=dict)


class AccountState:
    """Everything that is known of one account. An `AccountView`."""

    def __init__(self, account_id: AccountId) -> None:
        """Begin with nothing, before the first step."""
        self.account_id = account_id
        self.mailboxes: dict[MailboxId, MailboxState] = {}
        self.all_emails: dict[EmailId, EmailState] = {}
        self.objects: dict[tuple[str, str], tuple[bytes, ModSeq]] = {}
        self.ledgers: dict[str, dict[bytes, LedgerEntry]] = {}
        self.uploads: dict[BodyId, changes.BlobPut] = {}
        self.deliveries: dict[bytes, int] = {}
        self.history = {kind: History() for kind in ChangeKind}
        self.held_octets = 0
        self.removals: dict[ModSeq, int] = {}
        """Steps in which something went, and when: seconds since 1970 UTC."""
        self._threads: dict[int, ThreadId] = {}
        self._thread_emails: dict[ThreadId, set[EmailId]] = {}
        self._totals = Totals(ModSeq(0), 1, 1, 1, 0, 0, None, None)
        self._modseq = ModSeq(0)
        self._at = 0

    # What resolving asks

    def totals(self) -> Totals:
        """Return counters, sums and limits."""
        return self._totals

    def mailbox(self, mailbox: MailboxId) -> MailboxRow | None:
        """Find a mailbox by id."""
        found = self.mailboxes.get(mailbox)
        return None if found is None else found.row

    def find_mailbox(self, parent: MailboxId, name: str) -> MailboxId | None:
        """Find a mailbox by its exact name below a parent."""
        rows = (mailbox.row for mailbox in self.mailboxes.values())
        return next((r.mailbox_id for r in rows if (r.parent, r.name) == (parent, name)), None)

    def find_role(self, role: Role) -> MailboxId | None:
        """Find the one mailbox that has a role."""
        rows = (mailbox.row for mailbox in self.mailboxes.values())
        return next((row.mailbox_id for row in rows if row.role == role), None)

    def children(self, mailbox: MailboxId) -> list[MailboxId]:
        """Return the mailboxes directly below one."""
        rows = (mailbox.row for mailbox in self.mailboxes.values())
        return [row.mailbox_id for row in rows if row.parent == mailbox]

    def placements(self, mailbox: MailboxId, uids: Sequence[Uid] | None) -> dict[Uid, Placement]:
        """Return those of `uids` that are in the mailbox; None asks for all."""
        found = self.mailboxes.get(mailbox)
        there = {} if found is None else found.placements
        return dict(there) if uids is None else {uid: there[uid] for uid in uids if uid in there}

    def emails(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that lie in some mailbox."""
        return {row.email_id: row for row in self._rows(email_ids) if row.placements}

    def held(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that can be brought back."""
        return {row.email_id: row for row in self._rows(email_ids) if not row.placements}

    def _rows(self, email_ids: Iterable[EmailId]) -> Iterable[EmailRow]:
        for email_id in email_ids:
            email = self.all_emails.get(email_id)
            if email is not None:
                size_octets, places = email.added.size_octets, tuple(email.placements.items())
                yield EmailRow(email_id, size_octets, email.keywords, places, email.modseq)

    def blobs(self, body_ids: Iterable[BodyId]) -> set[BodyId]:
        """Return those of the uploads that are still kept."""
        return {body_id for body_id in body_ids if body_id in self.uploads}

    def thread_of(self, reference_hashes: Sequence[int]) -> ThreadId | None:
        """Return the lowest thread that a message with any of the hashes belongs to."""
        found = [self._threads[one] for one in reference_hashes if one in self._threads]
        return min(found, default=None)

    def has_uidl(self, uidl: str) -> bool:
        """Tell whether a message, held ones included, keeps this UIDL from elsewhere."""
        return any(email.added.uidl == uidl for email in self.all_emails.values())

    def delivered_at(self, delivery_id: bytes) -> int | None:
        """Return when a delivery id was used last."""
        return self.deliveries.get(delivery_id)

    def object_content(self, kind: str, object_id: str) -> bytes | None:
        """Return a small named thing's content."""
        found = self.objects.get((kind, object_id))
        return None if found is None else found[0]

    def ledger_entries(self, source: str, uidls: Sequence[bytes]) -> dict[bytes, LedgerEntry]:
        """Return those of the lines that are in a source's ledger."""
        ledger = self.ledgers.get(source, {})
        return {uidl: ledger[uidl] for uidl in uidls if uidl in ledger}

    # What a step does

    def apply(self, committed: Committed) -> None:
        """Let a step have happened."""
        self._modseq, self._at = committed.modseq, committed.at
        for fact in committed.facts:
            self._rules[type(fact)](self, fact)
        self._totals = self._totals._replace(modseq=committed.modseq)

    def _touch(self, kind: ChangeKind, thing: int | str) -> None:
        self.history[kind].touch(thing, self._modseq)

    def _remove(self, kind: ChangeKind, thing: int | str) -> None:
        self.history[kind].remove(thing, self._modseq)
        self.removals[self._modseq] = self._at

    def _touch_email(self, email_id: EmailId) -> None:
        """Note that a message changed, and so each mailbox that it lies in."""
        self.all_emails[email_id].modseq = self._modseq
        self._touch(ChangeKind.EMAIL, email_id)
        for mailbox in self.all_emails[email_id].placements:
            self._touch(ChangeKind.MAILBOX, mailbox)

    def _count(self, octets: int, messages: int) -> None:
        self._totals = self._totals._replace(
            used_octets=self._totals.used_octets + octets,
            used_count=self._totals.used_count + messages,
        )

    def _use_ids(self, *numbers: int) -> None:
        next_id = max(self._totals.next_id, max(numbers) + 1)
        self._totals = self._totals._replace(next_id=next_id)

    def _put(self, email_id: EmailId, mailbox: MailboxId, uid: Uid) -> None:
        there = self.mailboxes[mailbox]
        there.row = there.row._replace(uidnext=Uid(uid + 1))
        there.placements[uid] = Placement(email_id, is_deleted=False)
        self.all_emails[email_id].placements[mailbox] = uid

    def _take(self, mailbox: MailboxId, uid: Uid) -> EmailState:
        there = self.mailboxes[mailbox]
        email = self.all_emails[there.placements.pop(uid).email_id]
        del email.placements[mailbox]
        email.last_mailbox = mailbox
        there.expunged[uid] = self._modseq
        self.removals[self._modseq] = self._at
        self._touch(ChangeKind.MAILBOX, mailbox)
        return email

    def _appear(self, email_id: EmailId) -> None:
        """Count a message that came in or came back, and note it in its thread."""
        added = self.all_emails[email_id].added
        self._count(added.size_octets, 1)
        self._thread_emails.setdefault(added.thread_id, set()).add(email_id)
        self._touch(ChangeKind.THREAD, added.thread_id)
        self._touch_email(email_id)

    def _disappear(self, email_id: EmailId, held_until: int) -> None:
        """Hold a message that lies nowhere, out of every count and view."""
        email = self.all_emails[email_id]
        email.held_until, email.modseq = held_until, self._modseq
        self._count(-email.added.size_octets, -1)
        self.held_octets += email.added.size_octets
        self._remove(ChangeKind.EMAIL, email_id)
        thread_id = email.added.thread_id
        self._thread_emails[thread_id].discard(email_id)
        if self._thread_emails[thread_id]:
            self._touch(ChangeKind.THREAD, thread_id)
        else:
            self._remove(ChangeKind.THREAD, thread_id)

    def _added(self, fact: changes.Added) -> None:
        self._use_ids(fact.email_id, fact.body_id, fact.thread_id)
        keywords = frozenset(fact.keywords)
        self.all_emails[fact.email_id] = EmailState(fact, keywords, {}, self._modseq)
        for mailbox, uid in fact.placements:
            self._put(fact.email_id, mailbox, uid)
        for one in fact.reference_hashes:
            self._threads[one] = min(self._threads.get(one, fact.thread_id), fact.thread_id)
        self._appear(fact.email_id)

    def _placed(self, fact: changes.Placed) -> None:
        self._put(fact.email_id, fact.mailbox, fact.uid)
        self._touch_email(fact.email_id)

    def _moved(self, fact: changes.Moved) -> None:
        self._take(fact.mailbox, fact.uid)
        self._put(fact.email_id, fact.target, fact.target_uid)
        self._touch_email(fact.email_id)

    def _expunged(self, fact: changes.Expunged) -> None:
        for uid in fact.uids:
            email = self._take(fact.mailbox, uid)
            if email.placements:
                self._touch_email(email.added.email_id)
            else:
                self._disappear(email.added.email_id, fact.held_until)

    def _keywords_set(self, fact: changes.KeywordsSet) -> None:
        self.all_emails[fact.email_id].keywords = frozenset(fact.keywords)
        self._touch_email(fact.email_id)

    def _deleted_set(self, fact: changes.DeletedSet) -> None:
        there = self.mailboxes[fact.mailbox].placements
        for uid in fact.uids:
            there[uid] = there[uid]._replace(is_deleted=fact.is_deleted)
            self._touch_email(there[uid].email_id)

    def _mailbox_made(self, fact: changes.MailboxMade) -> None:
        self._totals = self._totals._replace(
            next_mailbox=fact.mailbox_id + 1, next_uidvalidity=fact.uidvalidity + 1
        )
        row = MailboxRow(
            fact.mailbox_id,
            fact.parent,
            fact.name,
            fact.role,
            is_subscribed=True,
            sort_order=0,
            uidvalidity=fact.uidvalidity,
            uidnext=Uid(1),
        )
        self.mailboxes[fact.mailbox_id] = MailboxState(row)
        self._touch(ChangeKind.MAILBOX, fact.mailbox_id)

    def _mailbox_changed(self, fact: changes.MailboxChanged) -> None:
        there = self.mailboxes[fact.mailbox_id]
        there.row = there.row._replace(
            parent=fact.parent,
            name=fact.name,
            is_subscribed=fact.is_subscribed,
            sort_order=fact.sort_order,
        )
        self._touch(ChangeKind.MAILBOX, fact.mailbox_id)

    def _mailbox_removed(self, fact: changes.MailboxRemoved) -> None:
        del self.mailboxes[fact.mailbox_id]
        self._remove(ChangeKind.MAILBOX, fact.mailbox_id)

    def _undeleted(self, fact: changes.Undeleted) -> None:
        email = self.all_emails[fact.email_id]
        self.held_octets -= email.added.size_octets
        email.held_until = 0
        self._put(fact.email_id, fact.mailbox, fact.uid)
        self._appear(fact.email_id)

    def _purged(self, fact: changes.Purged) -> None:
        for email_id in fact.email_ids:
            self.held_octets -= self.all_emails.pop(email_id).added.size_octets
        for body_id in fact.body_ids:
            del self.uploads[body_id]
        if fact.floor > self._totals.floor:
            self._totals = self._totals._replace(floor=fact.floor)
            for history in self.history.values():
                history.forget(fact.floor)
            for there in self.mailboxes.values():
                there.expunged = {u: m for u, m in there.expunged.items() if m > fact.floor}
            self.removals = {m: at for m, at in self.removals.items() if m > fact.floor}

    def _object_put(self, fact: changes.ObjectPut) -> None:
        name = f"{fact.kind}/{fact.object_id}"
        if fact.content is None:
            del self.objects[fact.kind, fact.object_id]
            self._remove(ChangeKind.OBJECT, name)
        else:
            self.objects[fact.kind, fact.object_id] = (fact.content, self._modseq)
            self._touch(ChangeKind.OBJECT, name)

    def _ledger_put(self, fact: changes.LedgerPut) -> None:
        ledger = self.ledgers.setdefault(fact.source, {})
        for uidl in fact.forget:
            del ledger[uidl]
        ledger.update({entry.uidl: entry for entry in fact.entries})

    def _blob_put(self, fact: changes.BlobPut) -> None:
        self._use_ids(fact.body_id)
        self.uploads[fact.body_id] = fact

    def _quota_set(self, fact: changes.QuotaSet) -> None:
        self._totals = self._totals._replace(
            quota_octets=fact.quota_octets, quota_count=fact.quota_count
        )

    def _delivery_seen(self, fact: changes.DeliverySeen) -> None:
        self.deliveries[fact.delivery_id] = fact.at

    _rules: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        changes.Added: _added,
        changes.Placed: _placed,
        changes.Moved: _moved,
        changes.Expunged: _expunged,
        changes.KeywordsSet: _keywords_set,
        changes.DeletedSet: _deleted_set,
        changes.MailboxMade: _mailbox_made,
        changes.MailboxChanged: _mailbox_changed,
        changes.MailboxRemoved: _mailbox_removed,
        changes.Undeleted: _undeleted,
        changes.Purged: _purged,
        changes.ObjectPut: _object_put,
        changes.LedgerPut: _ledger_put,
        changes.BlobPut: _blob_put,
        changes.QuotaSet: _quota_set,
        changes.DeliverySeen: _delivery_seen,
    }

    # Sums

    def unseen(self, mailbox: MailboxId) -> int:
        """Return how many messages of a mailbox nobody has read."""
        there = self.mailboxes[mailbox].placements.values()
        return sum(SEEN not in self.all_emails[place.email_id].keywords for place in there)

    def octets(self, mailbox: MailboxId) -> int:
        """Return the octets of all messages of a mailbox."""
        there = self.mailboxes[mailbox].placements.values()
        return sum(self.all_emails[place.email_id].added.size_octets for place in there)
