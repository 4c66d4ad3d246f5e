"""Whether the letter that lies under a name on a server is the one that the ledger means.

Called by `services.fetching` where a name alone does not tell: it was used before for a letter that
is deleted or gone, or a letter was known again by its header.
Never lets a name that comes back pass for its former letter; never gives up what is known of that.
Standards: RFC 1939 §7 (a unique-id should not be used again: some servers do).
Fails never. Pure.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hato.core.limits import DELETION_SHOWS_SECONDS
from hato.store.model import LedgerEntry, LedgerState

_ASIDE: Final = b"  "
"""How the names of entries begin whose letters gave their names to others: no unique-id has spaces
(RFC 1939 §7), and no name of ours two of them."""


def is_to_be_looked_at(entry: LedgerEntry, size_octets: int, now: int) -> bool:
    """Tell whether a letter that is listed although its deletion was confirmed is to be fetched.

    Another size shows another letter. The same one may still be shown for a while; a server that
    says yes and does not delete is asked less and less often. `size_octets`: as listed, 0: unknown.
    """
    if size_octets and entry.size_octets and size_octets != entry.size_octets:
        return True
    tried_for = entry.at - entry.deletion_sent_at if entry.deletion_sent_at else 0
    return now >= entry.at + max(DELETION_SHOWS_SECONDS, tried_for)


def is_proven(entry: LedgerEntry, checksum: bytes) -> bool:
    """Tell whether a letter that was fetched whole is the one of this entry."""
    return bool(entry.checksum) and entry.checksum == checksum


def proven(entry: LedgerEntry, now: int) -> LedgerEntry:
    """Return what an entry is once its letter was fetched again and is the very same."""
    state = {
        LedgerState.DELETION_CONFIRMED: LedgerState.MAY_BE_DELETED,
        LedgerState.GONE: LedgerState.STORED,
    }.get(entry.state)
    if state is None:
        return msgspec.structs.replace(entry, is_told_by_header=False)
    return msgspec.structs.replace(entry, state=state, at=now, is_told_by_header=False)


def renamed(entry: LedgerEntry, name: bytes, now: int) -> LedgerEntry:
    """Return an entry under the name that its letter, known by its header, has now."""
    is_gone = entry.state is LedgerState.GONE
    state = LedgerState.STORED if entry.checksum else LedgerState.SEEN
    return msgspec.structs.replace(
        entry,
        uidl=name,
        state=state if is_gone else entry.state,
        at=now if is_gone else entry.at,
        is_told_by_header=bool(entry.checksum),
    )


def set_aside(entry: LedgerEntry) -> LedgerEntry:
    """Return an entry under a name of its own, now that another letter has the one it had."""
    is_deleted = entry.state is LedgerState.DELETION_CONFIRMED
    return msgspec.structs.replace(
        entry,
        uidl=b"%s%d %s" % (_ASIDE, entry.at, entry.uidl),
        state=entry.state if is_deleted else LedgerState.GONE,
    )


def name_on_server(entry: LedgerEntry) -> bytes:
    """Return the name that a letter had there, for a receipt."""
    if not entry.uidl.startswith(_ASIDE):
        return entry.uidl
    return entry.uidl.removeprefix(_ASIDE).partition(b" ")[2]
