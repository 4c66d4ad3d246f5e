"""The rules of the store: from what is wanted to what happens, with every number decided.

Called by every backend inside its write step, so that all decide alike.
Never writes, never waits, never asks the time: the view answers, `now` is passed in.
Standards: RFC 9051 §2.3.1.1 (UIDs), RFC 7162 §3.1.3, RFC 8474 §5, RFC 8621 §2 (names, roles).
Fails with the errors of `core.errors` that `Account.commit` names; then nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from hato.core.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OverQuotaError,
)
from hato.core.ids import BodyId, EmailId, MailboxId, ModSeq, ThreadId, Uid
from hato.core.language import Text
from hato.core.limits import DELIVERY_ID_SECONDS
from hato.store import changes
from hato.store.changes import Fact, Wanted
from hato.store.model import TOP, Role
from hato.store.overlay import Overlay
from hato.store.uidl import may_keep_uidl
from hato.store.view import AccountView, EmailRow, MailboxRow

INBOX_NAME: Final = "INBOX"
"""Case does not matter in this one name, and only at the top (RFC 9051 §5.1)."""

INBOX_ID: Final = MailboxId(1)
"""The first mailbox of every account."""

FIRST_MODSEQ: Final = ModSeq(1)
"""The step that makes an account."""

_HOMELESS: Final = Text(
    en="A message needs a mailbox, and entries of a ledger need a source: name them.",
    ja="メールには入れるメールボックスが、台帳の記入には受信元が必要です。指定してください。",
)
_INBOX_STAYS: Final = Text(
    en="INBOX stays: it can be neither removed nor renamed nor moved.",
    ja="INBOX は削除も改名も移動もできません。",
)
_BELOW_ITSELF: Final = Text(
    en="A mailbox cannot lie below itself: choose another parent.",
    ja="メールボックスを自分自身の下には置けません。別の親を選んでください。",
)


class _Step:
    """One commit being resolved: the account with the earlier changes of the commit in it."""

    def __init__(self, view: AccountView, now: int, undelete_seconds: int) -> None:
        self.view = Overlay(view)
        self.now = now
        self.held_until = now + undelete_seconds


def first_facts(now: int) -> list[Fact]:
    """Return what stands at the beginning of every account, with FIRST_MODSEQ: its INBOX."""
    uidvalidity = _next_uidvalidity(1, now)
    return [changes.MailboxMade(INBOX_ID, TOP, INBOX_NAME, Role.INBOX, uidvalidity)]


def is_duplicate(view: AccountView, delivery_id: bytes | None, now: int) -> bool:
    """Tell whether a delivery id was used within DELIVERY_ID_SECONDS; ask before `resolve`."""
    if delivery_id is None:
        return False
    at = view.delivered_at(delivery_id)
    return at is not None and at > now - DELIVERY_ID_SECONDS


def resolve(
    view: AccountView,
    wanted: Sequence[Wanted],
    *,
    now: int,
    undelete_seconds: int,
    expected_modseq: ModSeq | None = None,
    delivery_id: bytes | None = None,
) -> list[Fact]:
    """Decide what happens when all of `wanted` is done in one step; an empty list is nothing.

    Each of `wanted` sees the effects of those before it. `now` is in seconds since 1970 UTC.
    The k-th Added belongs to the k-th AddEmail, the k-th BlobPut to the k-th PutBlob. To resolve
    several steps before the first is written, pass an `Overlay` and let it `commit` each step.
    Raises ConflictError, NotFoundError, AlreadyExistsError, InvalidInputError, OverQuotaError.
    """
    if expected_modseq is not None and view.totals().modseq != expected_modseq:
        raise ConflictError("the account has changed meanwhile")
    step = _Step(view, now, undelete_seconds)
    facts: list[Fact] = []
    for one in wanted:
        for fact in _RULES[type(one)](step, one):
            step.view.apply(fact)
            facts.append(fact)
    if delivery_id is not None:
        facts.append(changes.DeliverySeen(delivery_id, now))
    return facts


# Messages. Each rule yields facts; what it yields has happened when it goes on.


def _add_email(step: _Step, wanted: changes.AddEmail) -> Iterator[Fact]:
    view = step.view
    if not wanted.mailboxes or (wanted.ledger and wanted.source is None):
        raise InvalidInputError(_HOMELESS)
    size_octets = len(wanted.prefix) + wanted.staged.size_octets
    _check_quota(step, size_octets)
    mailboxes = [_mailbox(step, mailbox) for mailbox in dict.fromkeys(wanted.mailboxes)]
    next_id = view.totals().next_id
    email_id = EmailId(next_id + 1)
    thread = view.thread_of(wanted.reference_hashes) if wanted.reference_hashes else None
    yield changes.Added(
        email_id=email_id,
        body_id=BodyId(next_id),
        thread_id=ThreadId(next_id + 2) if thread is None else thread,
        size_octets=size_octets,
        received=wanted.received,
        traits=int(wanted.staged.traits | wanted.traits),
        placements=tuple((row.mailbox_id, row.uidnext) for row in mailboxes),
        keywords=tuple(sorted(wanted.keywords)),
        uidl=_kept_uidl(view, wanted.uidl),
        reference_hashes=wanted.reference_hashes,
        source=wanted.source,
    )
    if wanted.ledger and wanted.source is not None:
        entries = tuple(
            msgspec.structs.replace(entry, email_id=email_id) for entry in wanted.ledger
        )
        yield changes.LedgerPut(wanted.source, entries, ())


def _place_email(step: _Step, wanted: changes.PlaceEmail) -> Iterator[Fact]:
    target = _mailbox(step, wanted.mailbox)
    row = step.view.emails([wanted.email_id]).get(wanted.email_id)
    if row is None:
        raise NotFoundError("the message is not there")
    if not _lies_in(row, target.mailbox_id):
        yield changes.Placed(row.email_id, target.mailbox_id, target.uidnext)


def _move_email(step: _Step, wanted: changes.MoveEmail) -> Iterator[Fact]:
    _mailbox(step, wanted.mailbox)
    target = _mailbox(step, wanted.target)
    placement = step.view.placements(wanted.mailbox, [wanted.uid]).get(wanted.uid)
    if placement is None:
        raise NotFoundError("the message is not there")
    if wanted.mailbox == wanted.target:
        return
    email_id = placement.email_id
    if _lies_in(step.view.emails([email_id])[email_id], wanted.target):
        yield changes.Expunged(wanted.mailbox, (wanted.uid,), (email_id,), (), step.held_until)
    else:
        yield changes.Moved(email_id, wanted.mailbox, wanted.uid, wanted.target, target.uidnext)


def _expunge(step: _Step, wanted: changes.Expunge) -> Iterator[Fact]:
    _mailbox(step, wanted.mailbox)
    yield from _take_out(step, wanted.mailbox, sorted(set(wanted.uids)))


def _take_out(step: _Step, mailbox: MailboxId, uids: Sequence[Uid] | None) -> Iterator[Fact]:
    """Expunge `uids` (None: all) of a mailbox; hold what then lies nowhere."""
    found = step.view.placements(mailbox, uids)
    if not found:
        return
    email_ids = tuple(placement.email_id for placement in found.values())
    rows = step.view.emails(email_ids)
    held = tuple(email_id for email_id in email_ids if len(rows[email_id].placements) == 1)
    yield changes.Expunged(mailbox, tuple(found), email_ids, held, step.held_until)


def _set_keywords(step: _Step, wanted: changes.SetKeywords) -> Iterator[Fact]:
    for row in step.view.emails(dict.fromkeys(wanted.email_ids)).values():
        if wanted.unchanged_since is not None and row.modseq > wanted.unchanged_since:
            continue
        keywords = (row.keywords - wanted.remove) | wanted.add
        if keywords != row.keywords:
            yield changes.KeywordsSet(row.email_id, tuple(sorted(keywords)))


def _set_deleted(step: _Step, wanted: changes.SetDeleted) -> Iterator[Fact]:
    _mailbox(step, wanted.mailbox)
    found = step.view.placements(wanted.mailbox, sorted(set(wanted.uids)))
    uids = [uid for uid, place in found.items() if place.is_deleted != wanted.is_deleted]
    if wanted.unchanged_since is not None:
        rows = step.view.emails([found[uid].email_id for uid in uids])
        since = wanted.unchanged_since
        uids = [uid for uid in uids if rows[found[uid].email_id].modseq <= since]
    if uids:
        yield changes.DeletedSet(wanted.mailbox, tuple(uids), wanted.is_deleted)


def _undelete(step: _Step, wanted: changes.Undelete) -> Iterator[Fact]:
    for row in step.view.held(dict.fromkeys(wanted.email_ids)).values():
        _check_quota(step, row.size_octets)
        target = _mailbox(step, wanted.mailbox)
        yield changes.Undeleted(row.email_id, target.mailbox_id, target.uidnext)


def _purge(step: _Step, wanted: changes.Purge) -> Iterator[Fact]:
    email_ids = tuple(step.view.held(dict.fromkeys(wanted.email_ids)))
    body_ids = tuple(sorted(step.view.blobs(wanted.body_ids)))
    totals = step.view.totals()
    floor = max(totals.floor, min(wanted.floor, totals.modseq))
    if email_ids or body_ids or floor != totals.floor:
        yield changes.Purged(email_ids, body_ids, floor)


# Mailboxes


def _make_mailbox(step: _Step, wanted: changes.MakeMailbox) -> Iterator[Fact]:
    if wanted.parent != TOP:
        _mailbox(step, wanted.parent)
    _check_name_is_free(step, wanted.parent, wanted.name)
    if wanted.role is not None and step.view.find_role(wanted.role) is not None:
        raise AlreadyExistsError("another mailbox has this role")
    totals = step.view.totals()
    yield changes.MailboxMade(
        MailboxId(totals.next_mailbox),
        wanted.parent,
        wanted.name,
        wanted.role,
        _next_uidvalidity(totals.next_uidvalidity, step.now),
    )


def _change_mailbox(step: _Step, wanted: changes.ChangeMailbox) -> Iterator[Fact]:
    row = _mailbox(step, wanted.mailbox)
    changed = row._replace(
        parent=row.parent if wanted.parent is None else wanted.parent,
        name=row.name if wanted.name is None else wanted.name,
        is_subscribed=(row.is_subscribed if wanted.is_subscribed is None else wanted.is_subscribed),
        sort_order=row.sort_order if wanted.sort_order is None else wanted.sort_order,
    )
    if changed == row:
        return
    if (changed.parent, changed.name) != (row.parent, row.name):
        if row.role is Role.INBOX:
            raise InvalidInputError(_INBOX_STAYS)
        _check_not_below_itself(step, row.mailbox_id, changed.parent)
        _check_name_is_free(step, changed.parent, changed.name)
    yield changes.MailboxChanged(
        row.mailbox_id, changed.parent, changed.name, changed.is_subscribed, changed.sort_order
    )


def _remove_mailbox(step: _Step, wanted: changes.RemoveMailbox) -> Iterator[Fact]:
    row = _mailbox(step, wanted.mailbox)
    if row.role is Role.INBOX:
        raise InvalidInputError(_INBOX_STAYS)
    if step.view.children(row.mailbox_id):
        raise ConflictError("the mailbox has mailboxes below it")
    yield from _take_out(step, row.mailbox_id, None)
    yield changes.MailboxRemoved(row.mailbox_id)


# Small things


def _put_object(step: _Step, wanted: changes.PutObject) -> Iterator[Fact]:
    if step.view.object_content(wanted.kind, wanted.object_id) != wanted.content:
        yield changes.ObjectPut(wanted.kind, wanted.object_id, wanted.content)


def _put_ledger(step: _Step, wanted: changes.PutLedger) -> Iterator[Fact]:
    known = step.view.ledger_entries(
        wanted.source, [*wanted.forget, *(entry.uidl for entry in wanted.entries)]
    )
    written = {entry.uidl: entry for entry in wanted.entries}
    forget = tuple(uidl for uidl in wanted.forget if uidl in known and uidl not in written)
    entries = tuple(entry for uidl, entry in written.items() if known.get(uidl) != entry)
    if entries or forget:
        yield changes.LedgerPut(wanted.source, entries, forget)


def _put_blob(step: _Step, wanted: changes.PutBlob) -> Iterator[Fact]:
    body_id = BodyId(step.view.totals().next_id)
    yield changes.BlobPut(body_id, wanted.staged.size_octets, wanted.expires)


def _set_quota(step: _Step, wanted: changes.SetQuota) -> Iterator[Fact]:
    totals = step.view.totals()
    if (totals.quota_octets, totals.quota_count) != (wanted.quota_octets, wanted.quota_count):
        yield changes.QuotaSet(wanted.quota_octets, wanted.quota_count)


# What several rules ask


def _mailbox(step: _Step, mailbox: MailboxId) -> MailboxRow:
    row = step.view.mailbox(mailbox)
    if row is None:
        raise NotFoundError("the mailbox is not there")
    return row


def _lies_in(row: EmailRow, mailbox: MailboxId) -> bool:
    return any(place == mailbox for place, _uid in row.placements)


def _check_quota(step: _Step, size_octets: int) -> None:
    """Refuse one more message of `size_octets` where a limit would be exceeded."""
    totals = step.view.totals()
    if totals.quota_octets is not None and totals.used_octets + size_octets > totals.quota_octets:
        raise OverQuotaError("the account's limit of octets would be exceeded")
    if totals.quota_count is not None and totals.used_count + 1 > totals.quota_count:
        raise OverQuotaError("the account's limit of messages would be exceeded")


def _check_name_is_free(step: _Step, parent: MailboxId, name: str) -> None:
    is_inbox = parent == TOP and name.upper() == INBOX_NAME
    if is_inbox or step.view.find_mailbox(parent, name) is not None:
        raise AlreadyExistsError("a mailbox of this name is there already")


def _check_not_below_itself(step: _Step, mailbox: MailboxId, parent: MailboxId) -> None:
    while parent != TOP:
        if parent == mailbox:
            raise InvalidInputError(_BELOW_ITSELF)
        parent = _mailbox(step, parent).parent


def _kept_uidl(view: Overlay, uidl: str | None) -> str | None:
    if uidl is None or not may_keep_uidl(uidl, view.account_id) or view.has_uidl(uidl):
        return None
    return uidl


def _next_uidvalidity(least: int, now: int) -> int:
    """Return a UIDVALIDITY that was never used here: a time while that fits (RFC 9051 §2.3.1.1).

    The time makes it differ from those of an account that was restored from an older backup.
    """
    return max(least, now) if now < 2**32 else least


_RULES: Final[dict[type, Callable[[_Step, Any], Iterator[Fact]]]] = {
    changes.AddEmail: _add_email,
    changes.PlaceEmail: _place_email,
    changes.MoveEmail: _move_email,
    changes.Expunge: _expunge,
    changes.SetKeywords: _set_keywords,
    changes.SetDeleted: _set_deleted,
    changes.MakeMailbox: _make_mailbox,
    changes.ChangeMailbox: _change_mailbox,
    changes.RemoveMailbox: _remove_mailbox,
    changes.Undelete: _undelete,
    changes.Purge: _purge,
    changes.PutObject: _put_object,
    changes.PutLedger: _put_ledger,
    changes.PutBlob: _put_blob,
    changes.SetQuota: _set_quota,
}
