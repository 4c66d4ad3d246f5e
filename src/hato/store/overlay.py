"""An account as it will be: a view, and on top of it facts that are not in the view yet.

Called by `store.resolve` (the earlier changes of one step) and by backends that resolve a group
of steps before the first is written. Answers what `store.view` asks.
Never writes anything; never copies the view: it remembers what was asked and what facts did.
Standards: none.
Fails with whatever the view below fails with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store import changes
from hato.store.changes import Fact
from hato.store.model import LedgerEntry, Role
from hato.store.view import AccountView, EmailRow, MailboxRow, Placement, Totals


class Overlay:
    """A view with facts applied; cheap to make, and itself a view."""

    def __init__(self, below: AccountView) -> None:
        """Begin as `below` is."""
        self._below = below
        self._totals: Totals | None = None
        self._mailboxes: dict[MailboxId, MailboxRow | None] = {}
        self._placements: dict[MailboxId, dict[Uid, Placement | None]] = {}
        self._emails: dict[EmailId, EmailRow | None] = {}
        self._held: dict[EmailId, EmailRow | None] = {}
        self._blobs: dict[BodyId, bool] = {}
        self._threads: dict[int, ThreadId] = {}
        self._uidls: set[str] = set()
        self._deliveries: dict[bytes, int] = {}
        self._objects: dict[tuple[str, str], bytes | None] = {}
        self._ledger: dict[tuple[str, bytes], LedgerEntry | None] = {}
        self._touched: set[EmailId] = set()

    # What a view answers

    @property
    def account_id(self) -> AccountId:
        """Whose mail it is."""
        return self._below.account_id

    def totals(self) -> Totals:
        """Return counters, sums and limits."""
        if self._totals is None:
            self._totals = self._below.totals()
        return self._totals

    def mailbox(self, mailbox: MailboxId) -> MailboxRow | None:
        """Find a mailbox by id."""
        if mailbox not in self._mailboxes:
            self._mailboxes[mailbox] = self._below.mailbox(mailbox)
        return self._mailboxes[mailbox]

    def find_mailbox(self, parent: MailboxId, name: str) -> MailboxId | None:
        """Find a mailbox by its exact name below a parent."""
        for row in self._mailboxes.values():
            if row is not None and row.parent == parent and row.name == name:
                return row.mailbox_id
        found = self._below.find_mailbox(parent, name)
        return None if found in self._mailboxes else found

    def find_role(self, role: Role) -> MailboxId | None:
        """Find the one mailbox that has a role."""
        for row in self._mailboxes.values():
            if row is not None and row.role == role:
                return row.mailbox_id
        found = self._below.find_role(role)
        return None if found in self._mailboxes else found

    def children(self, mailbox: MailboxId) -> list[MailboxId]:
        """Return the mailboxes directly below one."""
        rows = self._mailboxes
        mine = [row.mailbox_id for row in rows.values() if row and row.parent == mailbox]
        return mine + [child for child in self._below.children(mailbox) if child not in rows]

    def placements(self, mailbox: MailboxId, uids: Sequence[Uid] | None) -> dict[Uid, Placement]:
        """Return those of `uids` that are in the mailbox; None asks for all."""
        mine = self._placements.setdefault(mailbox, {})
        unknown = None if uids is None else [uid for uid in uids if uid not in mine]
        if unknown is None or unknown:
            below = self._below.placements(mailbox, unknown)
            for uid in below if unknown is None else unknown:
                mine.setdefault(uid, below.get(uid))
        found = ((uid, mine[uid]) for uid in (sorted(mine) if uids is None else uids))
        return {uid: placement for uid, placement in found if placement is not None}

    def emails(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that lie in some mailbox."""
        return _through(self._emails, email_ids, self._below.emails)

    def held(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that can be brought back."""
        return _through(self._held, email_ids, self._below.held)

    def blobs(self, body_ids: Iterable[BodyId]) -> set[BodyId]:
        """Return those of the uploads that are still kept."""
        asked = list(body_ids)
        below = self._below.blobs([blob for blob in asked if blob not in self._blobs])
        return {blob for blob in asked if self._blobs.get(blob, blob in below)}

    def thread_of(self, reference_hashes: Sequence[int]) -> ThreadId | None:
        """Return the lowest thread that a message with any of the hashes belongs to."""
        if not reference_hashes:
            return None
        mine = [self._threads[one] for one in reference_hashes if one in self._threads]
        below = self._below.thread_of(reference_hashes)
        return min([*mine, below]) if below is not None else min(mine, default=None)

    def has_uidl(self, uidl: str) -> bool:
        """Tell whether a message keeps this UIDL from elsewhere."""
        return uidl in self._uidls or self._below.has_uidl(uidl)

    def delivered_at(self, delivery_id: bytes) -> int | None:
        """Return when a delivery id was used last."""
        mine = self._deliveries.get(delivery_id)
        return self._below.delivered_at(delivery_id) if mine is None else mine

    def object_content(self, kind: str, object_id: str) -> bytes | None:
        """Return a small named thing's content."""
        if (kind, object_id) in self._objects:
            return self._objects[kind, object_id]
        return self._below.object_content(kind, object_id)

    def ledger_entries(self, source: str, uidls: Sequence[bytes]) -> dict[bytes, LedgerEntry]:
        """Return those of the lines that are in a source's ledger."""
        mine = self._ledger
        unknown = [uidl for uidl in uidls if (source, uidl) not in mine]
        found = self._below.ledger_entries(source, unknown) if unknown else {}
        for uidl in uidls:
            entry = mine.get((source, uidl))
            if entry is not None:
                found[uidl] = entry
        return found

    # What the facts do

    def apply(self, fact: Fact) -> None:
        """Let a fact have happened. Modseqs stay: see `commit`."""
        self._rules[type(fact)](self, fact)

    def commit(self, facts: Iterable[Fact], modseq: ModSeq) -> None:
        """Let a whole step have happened: its facts, and `modseq` for all that it touched."""
        for fact in facts:
            self.apply(fact)
        for email_id in self._touched:
            row = self._emails.get(email_id)
            if row is not None:
                self._emails[email_id] = row._replace(modseq=modseq)
        self._touched.clear()
        self._totals = self.totals()._replace(modseq=modseq)

    def _count(self, octets: int, messages: int) -> None:
        totals = self.totals()
        self._totals = totals._replace(
            used_octets=totals.used_octets + octets, used_count=totals.used_count + messages
        )

    def _use_ids(self, *numbers: int) -> None:
        totals = self.totals()
        if max(numbers) >= totals.next_id:
            self._totals = totals._replace(next_id=max(numbers) + 1)

    def _email(self, email_id: EmailId) -> EmailRow:
        return self.emails([email_id])[email_id]

    def _set(self, row: EmailRow) -> None:
        self._emails[row.email_id] = row
        self._touched.add(row.email_id)

    def _put(self, email_id: EmailId, mailbox: MailboxId, uid: Uid) -> None:
        row = self.mailbox(mailbox)
        if row is not None and uid >= row.uidnext:
            self._mailboxes[mailbox] = row._replace(uidnext=Uid(uid + 1))
        self._placements.setdefault(mailbox, {})[uid] = Placement(email_id, is_deleted=False)

    def _take(self, mailbox: MailboxId, uid: Uid) -> None:
        self._placements.setdefault(mailbox, {})[uid] = None

    def _added(self, fact: changes.Added) -> None:
        self._use_ids(fact.email_id, fact.body_id, fact.thread_id)
        self._count(fact.size_octets, 1)
        for mailbox, uid in fact.placements:
            self._put(fact.email_id, mailbox, uid)
        for one in fact.reference_hashes:
            self._threads.setdefault(one, fact.thread_id)
        if fact.uidl is not None:
            self._uidls.add(fact.uidl)
        keywords = frozenset(fact.keywords)
        modseq = self.totals().modseq
        self._set(EmailRow(fact.email_id, fact.size_octets, keywords, fact.placements, modseq))

    def _placed(self, fact: changes.Placed) -> None:
        self._put(fact.email_id, fact.mailbox, fact.uid)
        row = self._email(fact.email_id)
        self._set(row._replace(placements=(*row.placements, (fact.mailbox, fact.uid))))

    def _moved(self, fact: changes.Moved) -> None:
        self._take(fact.mailbox, fact.uid)
        self._put(fact.email_id, fact.target, fact.target_uid)
        row = self._email(fact.email_id)
        rest = (place for place in row.placements if place != (fact.mailbox, fact.uid))
        self._set(row._replace(placements=(*rest, (fact.target, fact.target_uid))))

    def _expunged(self, fact: changes.Expunged) -> None:
        rows = self.emails(fact.email_ids)
        held = frozenset(fact.held)
        for uid, email_id in zip(fact.uids, fact.email_ids, strict=True):
            self._take(fact.mailbox, uid)
            row = rows[email_id]
            rest = tuple(place for place in row.placements if place != (fact.mailbox, uid))
            row = row._replace(placements=rest)
            if email_id in held:
                self._emails[email_id] = None
                self._held[email_id] = row
                self._count(-row.size_octets, -1)
            else:
                self._set(row)

    def _keywords_set(self, fact: changes.KeywordsSet) -> None:
        self._set(self._email(fact.email_id)._replace(keywords=frozenset(fact.keywords)))

    def _deleted_set(self, fact: changes.DeletedSet) -> None:
        found = self.placements(fact.mailbox, fact.uids)
        for uid, placement in found.items():
            self._placements[fact.mailbox][uid] = placement._replace(is_deleted=fact.is_deleted)
        for row in self.emails([placement.email_id for placement in found.values()]).values():
            self._set(row)

    def _mailbox_made(self, fact: changes.MailboxMade) -> None:
        totals = self.totals()
        self._totals = totals._replace(
            next_mailbox=max(totals.next_mailbox, fact.mailbox_id + 1),
            next_uidvalidity=max(totals.next_uidvalidity, fact.uidvalidity + 1),
        )
        self._mailboxes[fact.mailbox_id] = MailboxRow(
            mailbox_id=fact.mailbox_id,
            parent=fact.parent,
            name=fact.name,
            role=fact.role,
            is_subscribed=True,
            sort_order=0,
            uidvalidity=fact.uidvalidity,
            uidnext=Uid(1),
        )

    def _mailbox_changed(self, fact: changes.MailboxChanged) -> None:
        row = self.mailbox(fact.mailbox_id)
        if row is not None:
            self._mailboxes[fact.mailbox_id] = row._replace(
                parent=fact.parent,
                name=fact.name,
                is_subscribed=fact.is_subscribed,
                sort_order=fact.sort_order,
            )

    def _mailbox_removed(self, fact: changes.MailboxRemoved) -> None:
        self._mailboxes[fact.mailbox_id] = None

    def _undeleted(self, fact: changes.Undeleted) -> None:
        row = self.held([fact.email_id])[fact.email_id]
        self._held[fact.email_id] = None
        self._put(fact.email_id, fact.mailbox, fact.uid)
        self._set(row._replace(placements=((fact.mailbox, fact.uid),)))
        self._count(row.size_octets, 1)

    def _purged(self, fact: changes.Purged) -> None:
        self._held.update(dict.fromkeys(fact.email_ids))
        self._blobs.update(dict.fromkeys(fact.body_ids, False))
        totals = self.totals()
        self._totals = totals._replace(floor=max(totals.floor, fact.floor))

    def _object_put(self, fact: changes.ObjectPut) -> None:
        self._objects[fact.kind, fact.object_id] = fact.content

    def _ledger_put(self, fact: changes.LedgerPut) -> None:
        self._ledger.update({(fact.source, uidl): None for uidl in fact.forget})
        self._ledger.update({(fact.source, entry.uidl): entry for entry in fact.entries})

    def _blob_put(self, fact: changes.BlobPut) -> None:
        self._use_ids(fact.body_id)
        self._blobs[fact.body_id] = True

    def _quota_set(self, fact: changes.QuotaSet) -> None:
        self._totals = self.totals()._replace(
            quota_octets=fact.quota_octets, quota_count=fact.quota_count
        )

    def _delivery_seen(self, fact: changes.DeliverySeen) -> None:
        self._deliveries[fact.delivery_id] = fact.at

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


def _through(
    mine: dict[EmailId, EmailRow | None],
    email_ids: Iterable[EmailId],
    ask: Callable[[list[EmailId]], dict[EmailId, EmailRow]],
) -> dict[EmailId, EmailRow]:
    """Answer from `mine`; ask below for what it does not know, in one question, once."""
    asked = list(email_ids)
    unknown = [email_id for email_id in asked if email_id not in mine]
    if unknown:
        below = ask(unknown)
        mine.update({email_id: below.get(email_id) for email_id in unknown})
    found = ((email_id, mine[email_id]) for email_id in asked)
    return {email_id: row for email_id, row in found if row is not None}
