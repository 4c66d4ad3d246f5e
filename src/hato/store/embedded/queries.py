"""What an account shows, read from its index.

Called by `account` in the loop; each function is one question.
Never writes; never sees a step half done, since each statement reads one state.
Standards: RFC 8620 §5.2 (changes), RFC 8621 §4 (emails).
Fails with apsw.Error; ConflictError and NotFoundError as `store.api` names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import apsw
import msgspec

from hato.core.errors import ConflictError, NotFoundError
from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.store.embedded.rows import read_account
from hato.store.model import (
    BodyRef,
    ChangeKind,
    Changes,
    Email,
    HeldEmail,
    LedgerEntry,
    Mailbox,
    Role,
    StoredObject,
    Traits,
    Usage,
)
from hato.store.uidl import make_uidl

_LEDGER_ENTRY: Final = msgspec.msgpack.Decoder(LedgerEntry)

_LIVE: Final = {
    ChangeKind.EMAIL: "id, created, modseq FROM email WHERE held_until IS NULL AND",
    ChangeKind.MAILBOX: "id, created, modseq FROM mailbox WHERE",
    ChangeKind.THREAD: "id, created, modseq FROM thread WHERE",
    ChangeKind.OBJECT: "kind || '/' || id AS id, created, modseq FROM object WHERE",
}


def mailboxes(connection: apsw.Connection) -> list[Mailbox]:
    """Return all mailboxes, by id."""
    found = connection.execute(
        "SELECT id, parent, name, role, is_subscribed, sort_order, uidvalidity, uidnext, total,"
        " unseen, octets, modseq FROM mailbox ORDER BY id"
    )
    return [
        Mailbox(
            mailbox_id=MailboxId(row[0]),
            parent=MailboxId(row[1]),
            name=row[2],
            role=None if row[3] is None else Role(row[3]),
            is_subscribed=bool(row[4]),
            sort_order=row[5],
            uidvalidity=row[6],
            uidnext=Uid(row[7]),
            total=row[8],
            unseen=row[9],
            size_octets=row[10],
            modseq=ModSeq(row[11]),
        )
        for row in found
    ]


def emails(
    connection: apsw.Connection, account_id: AccountId, email_ids: Sequence[EmailId]
) -> list[Email]:
    """Return those of the messages that lie in some mailbox, in the order asked for."""
    (ended,) = connection.execute("SELECT ended FROM account").fetchone()  # type: ignore[misc]  # there is one
    found: list[Email] = []
    for email_id in email_ids:
        row = connection.execute(
            "SELECT email.thread, email.body, email.size, email.uidl, email.received,"
            " email.traits, keyword_set.names, email.source, email.modseq, email.created,"
            " body.segment, body.offset, body.octets"
            " FROM email JOIN body ON body.id = email.body"
            " JOIN keyword_set ON keyword_set.id = email.keywords"
            " WHERE email.id = ? AND held_until IS NULL",
            (email_id,),
        ).fetchone()
        if row is None:
            continue
        places = connection.execute(
            "SELECT mailbox, uid FROM placement WHERE email = ? ORDER BY mailbox", (email_id,)
        )
        found.append(
            Email(
                email_id=email_id,
                thread_id=ThreadId(row[0]),
                body=BodyRef(BodyId(row[1]), row[2], (*row[10:13], ended)),
                uidl=row[3] or make_uidl(account_id, email_id),
                received=row[4],
                traits=Traits(row[5]),
                keywords=frozenset(msgspec.json.decode(row[6], type=list[str])),
                placements=tuple((MailboxId(place[0]), Uid(place[1])) for place in places),
                source=row[7],
                modseq=ModSeq(row[8]),
                created_modseq=ModSeq(row[9]),
            )
        )
    return found


def body(connection: apsw.Connection, body_id: BodyId) -> BodyRef:
    """Find octets by id. Raises NotFoundError."""
    row = connection.execute(
        "SELECT size, body.segment, offset, octets, ended FROM body, account WHERE body.id = ?",
        (body_id,),
    ).fetchone()
    if row is None:
        raise NotFoundError("the octets are not there")
    return BodyRef(body_id, row[0], row[1:])


def held(connection: apsw.Connection) -> list[HeldEmail]:
    """Return deleted messages that can be brought back, latest first."""
    found = connection.execute(
        "SELECT email.id, email.body, email.size, email.received, email.held_until,"
        " email.last_mailbox, body.segment, body.offset, body.octets, ended"
        " FROM email JOIN body ON body.id = email.body, account WHERE held_until IS NOT NULL"
        " ORDER BY email.modseq DESC, email.id DESC"
    )
    return [
        HeldEmail(
            EmailId(row[0]),
            BodyRef(BodyId(row[1]), row[2], row[6:10]),
            row[3],
            row[4],
            MailboxId(row[5]),
        )
        for row in found
    ]


def stored_objects(
    connection: apsw.Connection, kind: str, object_id: str | None = None
) -> list[StoredObject]:
    """Return one or all small things of a kind, by id."""
    found = connection.execute(
        "SELECT kind, id, content, modseq FROM object WHERE kind = ?1 AND (?2 IS NULL OR id = ?2)"
        " ORDER BY id",
        (kind, object_id),
    )
    return [StoredObject(row[0], row[1], bytes(row[2]), ModSeq(row[3])) for row in found]


def ledger(
    connection: apsw.Connection, source: str, after: bytes | None = None, most: int | None = None
) -> list[LedgerEntry]:
    """Return a source's ledger, by UIDL, from behind `after` on."""
    first = b"" if after is None else after + b"\0"  # the very next one that can be
    sql = "SELECT entry FROM ledger WHERE source = ? AND uidl >= ? ORDER BY uidl LIMIT ?"
    found = connection.execute(sql, (source, first, -1 if most is None else most))
    return [_LEDGER_ENTRY.decode(row[0]) for row in found]


def ledger_entries(
    connection: apsw.Connection, source: str, uidls: Sequence[bytes]
) -> list[LedgerEntry]:
    """Return those of the lines that are in a source's ledger, in the order asked for."""
    sql = "SELECT entry FROM ledger WHERE source = ? AND uidl = ?"
    rows = (connection.execute(sql, (source, uidl)).fetchone() for uidl in uidls)
    return [_LEDGER_ENTRY.decode(row[0]) for row in rows if row is not None]


def usage(connection: apsw.Connection) -> Usage:
    """Return what the account holds and may hold."""
    account = read_account(connection)
    return Usage(
        used_octets=account.used_octets,
        used_count=account.used_count,
        held_octets=account.held_octets,
        quota_octets=account.quota_octets,
        quota_count=account.quota_count,
    )


def modseq(connection: apsw.Connection) -> ModSeq:
    """Return the number of the last step."""
    return ModSeq(read_account(connection).modseq)


def changes(connection: apsw.Connection, kind: ChangeKind, since: ModSeq, limit: int) -> Changes:
    """Return what changed after `since`, in whole steps; see `store.api`."""
    now = _check_state(connection, since)
    steps = connection.execute(
        # A thing is told as made at the step that made it, else at the last that changed it.
        "SELECT iif(created > ?1, created, modseq) AS step, iif(created > ?1, 0, 1), id"  # noqa: S608 - names of ours
        f" FROM (SELECT {_LIVE[kind]} modseq > ?1)"
        " UNION ALL SELECT modseq, 2, id FROM gone WHERE kind = ?2 AND modseq > ?1"
        " AND created <= ?1 ORDER BY 1",
        (since, kind.value),
    )
    return _in_whole_steps(steps, since, now, limit)


def _in_whole_steps(
    rows: Iterable[tuple[int, int, int | str]], since: ModSeq, now: ModSeq, limit: int
) -> Changes:
    lists: tuple[list[int | str], ...] = ([], [], [])
    until, step = since, since
    pending: list[tuple[int, int | str]] = []
    count = 0
    for modseq, what, thing in (*rows, (0, 0, 0)):
        if modseq != step and pending:
            if until != since and count + len(pending) > limit:
                return _changes(lists, until, has_more=True)
            for which, one in pending:
                lists[which].append(one)
            count += len(pending)
            pending = []
            until = step
        step = ModSeq(modseq)
        pending.append((what, thing))
    return _changes(lists, now, has_more=False)


def _changes(lists: Sequence[list[int | str]], until: ModSeq, *, has_more: bool) -> Changes:
    created, updated, destroyed = lists
    return Changes(tuple(created), tuple(updated), tuple(destroyed), until, has_more)


def expunged(connection: apsw.Connection, mailbox: MailboxId, since: ModSeq) -> list[Uid]:
    """Return UIDs that left a mailbox after `since`, ascending."""
    there = connection.execute("SELECT 1 FROM mailbox WHERE id = ?", (mailbox,)).fetchone()
    if there is None:
        raise NotFoundError("the mailbox is not there")
    _check_state(connection, since)
    sql = "SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? ORDER BY uid"
    return [Uid(row[0]) for row in connection.execute(sql, (mailbox, since))]


def _check_state(connection: apsw.Connection, since: ModSeq) -> ModSeq:
    account = read_account(connection)
    if not account.floor <= since <= account.modseq:
        raise ConflictError("what changed since then is not known")
    return ModSeq(account.modseq)


def ended_by(
    connection: apsw.Connection, now: int, removed_before: int
) -> tuple[tuple[EmailId, ...], tuple[BodyId, ...], ModSeq]:
    """Return held messages and uploads whose time is over, and the new floor."""
    over = connection.execute("SELECT id FROM email WHERE held_until <= ? ORDER BY id", (now,))
    email_ids = tuple(EmailId(row[0]) for row in over)
    over = connection.execute("SELECT id FROM body WHERE expires <= ? ORDER BY id", (now,))
    body_ids = tuple(BodyId(row[0]) for row in over)
    floor = connection.execute(
        "SELECT max(modseq) FROM removal WHERE at <= ?", (removed_before,)
    ).fetchone()
    return email_ids, body_ids, ModSeq((floor and floor[0]) or 0)
