"""Whether a server that we wait for is worth waiting for.

Called by `net.dialled` with every read.
Never looks at a clock: it is told how long was waited; time in which nobody read does not count.
Standards: none.
Fails never: it judges.
"""

from __future__ import annotations


class ReadPace:
    """Measures one answer from its first octets on; the silence before is the idle limit's."""

    __slots__ = (
        "_has_begun",
        "_least_octets",
        "_octets",
        "_rate",
        "_waited_seconds",
        "_window_seconds",
    )

    def __init__(self, octets_per_second: float, window_seconds: float) -> None:
        """Demand a rate, over every `window_seconds` of waiting."""
        self._rate = octets_per_second
        self._least_octets = octets_per_second * window_seconds
        self._window_seconds = window_seconds
        self._octets = 0.0
        self._waited_seconds = 0.0
        self._has_begun = False

    def expect_answer(self) -> None:
        """Know that an answer is whole, and that the next one may take its time to begin.

        It counts for a second's worth of octets: short answers have few, which is no fault.
        """
        self._octets += self._rate
        self._has_begun = False

    def received(self, octets: int, waited_seconds: float) -> bool:
        """Note what came and how long it was waited for; False: too slow."""
        if not self._has_begun:
            self._has_begun = True
            return True
        self._octets += octets
        self._waited_seconds += waited_seconds
        if self._waited_seconds < self._window_seconds:
            return True
        if self._octets < self._least_octets:
            return False
        self._octets = 0.0
        self._waited_seconds = 0.0
        return True
