"""How a connection gets on: what the timekeeper needs to tell a slow peer from a dead one.

Called by `net.connection` (notes) and `net.service` (judges).
Never looks at a clock: times are passed in, in seconds of the event loop's clock.
Standards: none.
Fails never.
"""

from __future__ import annotations


class Progress:
    """Notes of one connection."""

    __slots__ = (
        "commands",
        "ending_since",
        "handshake_since",
        "last_received",
        "reached_at",
        "reached_octets",
        "received_octets",
        "sent_octets",
        "since",
        "waiting_since",
        "window",
    )

    def __init__(self, now: float) -> None:
        """Begin at `now`."""
        self.since = now
        self.last_received = now
        self.received_octets = 0
        self.sent_octets = 0
        self.commands = 0
        """Commands that were answered."""
        self.handshake_since: float | None = None
        self.waiting_since: float | None = None
        """Since when the peer has not read everything."""
        self.ending_since: float | None = None
        """Since when the connection is being closed."""
        self.reached_octets = 0
        self.reached_at = now
        """What had reached the kernel at the last look, and when that last grew."""
        self.window = (now, 0, 0, 0)
        """When the current window of measuring began, and what had been received, had reached
        the kernel and had been answered by then."""

    def received(self, octets: int, now: float) -> None:
        """Note that something arrived."""
        self.received_octets += octets
        self.last_received = now

    def began_handshake(self, now: float) -> None:
        """Note that TLS is being agreed."""
        self.handshake_since = now

    def ended_handshake(self) -> None:
        """Note that TLS is there."""
        self.handshake_since = None

    def began_waiting(self, now: float) -> None:
        """Note that the peer must read before we write on."""
        self.waiting_since = self.reached_at = now

    def ended_waiting(self) -> None:
        """Note that the peer has read everything."""
        self.waiting_since = None
