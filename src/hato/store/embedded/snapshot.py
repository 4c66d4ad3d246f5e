"""A mailbox at one moment, as arrays, shared by everybody in this process who looks at it.

Called by `account`; read by edges.
Never holds a database handle nor a file; never changes after it was made.
Standards: RFC 1939 §5 (an unchanging view for one session), RFC 9051 §2.3.1.
Fails never; making one fails with apsw.Error and NotFoundError.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from hato.core.errors import NotFoundError
from hato.core.ids import AccountId, BodyId, EmailId, MailboxId, ModSeq, Uid
from hato.store.api import SNAPSHOT_KEYWORDS
from hato.store.embedded.segments import segment_path
from hato.store.model import BodyRef
from hato.store.uidl import make_uidl

_KEPT_ROWS: Final = 1_000_000
"""Messages in all snapshots that are kept for whoever comes next, some 60 octets each."""

_SELECT: Final = (
    "SELECT placement.uid, email.id, email.size, email.traits, placement.is_deleted,"
    " email.keywords, email.uidl, body.id, body.segment, body.offset, body.octets"
    " FROM placement JOIN email ON email.id = placement.email JOIN body ON body.id = email.body"
    " WHERE placement.mailbox = ? ORDER BY placement.uid"
)
_STATE: Final = (
    "SELECT account.modseq, account.segment, account.segment_end, account.ended,"
    " mailbox.uidvalidity, mailbox.uidnext, mailbox.total"
    " FROM account LEFT JOIN mailbox ON mailbox.id = ?"
)


class State(NamedTuple):
    """Of which moment a snapshot is, or would be."""

    modseq: int
    segment: int
    segment_end: int
    ended: int
    uidvalidity: int
    uidnext: int
    total: int


class EmbeddedSnapshot:
    """A mailbox as it was, ascending by UID."""

    __slots__ = (
        "_account_id",
        "_body_ids",
        "_ended",
        "_kept_uidls",
        "_octets",
        "_offsets",
        "_path",
        "_segment_end",
        "_segments",
        "email_ids",
        "flags",
        "keyword_names",
        "mailbox_id",
        "modseq",
        "sizes",
        "total_octets",
        "traits",
        "uidnext",
        "uids",
        "uidvalidity",
    )

    def __init__(
        self,
        account_id: AccountId,
        folder: str,
        mailbox: MailboxId,
        state: State,
        columns: Sequence[Sequence[Any]],
        keywords: dict[int, frozenset[str]],
    ) -> None:
        """Put the columns of `_SELECT` into arrays."""
        uids, email_ids, sizes, traits, deleted, sets, uidls, bodies, segments, offsets, octets = (
            columns
        )
        self.mailbox_id = mailbox
        self.uidvalidity = state.uidvalidity
        self.uidnext = Uid(state.uidnext)
        self.modseq = ModSeq(state.modseq)
        self.uids = array("I", uids)
        self.email_ids = array("Q", email_ids)
        self.sizes = array("Q", sizes)
        self.traits = array("I", traits)
        self.total_octets = sum(sizes)
        self.keyword_names, bits = _name_bits(set(sets), keywords)
        self.flags = array(
            "Q", [bits[one] | is_deleted for one, is_deleted in zip(sets, deleted, strict=True)]
        )
        self._account_id = account_id
        self._kept_uidls: dict[int, str] = {
            index: uidl for index, uidl in enumerate(uidls) if uidl is not None
        }
        self._body_ids = array("Q", bodies)
        self._segments = array("I", segments)
        self._offsets = array("Q", offsets)
        self._octets = array("Q", octets)
        self._ended = state.ended
        self._path = segment_path(folder, state.segment)
        self._segment_end = state.segment_end

    def __len__(self) -> int:
        """How many messages."""
        return len(self.uids)

    def uidl(self, index: int) -> str:
        """Return the UIDL of the message at `index`."""
        kept = self._kept_uidls.get(index) if self._kept_uidls else None
        return kept or make_uidl(self._account_id, EmailId(self.email_ids[index]))

    def body(self, index: int) -> BodyRef:
        """Return where the octets of the message at `index` are."""
        return BodyRef(
            BodyId(self._body_ids[index]),
            self.sizes[index],
            (self._segments[index], self._offsets[index], self._octets[index], self._ended),
        )

    def is_of(self, state: State) -> bool:
        """Tell whether one taken at `state` would be the same."""
        return (self.modseq, self._ended, self._path, self._segment_end) == (
            state.modseq,
            state.ended,
            segment_path(self._path.rpartition("/")[0], state.segment),
            state.segment_end,
        )

    def is_current(self) -> bool:
        """Tell whether nothing was appended to the journal since."""
        try:
            facts = os.stat(self._path)
        except OSError:
            return False
        return facts.st_size == self._segment_end and bool(facts.st_mode & stat.S_IWUSR)


def read_state(connection: apsw.Connection, mailbox: MailboxId) -> State:
    """Return what a snapshot taken now would be of. Raises NotFoundError."""
    row = connection.execute(_STATE, (mailbox,)).fetchone()
    if row is None or row[4] is None:
        raise NotFoundError("the mailbox is not there")
    return State(*row)


def take_snapshot(
    connection: apsw.Connection, account_id: AccountId, folder: str, mailbox: MailboxId
) -> EmbeddedSnapshot:
    """Read a mailbox in one transaction."""
    with connection:
        state = read_state(connection, mailbox)
        rows = connection.execute(_SELECT, (mailbox,)).fetchall()
        columns = list(zip(*rows, strict=True)) if rows else [()] * 11
        keywords = {
            set_id: frozenset(
                msgspec.json.decode(
                    connection.execute(
                        "SELECT names FROM keyword_set WHERE id = ?", (set_id,)
                    ).fetchone()[0],  # type: ignore[index]  # sets in use are there
                    type=list[str],
                )
            )
            for set_id in set(columns[5])
        }
    return EmbeddedSnapshot(account_id, folder, mailbox, state, columns, keywords)


def _name_bits(
    sets: set[int], keywords: dict[int, frozenset[str]]
) -> tuple[tuple[str, ...], dict[int, int]]:
    """Return the names that have bits, and the bits of each set of keywords."""
    names = tuple(sorted({name for one in sets for name in keywords[one]})[:SNAPSHOT_KEYWORDS])
    bit_of = {name: 1 << (bit + 1) for bit, name in enumerate(names)}
    bits = {one: sum(bit_of.get(name, 0) for name in keywords[one]) for one in sets}
    return names, bits


class Snapshots:
    """The snapshots taken last, for all accounts of this process."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: OrderedDict[tuple[AccountId, MailboxId], EmbeddedSnapshot] = OrderedDict()
        self._rows = 0

    def get(self, account_id: AccountId, mailbox: MailboxId) -> EmbeddedSnapshot | None:
        """Return the one taken last, current or not."""
        snapshot = self._kept.get((account_id, mailbox))
        if snapshot is not None:
            self._kept.move_to_end((account_id, mailbox))
        return snapshot

    def put(self, account_id: AccountId, snapshot: EmbeddedSnapshot) -> None:
        """Keep one, and drop what was not asked for longest."""
        self.forget(account_id, snapshot.mailbox_id)
        self._kept[account_id, snapshot.mailbox_id] = snapshot
        self._rows += len(snapshot) + 1
        while self._rows > _KEPT_ROWS and len(self._kept) > 1:
            _key, dropped = self._kept.popitem(last=False)
            self._rows -= len(dropped) + 1

    def forget(self, account_id: AccountId, mailbox: MailboxId) -> None:
        """Keep one no longer."""
        dropped = self._kept.pop((account_id, mailbox), None)
        if dropped is not None:
            self._rows -= len(dropped) + 1
