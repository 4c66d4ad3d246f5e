"""What was made, changed and removed when: the answer to "what changed since".

Called by `memory.state`, which keeps one history for each kind of thing.
Never knows what the things are.
Standards: RFC 8620 §5.2 (changes).
Fails never; the pruning floor is the caller's.
"""

from __future__ import annotations

from hato.core.ids import ModSeq
from hato.store.model import Changes

_CREATED, _UPDATED, _DESTROYED = range(3)


class History:
    """The life of each thing of one kind, as three modseqs."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._live: dict[int | str, tuple[ModSeq, ModSeq]] = {}
        self._gone: dict[int | str, tuple[ModSeq, ModSeq]] = {}

    def touch(self, thing: int | str, modseq: ModSeq) -> None:
        """Make a thing, or change it. What was removed and comes back is made anew."""
        created, _last = self._live.get(thing, (modseq, modseq))
        self._live[thing] = (created, modseq)
        self._gone.pop(thing, None)

    def remove(self, thing: int | str, modseq: ModSeq) -> None:
        """Remove a thing and remember that it was there."""
        created, _last = self._live.pop(thing)
        self._gone[thing] = (created, modseq)

    def modseqs(self, thing: int | str) -> tuple[ModSeq, ModSeq]:
        """Return when a thing was made and when it changed last."""
        return self._live[thing]

    def forget(self, floor: ModSeq) -> None:
        """Remember no longer what was removed at or before `floor`."""
        self._gone = {thing: gone for thing, gone in self._gone.items() if gone[1] > floor}

    def changes(self, since: ModSeq, limit: int, now: ModSeq) -> Changes:
        """Return what differs from the state `since`, in whole steps, the oldest first.

        A thing is reported as made at the step that made it, as changed at the last that changed
        it. What was made and removed after `since` is left out. The first step is returned
        whole, even when it alone exceeds `limit`.
        """
        steps: dict[ModSeq, list[tuple[int, int | str]]] = {}
        for thing, (created, last) in self._live.items():
            if created > since:
                steps.setdefault(created, []).append((_CREATED, thing))
            elif last > since:
                steps.setdefault(last, []).append((_UPDATED, thing))
        for thing, (created, last) in self._gone.items():
            if created <= since < last:
                steps.setdefault(last, []).append((_DESTROYED, thing))
        until, collected, has_more = since, list[tuple[int, int | str]](), False
        for modseq in sorted(steps):
            has_more = bool(collected) and len(collected) + len(steps[modseq]) > limit
            if has_more:
                break
            collected += steps[modseq]
            until = modseq
        return Changes(
            created=_of(collected, _CREATED),
            updated=_of(collected, _UPDATED),
            destroyed=_of(collected, _DESTROYED),
            until=until if has_more else now,
            has_more=has_more,
        )


def _of(collected: list[tuple[int, int | str]], what: int) -> tuple[int | str, ...]:
    return tuple(thing for happened, thing in collected if happened == what)
