"""What a poll found odd about single letters, counted from poll to poll until it is sure.

Called by `services.fetching`; kept as one small object of the account beside the ledger.
Never takes a letter for gone, or for unfetchable, at first sight: clustered servers answer
differently from one connection to the next.
Standards: none.
Fails never: what cannot be read counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hato.core.limits import LOST_POLLS_UNTIL_QUARANTINE, REFUSED_POLLS_UNTIL_QUARANTINE


class Suspicions(msgspec.Struct, frozen=True):
    """In how many polls, one after the other, something was odd about a letter."""

    missing: dict[bytes, int] = {}
    """It was not listed."""
    refused: dict[bytes, int] = {}
    """The server did not give it."""
    lost: dict[bytes, int] = {}
    """The connection ended within it."""

    def after(
        self,
        *,
        missing: Iterable[bytes] | None = None,
        refused: Iterable[bytes] = (),
        lost: Iterable[bytes] = (),
        cleared: Iterable[bytes] = (),
    ) -> Suspicions:
        """Return what is suspected after one more poll.

        `missing`: None where that is not known this time. A letter that is listed is missing no
        more; one that failed is suspected until `cleared`.
        """
        cleared = frozenset(cleared)
        return Suspicions(
            self.missing
            if missing is None
            else {key: self.missing.get(key, 0) + 1 for key in missing},
            _counted(self.refused, refused, cleared),
            _counted(self.lost, lost, cleared),
        )

    def failures(self, key: bytes | None) -> int:
        """Return how often a letter failed, in whichever way."""
        if key is None:
            return 0
        return self.refused.get(key, 0) + self.lost.get(key, 0)

    def is_hopeless(self, key: bytes | None) -> bool:
        """Tell whether a letter failed so often that others must not wait for it any more."""
        if key is None:
            return False
        return (
            self.refused.get(key, 0) >= REFUSED_POLLS_UNTIL_QUARANTINE
            or self.lost.get(key, 0) >= LOST_POLLS_UNTIL_QUARANTINE
        )

    def encoded(self) -> bytes | None:
        """Return the object's content; None: there is nothing to remember."""
        if not (self.missing or self.refused or self.lost):
            return None
        return msgspec.msgpack.encode(self)


def read_suspicions(content: bytes | None) -> Suspicions:
    """Read an object's content."""
    if content is None:
        return Suspicions()
    try:
        return msgspec.msgpack.decode(content, type=Suspicions)
    except msgspec.MsgspecError:
        return Suspicions()


def _counted(
    before: dict[bytes, int], again: Iterable[bytes], cleared: frozenset[bytes]
) -> dict[bytes, int]:
    counts = {key: count for key, count in before.items() if key not in cleared}
    for key in again:
        counts[key] = counts.get(key, 0) + 1
    return counts
