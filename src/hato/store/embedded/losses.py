"""A journal that lost its end although that was durable: what is done about it.

Called by `replay` (notices, tells the journal), `account` (acknowledges) and `verify` (reports).
Never brings anything back: only numbers that were given are not given again, and it is told.
Standards: RFC 1939 §7 (UIDL), RFC 9051 §2.3.1.1 (UID): never a second time.
Fails with apsw.Error and OSError.

An index is committed after the journal was synced. So one that knows more than the journal proves
that the journal lost what somebody was told is safe. The index still knows which numbers were
given; a checkpoint with those, in a new segment, is what the journal says from then on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import apsw
import msgspec

from hato.core.ids import AccountId, Uid
from hato.core.log import log
from hato.store.embedded.checkpoint import write_rows
from hato.store.embedded.journal import Journal
from hato.store.embedded.rows import AccountRow, Rows, read_account
from hato.store.model import JournalLoss

KIND: Final = "hato-journal-loss"
"""The kind of the stored object that says what was lost until an operator acknowledges it."""


class Known(NamedTuple):
    """What an index knows that the journal may have lost."""

    account: AccountRow
    uidnexts: dict[int, int]
    """By mailbox."""
    emails: frozenset[int]


def read_known(connection: apsw.Connection) -> Known:
    """Read it from an index that is about to be made anew."""
    return Known(
        read_account(connection),
        dict(connection.execute("SELECT id, uidnext FROM mailbox").fetchall()),  # type: ignore[arg-type]  # columns are STRICT
        frozenset(row[0] for row in connection.execute("SELECT id FROM email")),
    )


def find_loss(known: Known, fresh: apsw.Connection, at: int) -> JournalLoss | None:
    """Compare with what the journal says now; None: the index was only behind it."""
    steps = known.account.modseq - read_account(fresh).modseq
    if steps <= 0:
        return None
    left = {row[0] for row in fresh.execute("SELECT id FROM email")}
    return JournalLoss(at, steps, len(known.emails - left))


def tell_loss(
    fresh: apsw.Connection, folder: str, account_id: AccountId, known: Known, loss: JournalLoss
) -> None:
    """Go on above what was given, in the fresh index and, durable, in the journal.

    Until the fresh index takes the old one's place a crash changes nothing: the old one still
    differs from the journal, which then says all that is needed, or the same is done again.
    """
    log.error("journal-lost-its-end", account=account_id, steps=loss.steps, emails=loss.emails)
    journal = Journal(folder, account_id)
    with fresh:
        rows = Rows(fresh)
        _raise_numbers(rows, known)
        fresh.execute(
            "INSERT INTO object(kind, id, content, created, modseq) VALUES(?1, ?2, ?3, ?4, ?4)",
            (KIND, f"{rows.account.modseq}", msgspec.msgpack.encode(loss), rows.account.modseq),
        )
        rows.flush()
        journal.stand_at(rows.account.segment, rows.account.segment_end)
        journal.begin_next(loss.at, has_checkpoint=True, beyond=known.account.segment)
        write_rows(journal, fresh, rows.account.modseq, loss.at)
        journal.sync()
        rows.account.segment, rows.account.segment_end = journal.segment, journal.end
        rows.flush()


def _raise_numbers(rows: Rows, known: Known) -> None:
    """Let the loss be a step of its own; who saw a lost one must read everything again."""
    account, old = rows.account, known.account
    account.modseq = account.floor = old.modseq + 1
    account.next_id = max(account.next_id, old.next_id)
    account.next_mailbox = max(account.next_mailbox, old.next_mailbox)
    account.next_uidvalidity = max(account.next_uidvalidity, old.next_uidvalidity)
    account.ended = max(account.ended, old.ended) + 1
    for mailbox, uidnext in known.uidnexts.items():
        counts = rows.mailbox(mailbox)
        if counts is not None and counts.row.uidnext < uidnext:
            counts.row = counts.row._replace(uidnext=Uid(uidnext))
            counts.modseq = account.modseq


def read_losses(connection: apsw.Connection) -> dict[str, JournalLoss]:
    """Return what was lost and is not acknowledged, by the stored object's id."""
    sql = "SELECT id, content FROM object WHERE kind = ? ORDER BY modseq"
    found = connection.execute(sql, (KIND,)).fetchall()
    return {row[0]: msgspec.msgpack.decode(row[1], type=JournalLoss) for row in found}  # type: ignore[arg-type,misc]  # columns are STRICT
