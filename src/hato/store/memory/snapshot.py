"""A mailbox at one moment, made from dictionaries.

Called by `memory.account`; read by edges.
Never changes after it was made.
Standards: RFC 1939 §5 (an unchanging view for one session), RFC 9051 §2.3.1.
Fails never.
"""

from __future__ import annotations

from array import array

from hato.core.ids import EmailId, MailboxId, ModSeq
from hato.store.api import SNAPSHOT_KEYWORDS
from hato.store.memory.state import AccountState
from hato.store.model import BodyRef, ChangeKind
from hato.store.uidl import make_uidl


class MemorySnapshot:
    """A mailbox as it was, ascending by UID."""

    def __init__(self, state: AccountState, mailbox: MailboxId) -> None:
        """Look at `mailbox`, which exists."""
        there = state.mailboxes[mailbox]
        emails = [state.all_emails[place.email_id] for place in there.placements.values()]
        self.mailbox_id = mailbox
        self.uidvalidity = there.row.uidvalidity
        self.uidnext = there.row.uidnext
        self.modseq = state.totals().modseq
        self.uids = array("q", there.placements)
        self.email_ids = array("q", (email.added.email_id for email in emails))
        self.sizes = array("q", (email.added.size_octets for email in emails))
        self.traits = array("q", (email.added.traits for email in emails))
        self.received = array("q", (email.added.received for email in emails))
        names = sorted({name for email in emails for name in email.keywords})
        self.keyword_names = tuple(names[:SNAPSHOT_KEYWORDS])
        bits = {name: 1 << (bit + 1) for bit, name in enumerate(self.keyword_names)}
        self.flags = array(
            "Q",
            (
                place.is_deleted + sum(bits.get(name, 0) for name in email.keywords)
                for place, email in zip(there.placements.values(), emails, strict=True)
            ),
        )
        self.total_octets = sum(self.sizes)
        self._state = state
        self._mailbox_modseq = self._last_change()
        self._bodies = [BodyRef(one.added.body_id, one.added.size_octets) for one in emails]
        self._kept_uidls = {
            index: email.added.uidl
            for index, email in enumerate(emails)
            if email.added.uidl is not None
        }

    def __len__(self) -> int:
        """How many messages."""
        return len(self.uids)

    def uidl(self, index: int) -> str:
        """Return the UIDL of the message at `index`."""
        kept = self._kept_uidls.get(index)
        return kept or make_uidl(self._state.account_id, EmailId(self.email_ids[index]))

    def body(self, index: int) -> BodyRef:
        """Return where the octets of the message at `index` are."""
        return self._bodies[index]

    def is_current(self) -> bool:
        """Tell whether the mailbox is still like this."""
        return self._last_change() == self._mailbox_modseq

    def _last_change(self) -> ModSeq | None:
        if self.mailbox_id not in self._state.mailboxes:
            return None
        return self._state.history[ChangeKind.MAILBOX].modseqs(self.mailbox_id)[1]
