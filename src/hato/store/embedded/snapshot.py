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
from collections.abc import Iterable, Mapping, Sequence
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
"""Messages in all snapshots that are kept for whoever comes next, some 70 octets each."""

_MOST_NEWS: Final = 1_000
"""With more new messages than this a mailbox is read as a whole."""

SELECT: Final = (
    "SELECT placement.uid, email.id, email.size, email.traits, placement.is_deleted,"
    " email.keywords, email.uidl, body.id, body.segment, body.offset, body.octets,"
    " email.received"
    " FROM placement JOIN email ON email.id = placement.email JOIN body ON body.id = email.body"
)
_Row = tuple[Any, ...]
_STATE: Final = (
    "SELECT account.modseq, account.segment, account.segment_end, account.ended,"
    " mailbox.uidvalidity, mailbox.uidnext, mailbox.total, mailbox.octets"
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
    octets: int


_COLUMNS: Final = (
    ("uids", "I"),
    ("email_ids", "Q"),
    ("sizes", "Q"),
    ("traits", "I"),
    ("flags", "Q"),
    ("_body_ids", "Q"),
    ("_segments", "I"),
    ("_offsets", "Q"),
    ("_octets", "Q"),
    ("received", "q"),
)


class EmbeddedSnapshot:
    """A mailbox as it was, ascending by UID."""

    __slots__ = (
        *(name for name, _code in _COLUMNS),
        "_account_id",
        "_ended",
        "_kept_uidls",
        "_path",
        "_segment_end",
        "keyword_names",
        "mailbox_id",
        "modseq",
        "total_octets",
        "uidnext",
        "uidvalidity",
    )
    uids: array[int]
    email_ids: array[int]
    sizes: array[int]
    traits: array[int]
    flags: array[int]
    _body_ids: array[int]
    _segments: array[int]
    _offsets: array[int]
    _octets: array[int]
    received: array[int]

    def __init__(
        self, account_id: AccountId, folder: str, mailbox: MailboxId, state: State
    ) -> None:
        """Be of a moment, and empty."""
        self.mailbox_id = mailbox
        self.uidvalidity = state.uidvalidity
        self.uidnext = Uid(state.uidnext)
        self.modseq = ModSeq(state.modseq)
        self.keyword_names: tuple[str, ...] = ()
        self.total_octets = state.octets
        for name, code in _COLUMNS:
            setattr(self, name, array(code))
        self._account_id = account_id
        self._kept_uidls: dict[int, str] = {}
        self._ended = state.ended
        self._path = segment_path(folder, state.segment)
        self._segment_end = state.segment_end

    def append(self, rows: Sequence[_Row], keywords: Mapping[int, frozenset[str]]) -> None:
        """While it is made: put messages behind the others, ascending by UID."""
        if not rows:
            return
        uids, emails, sizes, traits, deleted, sets, uidls, *places = zip(*rows, strict=True)
        bits = _bits_of(sets, keywords, self.keyword_names)
        flags = [bits[one] | is_deleted for one, is_deleted in zip(sets, deleted, strict=True)]
        first = len(self.uids)
        for (name, _code), values in zip(
            _COLUMNS, (uids, emails, sizes, traits, flags, *places), strict=True
        ):
            getattr(self, name).fromlist(list(values))
        self._kept_uidls.update(
            {first + index: uidl for index, uidl in enumerate(uidls) if uidl is not None}
        )

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

    def begin_like(self, old: EmbeddedSnapshot) -> None:
        """While it is made: begin with the messages of an older one."""
        self.keyword_names = old.keyword_names
        self._kept_uidls = dict(old._kept_uidls)
        for name, _code in _COLUMNS:
            setattr(self, name, getattr(old, name)[:])

    def is_misplaced(self, state: State) -> bool:
        """Tell whether octets ended or moved between it and `state`."""
        return self._ended != state.ended

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
        snapshot = EmbeddedSnapshot(account_id, folder, mailbox, state)
        sql = f"{SELECT} WHERE placement.mailbox = ? ORDER BY placement.uid"
        rows: list[_Row] = connection.execute(sql, (mailbox,)).fetchall()
        keywords = read_keywords(connection, {row[5] for row in rows})
    names = sorted({name for names in keywords.values() for name in names})
    snapshot.keyword_names = tuple(names[:SNAPSHOT_KEYWORDS])
    snapshot.append(rows, keywords)
    return snapshot


def update_snapshot(
    connection: apsw.Connection, account_id: AccountId, folder: str, old: EmbeddedSnapshot
) -> EmbeddedSnapshot | None:
    """Read only what is new since `old`; None where it must be read as a whole."""
    with connection:
        state = read_state(connection, old.mailbox_id)
        changed: list[_Row] = connection.execute(
            f"{SELECT} WHERE email.modseq > ? AND placement.mailbox = ?"
            " ORDER BY placement.uid LIMIT ?",
            (old.modseq, old.mailbox_id, _MOST_NEWS),
        ).fetchall()
        went = connection.execute(
            "SELECT count(*) FROM expunged WHERE mailbox = ? AND modseq > ?",
            (old.mailbox_id, old.modseq),
        ).fetchone()
        keywords = read_keywords(connection, {row[5] for row in changed})
    names = {name for names in keywords.values() for name in names}
    if (
        old.is_misplaced(state)
        or went != (0,)
        or len(changed) == _MOST_NEWS
        or any(row[0] < old.uidnext for row in changed)
        or not names <= set(old.keyword_names)
        or len(old) + len(changed) != state.total
    ):
        return None
    snapshot = EmbeddedSnapshot(account_id, folder, old.mailbox_id, state)
    snapshot.begin_like(old)
    snapshot.append(changed, keywords)
    return snapshot


def read_keywords(connection: apsw.Connection, sets: set[int]) -> dict[int, frozenset[str]]:
    """Return the keywords of each set."""
    found: dict[int, frozenset[str]] = {}
    for one in sets:
        row = connection.execute("SELECT names FROM keyword_set WHERE id = ?", (one,)).fetchone()
        if row is not None:
            found[one] = frozenset(msgspec.json.decode(row[0], type=list[str]))
    return found


def _bits_of(
    sets: Iterable[int], keywords: Mapping[int, frozenset[str]], names: Sequence[str]
) -> dict[int, int]:
    """Return the bits of each set of keywords."""
    bit_of = {name: 1 << (bit + 1) for bit, name in enumerate(names)}
    return {one: sum(bit_of.get(name, 0) for name in keywords[one]) for one in set(sets)}


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
        self._drop(account_id, snapshot.mailbox_id)
        self._kept[account_id, snapshot.mailbox_id] = snapshot
        self._rows += len(snapshot) + 1
        while self._rows > _KEPT_ROWS and len(self._kept) > 1:
            _key, dropped = self._kept.popitem(last=False)
            self._rows -= len(dropped) + 1

    def forget(self, account_id: AccountId) -> None:
        """Keep none of an account any longer."""
        for one, mailbox in tuple(self._kept):
            if one == account_id:
                self._drop(one, mailbox)

    def _drop(self, account_id: AccountId, mailbox: MailboxId) -> None:
        dropped = self._kept.pop((account_id, mailbox), None)
        if dropped is not None:
            self._rows -= len(dropped) + 1
