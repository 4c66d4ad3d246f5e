"""What a worker of the model test wants: random changes that can be told, replayed and repeated."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hato.core.errors import NotFoundError
from hato.core.ids import EmailId, MailboxId, Uid
from hato.store import changes
from hato.store.api import Account, Store
from hato.store.contract.picture import SOURCES
from hato.store.model import (
    FLAGGED,
    SEEN,
    TOP,
    LedgerEntry,
    LedgerState,
    Mailbox,
    Role,
)
from hato.store.staged import Staged

MARK_KIND = "view"
"""Each planned step also puts a small thing of this kind, named after the plan: it tells
afterwards whether the step happened, and with which modseq."""

CROWD = 60
"""With more messages than this, workers rather take away than add."""

_KEYWORDS = (SEEN, FLAGGED, "work", "重要", "$junk")
_SIZES = (0, 40, 700, 700, 700, 3_000, 3_000, 9_000, 131_072, 131_073, 300_000)


@dataclass(frozen=True)
class Sample:
    """Octets that can be made again anywhere."""

    seed: int
    size: int

    def octets(self) -> bytes:
        """Make them."""
        chance = random.Random(self.seed)
        head = b"Message-ID: <%d@example.org>\r\n\r\n" % self.seed
        lines = b"".join(b"%x\r\n.%x\r\n" % (chance.getrandbits(64), n) for n in range(200))
        return (head + lines * (self.size // len(lines) + 1))[: self.size]


@dataclass(frozen=True)
class Plan:
    """One step that somebody wants: `wanted` holds samples instead of staged octets."""

    plan_id: str
    account: int
    """Which of the accounts, counted from 0."""
    wanted: tuple[Any, ...]
    delivery_id: bytes | None = None
    is_purge: bool = False
    """Rather call `Account.purge`."""


async def staged(store: Store, plan: Plan) -> list[changes.Wanted]:
    """Turn a plan into what `commit` takes."""
    wanted: list[changes.Wanted] = []
    for one in plan.wanted:
        if isinstance(one, changes.AddEmail | changes.PutBlob):
            wanted.append(msgspec.structs.replace(one, staged=await _stage(store, _sample_of(one))))
        else:
            wanted.append(one)
    return wanted


def _sample_of(one: changes.AddEmail | changes.PutBlob) -> Sample:
    """Return what stands in a plan where staged octets will be."""
    assert isinstance(one.staged, Sample)
    return one.staged


async def _stage(store: Store, sample: Sample) -> Staged:
    octets = sample.octets()
    staged = store.stage()
    for start in range(0, len(octets), 50_000):
        await staged.write(octets[start : start + 50_000])
    await staged.seal()
    return staged


class Planner:
    """Looks at an account and wants something of it."""

    def __init__(self, seed: str, now: int) -> None:
        """`seed` names the worker too: plans of different seeds never have the same id."""
        self._seed = seed
        self._now = now
        self._chance = random.Random(seed)
        self._count = 0
        self._mailboxes: list[Mailbox] = []
        self._uids: dict[MailboxId, list[Uid]] = {}
        self._emails: list[EmailId] = []
        self._held: list[EmailId] = []

    async def next(self, account: Account, number: int) -> Plan:
        """Return the next plan for `account`, the `number`-th."""
        self._count += 1
        plan_id = f"{self._seed}:{self._count}"
        if self._chance.random() < 0.03:
            return Plan(plan_id, number, (), is_purge=True)
        await self._look(account)
        how_many = self._chance.choice((1, 1, 1, 2, 4))
        rules = [self._chance.choice(self._rules()) for _ in range(how_many)]
        wanted = [one for rule in rules for one in rule()]
        wanted.append(changes.PutObject(MARK_KIND, plan_id, b""))
        delivery_id = None
        if any(isinstance(one, changes.AddEmail) for one in wanted):
            delivery_id = self._delivery_id()
        return Plan(plan_id, number, tuple(wanted), delivery_id)

    async def _look(self, account: Account) -> None:
        """Look at everything, then remember it at once: several tasks share a planner."""
        mailboxes = await account.mailboxes()
        snapshots = []
        for mailbox in mailboxes:
            try:
                snapshots.append(await account.snapshot(mailbox.mailbox_id))
            except NotFoundError:
                continue
        held = [one.email_id for one in await account.held()]
        there = {snapshot.mailbox_id for snapshot in snapshots}
        self._mailboxes = [mailbox for mailbox in mailboxes if mailbox.mailbox_id in there]
        self._uids = {one.mailbox_id: [Uid(uid) for uid in one.uids] for one in snapshots}
        self._emails = sorted({EmailId(number) for one in snapshots for number in one.email_ids})
        self._held = held

    def _rules(self) -> Sequence[Callable[[], list[Any]]]:
        adding = [self._add] * 6
        taking = [self._expunge] * (20 if len(self._emails) > CROWD else 2)
        rare = [
            self._make_mailbox,
            self._change_mailbox,
            self._remove_mailbox,
            self._put_object,
            self._put_ledger,
            self._put_blob,
            self._set_quota,
            self._purge,
            self._undelete,
        ]
        often = [self._keywords, self._deleted, self._move, self._place]
        return [*adding, *taking, *rare, *often, *often]

    def _delivery_id(self) -> bytes | None:
        """Mostly a new one; sometimes one that another worker uses as well."""
        if self._chance.random() < 0.4:
            return None
        if self._chance.random() < 0.3:
            return b"shared %d" % self._chance.randrange(8)
        return f"{self._seed}:{self._count}".encode()

    def _mailbox(self) -> MailboxId:
        return self._chance.choice(self._mailboxes).mailbox_id

    def _some(self, things: list[Any], least: int = 0) -> tuple[Any, ...]:
        if not things:
            return ()
        count = min(len(things), max(least, self._chance.choice((1, 1, 2, 5))))
        return tuple(self._chance.sample(things, count))

    def _words(self) -> frozenset[str]:
        return frozenset(self._chance.sample(_KEYWORDS, self._chance.randrange(3)))

    def _sample(self) -> Sample:
        return Sample(self._chance.getrandbits(48), self._chance.choice(_SIZES))

    def _entry(self, state: LedgerState) -> LedgerEntry:
        uidl = b"u%d" % self._chance.randrange(12)
        return LedgerEntry(uidl, state, None, self._chance.randrange(9), b"", b"", self._now)

    def _add(self) -> list[Any]:
        source = self._chance.choice((None, None, *SOURCES))
        ledger = (self._entry(LedgerState.STORED),) if source else ()
        references = tuple(
            self._chance.choice((n, 2**64 - 1 - n)) for n in self._chance.sample(range(30), 2)
        )
        return [
            changes.AddEmail(
                staged=self._sample(),  # type: ignore[arg-type]  # staged by `staged`
                mailboxes=tuple({self._mailbox() for _ in range(self._chance.choice((1, 1, 2)))}),
                received=self._now - self._chance.randrange(99),
                prefix=self._chance.choice((b"", b"Return-Path: <>\r\n")),
                keywords=self._words(),
                uidl=self._chance.choice((None, None, f"kept-{self._chance.randrange(40)}")),
                reference_hashes=references,
                source=source,
                ledger=ledger,
            )
        ]

    def _expunge(self) -> list[Any]:
        mailbox = self._mailbox()
        uids = self._uids[mailbox]
        if uids and self._chance.random() < 0.4:
            return [changes.Expunge(mailbox, tuple(uids[-1:]))]
        return [changes.Expunge(mailbox, (*self._some(uids, len(uids) // 8), Uid(1)))]

    def _keywords(self) -> list[Any]:
        return [changes.SetKeywords(self._some(self._emails), self._words(), self._words())]

    def _deleted(self) -> list[Any]:
        mailbox = self._mailbox()
        is_deleted = self._chance.random() < 0.7
        return [changes.SetDeleted(mailbox, self._some(self._uids[mailbox]), is_deleted)]

    def _move(self) -> list[Any]:
        mailbox = self._mailbox()
        target = self._mailbox()
        return [changes.MoveEmail(mailbox, uid, target) for uid in self._some(self._uids[mailbox])]

    def _place(self) -> list[Any]:
        return [
            changes.PlaceEmail(email_id, self._mailbox()) for email_id in self._some(self._emails)
        ]

    def _make_mailbox(self) -> list[Any]:
        if len(self._mailboxes) > 8:
            return []
        parent = self._chance.choice((TOP, self._mailbox()))
        role = self._chance.choice((None, None, Role.TRASH, Role.JUNK))
        return [changes.MakeMailbox(parent, f"m{self._chance.randrange(6)}", role)]

    def _change_mailbox(self) -> list[Any]:
        return [
            changes.ChangeMailbox(
                self._mailbox(),
                name=self._chance.choice((None, f"m{self._chance.randrange(6)}")),
                is_subscribed=self._chance.choice((None, True, False)),
                sort_order=self._chance.randrange(9),
            )
        ]

    def _remove_mailbox(self) -> list[Any]:
        return [changes.RemoveMailbox(self._mailbox())] if self._chance.random() < 0.3 else []

    def _put_object(self) -> list[Any]:
        content = self._chance.choice((None, self._chance.randbytes(self._chance.randrange(99))))
        return [changes.PutObject("script", f"s{self._chance.randrange(5)}", content)]

    def _put_ledger(self) -> list[Any]:
        entries = tuple(self._entry(LedgerState(self._chance.randrange(1, 8))) for _ in range(2))
        forget = (b"u%d" % self._chance.randrange(12),)
        return [changes.PutLedger(self._chance.choice(SOURCES), entries, forget)]

    def _put_blob(self) -> list[Any]:
        expires = self._now + self._chance.randrange(5 * 86_400)
        return [changes.PutBlob(self._sample(), expires)]  # type: ignore[arg-type]  # as above

    def _set_quota(self) -> list[Any]:
        count = self._chance.choice((None, None, 2 * CROWD))
        return [changes.SetQuota(None, count)]

    def _purge(self) -> list[Any]:
        return [changes.Purge(self._some(self._held))]

    def _undelete(self) -> list[Any]:
        return [changes.Undelete(self._some(self._held), self._mailbox())]
