"""What resolving asks, answered from the index within a write.

Called by `store.resolve` and `store.overlay` as an `AccountView`.
Never changes anything; each question is answered by one indexed look-up a thing.
Standards: none.
Fails with apsw.Error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store.embedded.rows import Rows
from hato.store.model import LedgerEntry, Role
from hato.store.view import EmailRow, MailboxRow, Placement, Totals


def signed(number: int) -> int:
    """Return an unsigned 64-bit number as SQLite keeps it."""
    return number - 2**64 if number >= 2**63 else number


class IndexView:
    """An account as it stands in the index and in the rows held in memory."""

    def __init__(self, account_id: AccountId, rows: Rows) -> None:
        """Look at `rows`."""
        self._account_id = account_id
        self._rows = rows
        self._execute: Callable[..., Any] = rows.connection.execute

    @property
    def account_id(self) -> AccountId:
        """Whose mail it is."""
        return self._account_id

    def totals(self) -> Totals:
        """Return counters, sums and limits."""
        return self._rows.account.totals()

    def mailbox(self, mailbox: MailboxId) -> MailboxRow | None:
        """Find a mailbox by id."""
        found = self._rows.mailbox(mailbox)
        return None if found is None else found.row

    def find_mailbox(self, parent: MailboxId, name: str) -> MailboxId | None:
        """Find a mailbox by its exact name below a parent."""
        sql = "SELECT id FROM mailbox WHERE parent = ? AND name = ?"
        found = self._execute(sql, (parent, name)).fetchone()
        return None if found is None else MailboxId(found[0])

    def find_role(self, role: Role) -> MailboxId | None:
        """Find the one mailbox that has a role."""
        found = self._execute("SELECT id FROM mailbox WHERE role = ?", (role.value,)).fetchone()
        return None if found is None else MailboxId(found[0])

    def children(self, mailbox: MailboxId) -> list[MailboxId]:
        """Return the mailboxes directly below one."""
        found = self._execute("SELECT id FROM mailbox WHERE parent = ?", (mailbox,))
        return [MailboxId(row[0]) for row in found]

    def placements(self, mailbox: MailboxId, uids: Sequence[Uid] | None) -> dict[Uid, Placement]:
        """Return those of `uids` that are in the mailbox; None asks for all."""
        if uids is None:
            found = self._execute(
                "SELECT uid, email, is_deleted FROM placement WHERE mailbox = ? ORDER BY uid",
                (mailbox,),
            )
            return {Uid(row[0]): Placement(EmailId(row[1]), bool(row[2])) for row in found}
        sql = "SELECT email, is_deleted FROM placement WHERE mailbox = ? AND uid = ?"
        placements: dict[Uid, Placement] = {}
        for uid in uids:
            row = self._execute(sql, (mailbox, uid)).fetchone()
            if row is not None:
                placements[uid] = Placement(EmailId(row[0]), bool(row[1]))
        return placements

    def emails(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that lie in some mailbox."""
        return self._emails(email_ids, "IS NULL")

    def held(self, email_ids: Iterable[EmailId]) -> dict[EmailId, EmailRow]:
        """Return those of the messages that are deleted and can still be brought back."""
        return self._emails(email_ids, "IS NOT NULL")

    def _emails(self, email_ids: Iterable[EmailId], held: str) -> dict[EmailId, EmailRow]:
        sql = (
            "SELECT size, keywords, modseq FROM email"  # noqa: S608 - one of two words
            f" WHERE id = ? AND held_until {held}"
        )
        found: dict[EmailId, EmailRow] = {}
        for email_id in email_ids:
            row = self._execute(sql, (email_id,)).fetchone()
            if row is not None:
                places = () if held == "IS NOT NULL" else self._places_of(email_id)
                keywords = self._rows.keywords(row[1])
                found[email_id] = EmailRow(email_id, row[0], keywords, places, ModSeq(row[2]))
        return found

    def _places_of(self, email_id: EmailId) -> tuple[tuple[MailboxId, Uid], ...]:
        sql = "SELECT mailbox, uid FROM placement WHERE email = ?"
        return tuple((MailboxId(row[0]), Uid(row[1])) for row in self._execute(sql, (email_id,)))

    def blobs(self, body_ids: Iterable[BodyId]) -> set[BodyId]:
        """Return those of the uploads that are still kept."""
        sql = "SELECT 1 FROM body WHERE id = ? AND expires IS NOT NULL"
        return {one for one in body_ids if self._execute(sql, (one,)).fetchone()}

    def thread_of(self, reference_hashes: Sequence[int]) -> ThreadId | None:
        """Return the lowest thread that a message with any of the hashes belongs to."""
        sql = "SELECT thread FROM thread_hash WHERE hash = ?"
        rows = (self._execute(sql, (signed(one),)).fetchone() for one in reference_hashes)
        return min((ThreadId(row[0]) for row in rows if row is not None), default=None)

    def has_uidl(self, uidl: str) -> bool:
        """Tell whether a message, held ones included, keeps this UIDL from elsewhere."""
        return self._execute("SELECT 1 FROM email WHERE uidl = ?", (uidl,)).fetchone() is not None

    def delivered_at(self, delivery_id: bytes) -> int | None:
        """Return when a delivery id was used last, in seconds since 1970 UTC."""
        row = self._execute("SELECT at FROM delivered WHERE id = ?", (delivery_id,)).fetchone()
        return None if row is None else int(row[0])

    def object_content(self, kind: str, object_id: str) -> bytes | None:
        """Return a small named thing's content."""
        sql = "SELECT content FROM object WHERE kind = ? AND id = ?"
        row = self._execute(sql, (kind, object_id)).fetchone()
        return None if row is None else bytes(row[0])

    def ledger_entries(self, source: str, uidls: Sequence[bytes]) -> dict[bytes, LedgerEntry]:
        """Return those of the lines that are in a source's ledger."""
        sql = "SELECT entry FROM ledger WHERE source = ? AND uidl = ?"
        found: dict[bytes, LedgerEntry] = {}
        for uidl in uidls:
            row = self._execute(sql, (source, uidl)).fetchone()
            if row is not None:
                found[uidl] = msgspec.msgpack.decode(row[0], type=LedgerEntry)
        return found
