"""How much is asked for before the answers have come: so many commands, and so many octets.

Made by a POP3 conversation for each row of commands.
Never lets a quick letter wait for a round trip while there is room; never has more large ones
under way than a connection must carry when its reader leaves early.
Standards: RFC 2449 §6.6 (PIPELINING).
Fails never: a size that the server claims is a guess, and a wrong one costs time only.
"""

from __future__ import annotations

from collections import deque

from hato.core.limits import POP3_WINDOW_COMMANDS, POP3_WINDOW_OCTETS


class Pop3Window:
    """What is under way."""

    __slots__ = ("_octets", "_under_way")

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._under_way: deque[int] = deque()
        self._octets = 0

    def has_sent(self, octets: int) -> None:
        """Note a command, and how long its answer is thought to be."""
        self._under_way.append(octets)
        self._octets += octets

    def is_time_to_send(self, unanswered: int) -> bool:
        """Tell whether so few commands are unanswered that more should follow.

        At half: many leave in one write, and the way is never empty.
        """
        if unanswered > POP3_WINDOW_COMMANDS // 2:
            return False
        while len(self._under_way) > unanswered:
            self._octets -= self._under_way.popleft()
        return self._octets <= POP3_WINDOW_OCTETS // 2

    def has_room(self) -> bool:
        """Tell whether one more may be sent; one always may where nothing is under way."""
        return self._octets < POP3_WINDOW_OCTETS or not self._under_way
