"""Writes the index from facts: the one way in, live and in replay.

Called by `account_writer` and `replay`; `memory.state` is its readable specification.
Never decides a number: those stand in the facts. Never trips over a fact whose thing is not there:
a journal that lost a record to rot still gives everything else.
Standards: RFC 9051 §2.3, RFC 8621 §2 and §4 for what is counted.
Fails with apsw.Error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from hato.core.ids import Uid
from hato.core.limits import DELIVERY_ID_SECONDS
from hato.store import changes
from hato.store.changes import Fact
from hato.store.embedded.record import Location, checksum_of
from hato.store.embedded.rows import MailboxCounts, Rows
from hato.store.embedded.view import signed
from hato.store.model import ChangeKind
from hato.store.view import MailboxRow

NOWHERE: Final = Location(0, 0, 0)
"""Octets that the journal lost: reading them says that they are damaged."""

DELIVERIES_PER_SWEEP: Final = 256
"""About so many delivery ids are noted between two times that old ones are forgotten."""


class Applier:
    """Lets one step have happened."""

    def __init__(self, rows: Rows, modseq: int, at: int, bodies: Mapping[int, Location]) -> None:
        """Prepare for a step; `bodies` says where its messages stand."""
        self._rows = rows
        self._account = rows.account
        self._execute: Callable[..., Any] = rows.connection.execute
        self._modseq = modseq
        self._at = at
        self._bodies = bodies

    def apply(self, facts: Iterable[Fact]) -> None:
        """Let all facts of the step have happened."""
        for fact in facts:
            self._rules[type(fact)](self, fact)
        self._account.modseq = max(self._account.modseq, self._modseq)

    # What several rules do

    def _touch_mailbox(self, mailbox: int) -> None:
        counts = self._rows.mailbox(mailbox)
        if counts is not None:
            counts.modseq = self._modseq

    def _touch_email(self, email_id: int) -> None:
        self._execute("UPDATE email SET modseq = ? WHERE id = ?", (self._modseq, email_id))
        sql = "SELECT mailbox FROM placement WHERE email = ?"
        for (mailbox,) in self._execute(sql, (email_id,)).fetchall():
            self._touch_mailbox(mailbox)

    def _use_ids(self, *numbers: int) -> None:
        self._account.next_id = max(self._account.next_id, max(numbers) + 1)

    def _note_gone(self, kind: ChangeKind, thing: int | str, created: int) -> None:
        self._execute(
            "INSERT OR REPLACE INTO gone(kind, id, created, modseq) VALUES(?, ?, ?, ?)",
            (kind.value, thing, created, self._modseq),
        )
        self._note_removal()

    def _note_removal(self) -> None:
        sql = "INSERT OR REPLACE INTO removal(modseq, at) VALUES(?, ?)"
        self._execute(sql, (self._modseq, self._at))

    def _forget_gone(self, kind: ChangeKind, thing: int | str) -> None:
        self._execute("DELETE FROM gone WHERE kind = ? AND id = ?", (kind.value, thing))

    def _put(self, email_id: int, mailbox: int, uid: int, size: int, keywords: int) -> None:
        counts = self._rows.mailbox(mailbox)
        if counts is None:
            return
        self._execute(
            "INSERT INTO placement(mailbox, uid, email, is_deleted) VALUES(?, ?, ?, 0)",
            (mailbox, uid, email_id),
        )
        counts.row = counts.row._replace(uidnext=Uid(max(counts.row.uidnext, uid + 1)))
        counts.total += 1
        counts.octets += size
        counts.unseen += not self._rows.is_seen(keywords)
        counts.modseq = self._modseq

    def _take(self, mailbox: int, uid: int, size: int, keywords: int) -> None:
        counts = self._rows.mailbox(mailbox)
        if counts is None:
            return
        sql = "DELETE FROM placement WHERE mailbox = ? AND uid = ?"
        self._execute(sql, (mailbox, uid))
        self._execute(
            "INSERT OR IGNORE INTO expunged(mailbox, modseq, uid) VALUES(?, ?, ?)",
            (mailbox, self._modseq, uid),
        )
        counts.total -= 1
        counts.octets -= size
        counts.unseen -= not self._rows.is_seen(keywords)
        counts.modseq = self._modseq

    def _join_thread(self, thread: int, size: int, *, is_new: bool) -> None:
        """Count a message that appears."""
        self._account.used_octets += size
        self._account.used_count += 1
        self._execute(
            "INSERT INTO thread(id, emails, created, modseq) VALUES(?1, 1, ?2, ?2)"
            " ON CONFLICT(id) DO UPDATE SET emails = emails + 1, modseq = excluded.modseq",
            (thread, self._modseq),
        )
        if not is_new:
            self._forget_gone(ChangeKind.THREAD, thread)

    def _leave_thread(self, thread: int) -> None:
        left = self._execute(
            "UPDATE thread SET emails = emails - 1, modseq = ? WHERE id = ?"
            " RETURNING emails, created",
            (self._modseq, thread),
        ).fetchone()
        if left is not None and left[0] <= 0:
            self._execute("DELETE FROM thread WHERE id = ?", (thread,))
            self._note_gone(ChangeKind.THREAD, thread, left[1])

    # Messages

    def _added(self, fact: changes.Added) -> None:
        self._use_ids(fact.email_id, fact.body_id, fact.thread_id)
        keywords = self._rows.keyword_set(fact.keywords)
        place = self._bodies.get(fact.body_id, NOWHERE)
        self._execute(
            "INSERT INTO body(id, size, segment, offset, octets) VALUES(?, ?, ?, ?, ?)",
            (fact.body_id, fact.size_octets, *place),
        )
        self._execute(
            "INSERT INTO email(id, thread, body, size, traits, received, keywords, uidl, source,"
            " created, modseq) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                fact.email_id,
                fact.thread_id,
                fact.body_id,
                fact.size_octets,
                fact.traits,
                fact.received,
                keywords,
                fact.uidl,
                fact.source,
                self._modseq,
                self._modseq,
            ),
        )
        for mailbox, uid in fact.placements:
            self._put(fact.email_id, mailbox, uid, fact.size_octets, keywords)
        for one in fact.reference_hashes:
            self._execute(
                "INSERT INTO thread_hash(hash, thread) VALUES(?, ?)"
                " ON CONFLICT(hash) DO UPDATE SET thread = min(thread, excluded.thread)",
                (signed(one), fact.thread_id),
            )
        is_new = fact.thread_id > fact.email_id
        self._join_thread(fact.thread_id, fact.size_octets, is_new=is_new)

    def _email(self, email_id: int) -> tuple[int, int, int, int] | None:
        """Return a message's size, set of keywords, thread and step of making."""
        sql = "SELECT size, keywords, thread, created FROM email WHERE id = ?"
        found: tuple[int, int, int, int] | None = self._execute(sql, (email_id,)).fetchone()
        return found

    def _placed(self, fact: changes.Placed) -> None:
        email = self._email(fact.email_id)
        if email is not None:
            self._put(fact.email_id, fact.mailbox, fact.uid, email[0], email[1])
            self._touch_email(fact.email_id)

    def _moved(self, fact: changes.Moved) -> None:
        email = self._email(fact.email_id)
        if email is not None:
            self._take(fact.mailbox, fact.uid, email[0], email[1])
            self._note_removal()
            self._put(fact.email_id, fact.target, fact.target_uid, email[0], email[1])
            self._touch_email(fact.email_id)

    def _expunged(self, fact: changes.Expunged) -> None:
        held = frozenset(fact.held)
        for uid, email_id in zip(fact.uids, fact.email_ids, strict=True):
            email = self._email(email_id)
            if email is None:
                continue
            size, keywords, thread, created = email
            self._take(fact.mailbox, uid, size, keywords)
            if email_id not in held:
                self._touch_email(email_id)
                continue
            self._account.used_octets -= size
            self._account.used_count -= 1
            self._account.held_octets += size
            self._execute(
                "UPDATE email SET held_until = ?, last_mailbox = ?, modseq = ? WHERE id = ?",
                (fact.held_until, fact.mailbox, self._modseq, email_id),
            )
            self._note_gone(ChangeKind.EMAIL, email_id, created)
            self._leave_thread(thread)
        self._note_removal()

    def _keywords_set(self, fact: changes.KeywordsSet) -> None:
        email = self._email(fact.email_id)
        if email is None:
            return
        keywords = self._rows.keyword_set(fact.keywords)
        sql = "UPDATE email SET keywords = ?, modseq = ? WHERE id = ?"
        self._execute(sql, (keywords, self._modseq, fact.email_id))
        more_unseen = self._rows.is_seen(email[1]) - self._rows.is_seen(keywords)
        sql = "SELECT mailbox FROM placement WHERE email = ?"
        for (mailbox,) in self._execute(sql, (fact.email_id,)).fetchall():
            counts = self._rows.mailbox(mailbox)
            if counts is not None:
                counts.unseen += more_unseen
                counts.modseq = self._modseq

    def _deleted_set(self, fact: changes.DeletedSet) -> None:
        for uid in fact.uids:
            found = self._execute(
                "UPDATE placement SET is_deleted = ? WHERE mailbox = ? AND uid = ? RETURNING email",
                (int(fact.is_deleted), fact.mailbox, uid),
            ).fetchone()
            if found is not None:
                self._touch_email(found[0])

    def _undeleted(self, fact: changes.Undeleted) -> None:
        email = self._email(fact.email_id)
        if email is None:
            return
        size, keywords, thread, _created = email
        self._account.held_octets -= size
        self._execute(
            "UPDATE email SET held_until = NULL, last_mailbox = NULL, created = ?1, modseq = ?1"
            " WHERE id = ?2",
            (self._modseq, fact.email_id),
        )
        self._forget_gone(ChangeKind.EMAIL, fact.email_id)
        self._put(fact.email_id, fact.mailbox, fact.uid, size, keywords)
        self._join_thread(thread, size, is_new=False)

    def _purged(self, fact: changes.Purged) -> None:
        for email_id in fact.email_ids:
            found = self._execute(
                "DELETE FROM email WHERE id = ? RETURNING body, size", (email_id,)
            ).fetchone()
            if found is not None:
                self._account.held_octets -= found[1]
                self._execute("DELETE FROM body WHERE id = ?", (found[0],))
        for body_id in fact.body_ids:
            self._execute("DELETE FROM body WHERE id = ?", (body_id,))
        if fact.email_ids or fact.body_ids:
            self._account.ended += 1
        if fact.floor > self._account.floor:
            self._account.floor = fact.floor
            for table in ("gone", "expunged", "removal"):
                sql = f"DELETE FROM {table} WHERE modseq <= ?"  # noqa: S608 - a name of ours
                self._execute(sql, (fact.floor,))
        self._forget_deliveries()

    # Mailboxes

    def _mailbox_made(self, fact: changes.MailboxMade) -> None:
        account = self._account
        account.next_mailbox = max(account.next_mailbox, fact.mailbox_id + 1)
        account.next_uidvalidity = max(account.next_uidvalidity, fact.uidvalidity + 1)
        self._execute(
            "INSERT INTO mailbox(id, parent, name, role, is_subscribed, sort_order, uidvalidity,"
            " uidnext, total, unseen, octets, created, modseq)"
            " VALUES(?1, ?2, ?3, ?4, 1, 0, ?5, 1, 0, 0, 0, ?6, ?6)",
            (
                fact.mailbox_id,
                fact.parent,
                fact.name,
                None if fact.role is None else fact.role.value,
                fact.uidvalidity,
                self._modseq,
            ),
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
        self._rows.put_mailbox(fact.mailbox_id, MailboxCounts(row, 0, 0, 0, self._modseq))

    def _mailbox_changed(self, fact: changes.MailboxChanged) -> None:
        counts = self._rows.mailbox(fact.mailbox_id)
        if counts is None:
            return
        self._execute(
            "UPDATE mailbox SET parent = ?, name = ?, is_subscribed = ?, sort_order = ?"
            " WHERE id = ?",
            (
                fact.parent,
                fact.name,
                int(fact.is_subscribed),
                fact.sort_order,
                fact.mailbox_id,
            ),
        )
        counts.row = counts.row._replace(
            parent=fact.parent,
            name=fact.name,
            is_subscribed=fact.is_subscribed,
            sort_order=fact.sort_order,
        )
        counts.modseq = self._modseq

    def _mailbox_removed(self, fact: changes.MailboxRemoved) -> None:
        sql = "DELETE FROM mailbox WHERE id = ? RETURNING created"
        found = self._execute(sql, (fact.mailbox_id,)).fetchone()
        if found is None:
            return
        self._execute("DELETE FROM expunged WHERE mailbox = ?", (fact.mailbox_id,))
        self._note_gone(ChangeKind.MAILBOX, fact.mailbox_id, found[0])
        self._rows.put_mailbox(fact.mailbox_id, None)

    # Small things

    def _object_put(self, fact: changes.ObjectPut) -> None:
        name = f"{fact.kind}/{fact.object_id}"
        if fact.content is None:
            found = self._execute(
                "DELETE FROM object WHERE kind = ? AND id = ? RETURNING created",
                (fact.kind, fact.object_id),
            ).fetchone()
            if found is not None:
                self._note_gone(ChangeKind.OBJECT, name, found[0])
            return
        self._execute(
            "INSERT INTO object(kind, id, content, created, modseq) VALUES(?1, ?2, ?3, ?4, ?4)"
            " ON CONFLICT(kind, id) DO UPDATE SET content = excluded.content,"
            " modseq = excluded.modseq",
            (fact.kind, fact.object_id, fact.content, self._modseq),
        )
        self._forget_gone(ChangeKind.OBJECT, name)

    def _ledger_put(self, fact: changes.LedgerPut) -> None:
        for uidl in fact.forget:
            sql = "DELETE FROM ledger WHERE source = ? AND uidl = ?"
            self._execute(sql, (fact.source, uidl))
        for entry in fact.entries:
            self._execute(
                "INSERT OR REPLACE INTO ledger(source, uidl, entry) VALUES(?, ?, ?)",
                (fact.source, entry.uidl, msgspec.msgpack.encode(entry)),
            )

    def _blob_put(self, fact: changes.BlobPut) -> None:
        self._use_ids(fact.body_id)
        self._execute(
            "INSERT INTO body(id, size, segment, offset, octets, expires) VALUES(?, ?, ?, ?, ?, ?)",
            (
                fact.body_id,
                fact.size_octets,
                *self._bodies.get(fact.body_id, NOWHERE),
                fact.expires,
            ),
        )

    def _quota_set(self, fact: changes.QuotaSet) -> None:
        self._account.quota_octets = fact.quota_octets
        self._account.quota_count = fact.quota_count

    def _delivery_seen(self, fact: changes.DeliverySeen) -> None:
        sql = "INSERT OR REPLACE INTO delivered(id, at) VALUES(?, ?)"
        self._execute(sql, (fact.delivery_id, fact.at))
        # Told by the id itself, so that a replay does the same. An index of times would cost a
        # page with each delivery, looking at all of them with each a scan.
        if checksum_of(fact.delivery_id) % DELIVERIES_PER_SWEEP == 0:
            self._forget_deliveries()

    def _forget_deliveries(self) -> None:
        old = self._at - DELIVERY_ID_SECONDS
        self._execute("DELETE FROM delivered WHERE at <= ?", (old,))

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
