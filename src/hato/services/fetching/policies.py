"""The owner's rule for what may be deleted from the server, applied to the ledger.

Called by `services.fetching` once a poll knows what lies there.
Never lets go what is not wholly and durably here: SEEN and QUARANTINED stay, whatever the rule.
Standards: RFC 1939 §8 (on leaving mail on servers).
Fails never. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hato.core.ids import EmailId
from hato.services.sources.source import Keeping, Policy
from hato.store.model import LedgerEntry, LedgerState

_DAY_SECONDS: Final = 86_400
SAFE: Final = frozenset(
    {
        LedgerState.STORED,
        LedgerState.MAY_BE_DELETED,
        LedgerState.DELETION_SENT,
    }
)
_DECIDED: Final = SAFE - {LedgerState.STORED}
"""The rule was fulfilled before, and the deletion did not come about: the letter is listed."""


def is_safe_here(entry: LedgerEntry) -> bool:
    """Tell whether the whole letter is durable here, or was until its owner removed it."""
    return entry.state in SAFE and entry.email_id is not None


def must_know_reading(policy: Policy) -> bool:
    """Tell whether `due` must be told which letters were read."""
    return policy.keeping is Keeping.DELETE_WHEN_READ


def due(
    policy: Policy,
    entries: Iterable[LedgerEntry],
    now: int,
    unread: frozenset[EmailId] = frozenset(),
) -> list[LedgerEntry]:
    """Return those of the entries, all of letters that are listed, that are to be deleted now.

    `now`: seconds since 1970 UTC. `unread`: letters that lie here and were not read yet.
    """
    safe = (entry for entry in entries if is_safe_here(entry))
    match policy.keeping:
        case Keeping.KEEP:
            return []
        case Keeping.DELETE_WHEN_STORED:
            return list(safe)
        case Keeping.DELETE_AFTER_DAYS:
            stored_before = now - policy.days * _DAY_SECONDS
            return [one for one in safe if _stored_at(one) <= stored_before]
        case Keeping.DELETE_WHEN_READ:
            return [one for one in safe if one.state in _DECIDED or one.email_id not in unread]


def _stored_at(entry: LedgerEntry) -> int:
    """Return when a letter became safe here, as far as that was noted."""
    if entry.stored_at or entry.state in _DECIDED:
        return entry.stored_at
    return entry.at
