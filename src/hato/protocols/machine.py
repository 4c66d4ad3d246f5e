"""The shape of every conversation: what the pump may ask of a protocol's state machine.

Called by `net.connection` (pulls commands, moves bytes) and by edges (send replies).
Never touches a socket, a clock or storage; never raises because of what a peer sent.
Standards: none of its own; each protocol cites its RFCs.
Fails never: a hopeless peer yields CLOSED with the goodbye already in `data_to_send`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol, TypeAlias, TypeVar

from hato.core.limits import PENDING_OUTPUT_OCTETS

Buffer: TypeAlias = bytes | bytearray | memoryview

CommandT_co = TypeVar("CommandT_co", covariant=True)
ReplyT_contra = TypeVar("ReplyT_contra", contravariant=True)


class Signal(Enum):
    """What `next_command` answers when there is no command."""

    NEED_DATA = auto()
    """Everything that arrived is answered: write what is pending, then wait for more."""

    PAUSED = auto()
    """Nothing more until what is pending has been written and the peer has read."""

    START_TLS = auto()
    """Write what is pending, discard whatever arrived unread, shake hands, then call
    `tls_established`."""

    PARTED = auto()
    """Write what is pending and close: the peer said goodbye and expects nothing else."""

    CLOSED = auto()
    """Write what is pending and close; nothing more will be read, though it may still be sent."""


class Farewell(Enum):
    """Why we end a conversation; the machine says it in the protocol's own words, or not at all."""

    SHUTTING_DOWN = auto()
    LOGIN_TIMED_OUT = auto()
    IDLE_TIMED_OUT = auto()
    TOO_SLOW = auto()
    """The peer sends less than the least rate."""
    TOO_MANY_CONNECTIONS = auto()
    LOGIN_REVOKED = auto()
    """Disabled, removed, or the password that opened this session is changed."""
    INTERNAL_FAULT = auto()
    DAMAGED_MIDWAY = auto()
    """A message that is being sent turned out unreadable: close without its terminator."""


class Machine(Protocol[CommandT_co, ReplyT_contra]):
    """One side of one conversation: bytes in, typed commands out; typed replies in, bytes out."""

    def receive_data(self, data: bytes) -> None:
        """Take octets that arrived. Bounded: the pump reads on only at NEED_DATA."""
        ...

    def receive_eof(self) -> None:
        """Learn that the peer will send nothing more."""
        ...

    def next_command(self) -> CommandT_co | Signal:
        """Return the next legal, complete command, or why there is none.

        It is asked for only after the command before it has been answered. Whatever was not
        legal has been answered by the machine itself before this returns.
        """
        ...

    def send(self, reply: ReplyT_contra) -> None:
        """Queue a reply for writing."""
        ...

    def data_to_send(self) -> list[Buffer]:
        """Return what is pending, in order, and forget it."""
        ...

    @property
    def pending_octets(self) -> int:
        """How much is pending, in octets."""
        ...

    def tls_established(self) -> None:
        """Learn that TLS protects the conversation: everything learned before it is forgotten."""
        ...

    def say_farewell(self, reason: Farewell) -> None:
        """End the conversation from our side; `next_command` answers CLOSED from now on."""
        ...


class Outbox:
    """The replies of one machine that wait to be written."""

    __slots__ = ("_pieces", "pending_octets")

    def __init__(self) -> None:
        """Begin empty."""
        self._pieces: list[Buffer] = []
        self.pending_octets = 0

    def put(self, piece: Buffer) -> None:
        """Add octets behind those that wait."""
        self._pieces.append(piece)
        self.pending_octets += len(piece)

    def put_all(self, pieces: list[Buffer], total_octets: int) -> None:
        """Add several pieces whose length together is known."""
        self._pieces += pieces
        self.pending_octets += total_octets

    def take(self) -> list[Buffer]:
        """Return everything, in order, and be empty again."""
        pieces = self._pieces
        self._pieces = []
        self.pending_octets = 0
        return pieces

    @property
    def is_full(self) -> bool:
        """Whether the peer must read before more is made."""
        return self.pending_octets > PENDING_OUTPUT_OCTETS
