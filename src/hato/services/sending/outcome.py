"""What came of an attempt to send a letter.

Made by the courier, told by the command line.
Never says that a letter arrived: only that its server took it.
Standards: RFC 8621 §7 (how a submission stands).
Fails never.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hato.core.language import Text
from hato.services.sending.waiting_letter import Recipient
from hato.store.directory import QueueId


class Standing(StrEnum):
    """How it stands with a letter, in one word."""

    SENT = "sent"
    WAITING = "waiting"
    """It is tried again by itself."""
    NEEDS_YOU = "needs-you"
    """Somebody is refused, or nobody tries any more: the person decides."""
    UNKNOWN = "unknown"
    """The server may have it: the person decides."""
    TAKEN_BACK = "taken-back"
    """The person deleted it before it left."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of an attempt."""

    queue_id: QueueId
    standing: Standing
    text: Text
    """What is wrong and what to do; both empty where it was sent."""
    recipients: tuple[Recipient, ...]
    due: int
    """When it is tried next by itself, in seconds since 1970 UTC; in a hundred years: never."""
