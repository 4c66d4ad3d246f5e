"""A letter in the outbox, and how far it is with each of its recipients: the queue's payload.

Made by `services.sending.outbox`, changed by `services.sending.courier`, shown by `hato queue`.
Never holds the letter: it lies in its account's Drafts until it has left, and in Sent afterwards.
Standards: RFC 5321 §4.2.1 (what a server's answer decides), RFC 3463 (enhanced codes).
Fails with DamagedError for a payload that cannot be read.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hato.core.errors import DamagedError
from hato.core.ids import AccountId, EmailId
from hato.core.language import Text
from hato.store.directory import QueueItem


class Fate(StrEnum):
    """What became of a letter for one recipient."""

    WAITING = "waiting"
    SENT = "sent"
    """The server took it: it is the server's now."""
    REFUSED = "refused"
    """The server will not take it for this recipient, however often it is tried."""
    UNKNOWN = "unknown"
    """The server may have it: its answer to the last octet is not there (yet). It is written so
    before that octet leaves, so that whoever finds it later knows no less."""


class Recipient(msgspec.Struct, frozen=True):
    """One recipient, and what the server last said about her."""

    address: str
    fate: Fate = Fate.WAITING
    words: str = ""
    """The server's, with its code, fit to be shown; empty: it was not asked yet."""


class WaitingLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One letter that somebody gave us to send. Kept as JSON in the queue."""

    account_id: AccountId
    """Whose letter it is."""
    email_id: EmailId
    identity_id: str
    sender: str
    recipients: tuple[Recipient, ...]
    subject: str = ""
    """Fit to be shown; for lists."""
    has_left: bool = False
    """At least one recipient's server took it, and it is filed under Sent: only what was refused or
    is unknown keeps it here."""
    code: str = ""
    """Of what is wrong, for programs; empty: nothing."""
    en: str = ""
    ja: str = ""
    """What is wrong and what to do, in one sentence each; empty: nothing."""
    failures: int = 0
    """Attempts in a row that ended without an answer for everybody."""
    refused: str = ""
    """Marks the settings and the secret that the server refused: with them nobody tries again by
    himself."""

    @property
    def text(self) -> Text:
        """The sentence; both empty where nothing is wrong."""
        return Text(en=self.en, ja=self.ja)

    def having(self, fate: Fate) -> list[Recipient]:
        """Return the recipients of one fate, in order."""
        return [one for one in self.recipients if one.fate is fate]

    @property
    def is_over(self) -> bool:
        """Whether everybody has it: it stays known for a while, so that it is not sent twice."""
        return all(one.fate is Fate.SENT for one in self.recipients)


def encoded(letter: WaitingLetter) -> bytes:
    """Return the payload of the queue's item."""
    return msgspec.json.encode(letter)


def read_letter_of(item: QueueItem) -> WaitingLetter:
    """Return the letter of an item. Raises DamagedError."""
    try:
        return msgspec.json.decode(item.payload, type=WaitingLetter)
    except msgspec.MsgspecError as fault:
        message = f"the waiting letter {item.queue_id} cannot be read: {fault}"
        raise DamagedError(message) from fault
