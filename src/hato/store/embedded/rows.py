"""Rows of the index that nearly every step touches, held in memory during a write.

Called by `view` (asks), `apply` (changes), `account_writer` (begins and ends the write).
Never outlives the write: another process may change the file between two.
Standards: none.
Fails with apsw.Error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import apsw
import msgspec

from hato.core.ids import MailboxId, ModSeq, Uid
from hato.store.embedded.schema import ACCOUNT_COLUMNS
from hato.store.model import SEEN, Role
from hato.store.view import MailboxRow, Totals

NO_KEYWORDS_ID: Final = 1
"""The set that most new messages have; each index begins with it."""
_NO_KEYWORDS: Final = frozenset[str]()

_SELECT_ACCOUNT = f"SELECT {ACCOUNT_COLUMNS} FROM account"  # noqa: S608 - columns of ours
_UPDATE_ACCOUNT = (
    f"UPDATE account SET ({ACCOUNT_COLUMNS}) = "  # noqa: S608 - the same
    f"({', '.join('?' * len(ACCOUNT_COLUMNS.split(',')))})"
)


@dataclass(slots=True)
class AccountRow:
    """The one row of `account`, in the order of ACCOUNT_COLUMNS."""

    modseq: int
    next_id: int
    next_mailbox: int
    next_uidvalidity: int
    used_octets: int
    used_count: int
    held_octets: int
    quota_octets: int | None
    quota_count: int | None
    floor: int
    segment: int
    segment_end: int
    ended: int

    def totals(self) -> Totals:
        """Return what resolving asks."""
        return Totals(
            ModSeq(self.modseq),
            self.next_id,
            self.next_mailbox,
            self.next_uidvalidity,
            self.used_octets,
            self.used_count,
            self.quota_octets,
            self.quota_count,
            ModSeq(self.floor),
        )

    def columns(self) -> tuple[int | None, ...]:
        """Return the values in the order of ACCOUNT_COLUMNS."""
        return (
            self.modseq,
            self.next_id,
            self.next_mailbox,
            self.next_uidvalidity,
            self.used_octets,
            self.used_count,
            self.held_octets,
            self.quota_octets,
            self.quota_count,
            self.floor,
            self.segment,
            self.segment_end,
            self.ended,
        )


@dataclass(slots=True)
class MailboxCounts:
    """A mailbox's row and what is counted in it."""

    row: MailboxRow
    total: int
    unseen: int
    octets: int
    modseq: int


def new_account_row() -> AccountRow:
    """Return the row of an account in which nothing has happened."""
    return AccountRow(0, 1, 1, 1, 0, 0, 0, None, None, 0, 0, 0, 0)


def read_account(connection: apsw.Connection) -> AccountRow:
    """Read the account's row."""
    return AccountRow(*connection.execute(_SELECT_ACCOUNT).fetchone())  # type: ignore[misc]  # it is there


class Rows:
    """The account's row, its mailboxes as far as asked for, and sets of keywords."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Begin with nothing read but the account's row."""
        self.connection = connection
        self.account = read_account(connection)
        self._mailboxes: dict[int, MailboxCounts | None] = {}
        self._keyword_ids: dict[frozenset[str], int] = {_NO_KEYWORDS: NO_KEYWORDS_ID}
        self._keywords: dict[int, frozenset[str]] = {NO_KEYWORDS_ID: _NO_KEYWORDS}

    def mailbox(self, mailbox: int) -> MailboxCounts | None:
        """Return a mailbox, or None."""
        if mailbox not in self._mailboxes:
            found = self.connection.execute(
                "SELECT parent, name, role, is_subscribed, sort_order, uidvalidity, uidnext,"
                " total, unseen, octets, modseq FROM mailbox WHERE id = ?",
                (mailbox,),
            ).fetchone()
            self._mailboxes[mailbox] = None if found is None else _counts_of(mailbox, found)
        return self._mailboxes[mailbox]

    def put_mailbox(self, mailbox: int, counts: MailboxCounts | None) -> None:
        """Note that a mailbox was made or removed."""
        self._mailboxes[mailbox] = counts

    def keywords(self, set_id: int) -> frozenset[str]:
        """Return the keywords of a set."""
        found = self._keywords.get(set_id)
        if found is None:
            (names,) = self.connection.execute(
                "SELECT names FROM keyword_set WHERE id = ?", (set_id,)
            ).fetchone()  # type: ignore[misc]  # sets are never removed while in use
            found = self._keywords[set_id] = frozenset(msgspec.json.decode(names, type=list[str]))
        return found

    def keyword_set(self, keywords: Iterable[str]) -> int:
        """Return the id of a set of keywords; made when it is new."""
        wanted = frozenset(keywords)
        found = self._keyword_ids.get(wanted)
        if found is None:
            names = msgspec.json.encode(sorted(wanted)).decode()
            row = self.connection.execute(
                "SELECT id FROM keyword_set WHERE names = ?", (names,)
            ).fetchone()
            if row is None:
                row = self.connection.execute(
                    "INSERT INTO keyword_set(names) VALUES(?) RETURNING id", (names,)
                ).fetchone()
            found = self._keyword_ids[wanted] = int(row[0])  # type: ignore[index]  # just made
        return found

    def is_seen(self, set_id: int) -> bool:
        """Tell whether a set has the keyword that says that somebody read the message."""
        return SEEN in self.keywords(set_id)

    def flush(self) -> None:
        """Write what was held in memory."""
        for mailbox, counts in self._mailboxes.items():
            if counts is not None:
                self.connection.execute(
                    "UPDATE mailbox SET uidnext = ?, total = ?, unseen = ?, octets = ?, modseq = ?"
                    " WHERE id = ?",
                    (
                        counts.row.uidnext,
                        counts.total,
                        counts.unseen,
                        counts.octets,
                        counts.modseq,
                        mailbox,
                    ),
                )
        self.connection.execute(_UPDATE_ACCOUNT, self.account.columns())


def _counts_of(mailbox: int, found: tuple[object, ...]) -> MailboxCounts:
    parent, name, role, subscribed, order, validity, uidnext, total, unseen, octets, modseq = found
    row = MailboxRow(
        mailbox_id=MailboxId(mailbox),
        parent=parent,  # type: ignore[arg-type]  # the columns' types are STRICT
        name=name,  # type: ignore[arg-type]  # the same
        role=None if role is None else Role(role),  # type: ignore[arg-type]  # the same
        is_subscribed=bool(subscribed),
        sort_order=order,  # type: ignore[arg-type]  # the same
        uidvalidity=validity,  # type: ignore[arg-type]  # the same
        uidnext=Uid(uidnext),  # type: ignore[arg-type]  # the same
    )
    return MailboxCounts(row, total, unseen, octets, modseq)  # type: ignore[arg-type]  # the same
