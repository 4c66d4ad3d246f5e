"""An old program's account becomes a source, with what the program knew of its letters.

Called by `hato account import`.
Never takes an account half: source, password and ledger are one step; never changes one that is
here already. Letters that the old program has are known and nothing else: as they are not here,
Hato neither fetches them nor ever deletes them at their server, whatever the owner's rule.
Standards: none.
Fails as `Sources.add` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from hato.core.clock import Clock
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.moving_in import notes
from hato.services.moving_in.found import Found, readable
from hato.services.moving_in.memories import UniqueIds
from hato.services.sources.source import Keeping, Proof, Source, is_same_mailbox
from hato.services.sources.sources import Sources, is_same_address
from hato.store.model import LedgerEntry, LedgerState

_CHECKSUM_UNKNOWN: Final = b""


class Ready(NamedTuple):
    """An account, with all that was found about it."""

    found: Found
    secret: Secret | None
    """None: it is still to be set, and until then nobody can log in."""
    why_no_secret: Text | None
    ids: UniqueIds | None
    """None: the program has no memory of this account."""

    def notes(self) -> Iterator[Text]:
        """Yield what the person should know."""
        source, program = self.found.source, {"program": self.found.program.value}
        path = readable(str(self.found.memory.files[0]))
        if self.ids is not None and self.ids.known:
            yield notes.KNOWN.filled(count=len(self.ids.known), **program)
        elif self.ids is None:
            yield notes.NO_MEMORY.filled(path=path, **program)
        if self.ids is not None and self.ids.odd:
            yield notes.ODD_IDS.filled(count=self.ids.odd, path=path)
        if source.policy.keeping is Keeping.DELETE_WHEN_STORED:
            yield notes.DELETES
        elif source.policy.keeping is Keeping.DELETE_AFTER_DAYS:
            yield notes.DELETES_LATER.filled(days=source.policy.days)
        if source.proof is Proof.OAUTH2:
            yield notes.NEEDS_AUTHORISING.filled(address=source.address)
        elif self.why_no_secret is not None:
            yield self.why_no_secret.filled(address=source.address)
        yield from self.found.notes


class Standing(Enum):
    """What there is of an account here already."""

    NEW = auto()
    HERE = auto()
    ADDRESS_TAKEN = auto()
    """Another account has its address."""


def standing_of(source: Source, others: Iterable[Source]) -> Standing:
    """Tell what there is of an account here already."""
    others = list(others)
    if any(is_same_mailbox(source, other) for other in others):
        return Standing.HERE
    is_taken = any(is_same_address(source.address, other.address) for other in others)
    return Standing.ADDRESS_TAKEN if is_taken else Standing.NEW


async def move_in(sources: Sources, draft: Source, ready: Ready, clock: Clock) -> Source:
    """Keep an account as the source that was drafted of it.

    Raises AlreadyExistsError where it is here already.
    """
    known = ready.ids.known if ready.ids is not None else []
    return await sources.add(draft, ready.secret, entries_of(known, clock.now()))


def entries_of(unique_ids: Iterable[bytes], now: int) -> list[LedgerEntry]:
    """Return ledger entries that say: known, not here, never to be deleted there."""
    return [
        LedgerEntry(
            uidl=unique_id,
            state=LedgerState.SEEN,
            email_id=None,
            size_octets=0,
            checksum=_CHECKSUM_UNKNOWN,
            header_checksum=_CHECKSUM_UNKNOWN,
            at=now,
        )
        for unique_id in unique_ids
    ]
