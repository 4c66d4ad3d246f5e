"""The model test notices what it is there for: planted differences between model and store."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable

import msgspec
import pytest

from hato.core.clock import FixedClock
from hato.core.ids import AccountId, EmailId, ModSeq, Uid
from hato.store.changes import Added, AddEmail, BlobPut, Committed, Expunge, PutObject
from hato.store.memory.account import MemoryAccount
from hato.store.memory.store import MemoryStore
from hato.store.resolve import INBOX_ID
from tests.model import told
from tests.model.model import DifferenceError, Model, claims_of, compare_locks
from tests.model.plan import MARK_KIND, Plan, Planner, Sample, staged
from tests.model.worker import SETTINGS

_NOW = 1_800_000_000
_ACCOUNT = AccountId("a" * 16)


def _letter(seed: int) -> AddEmail:
    return AddEmail(Sample(seed, 900), (INBOX_ID,), _NOW)  # type: ignore[arg-type]  # staged later


def last_uid(account: MemoryAccount) -> int:
    """Return the UID that INBOX gave last."""
    return account._state.mailboxes[INBOX_ID].row.uidnext - 1


class Round:
    """A round in memory, played by the rules."""

    def __init__(self) -> None:
        self.clock = FixedClock(_NOW)
        self.account = MemoryAccount(_ACCOUNT, self.clock, SETTINGS.undelete_seconds)
        self.model = Model(_ACCOUNT, _NOW)
        self.told: list[object] = []

    async def want(self, plan: Plan) -> None:
        """Tell, commit, tell."""
        self.told.append(told.Wants(plan))
        committed = None
        if plan.is_purge:
            await self.account.purge(_NOW)
        else:
            wanted = await staged(MemoryStore(self.clock, SETTINGS), plan)
            committed = await self.account.commit(wanted, delivery_id=plan.delivery_id)
        self.told.append(told.Done(plan.plan_id, committed, {}))

    async def play(self, steps: int) -> None:
        """Let a planner want so many things."""
        planner = Planner("noticing", _NOW)
        for _ in range(steps):
            plan = await planner.next(self.account, 0)
            try:
                await self.want(plan)
            except Exception as error:  # noqa: BLE001 - whatever refuses it
                self.told.append(told.Refused(plan.plan_id, type(error).__name__))
        for number in range(3):
            mark = f"letter-{number}"
            await self.want(Plan(mark, 0, (_letter(number), PutObject(MARK_KIND, mark, b""))))
        taken = (Expunge(INBOX_ID, (Uid(last_uid(self.account)),)), PutObject(MARK_KIND, "x", b""))
        await self.want(Plan("x", 0, taken))

    async def check(self) -> tuple[int, int]:
        """Compare as a round of the model test does."""
        counts = await self.model.catch_up(self.account, claims_of([self.told], 0), _NOW)
        await self.model.compare(self.account, [ModSeq(0), await self.account.modseq()])
        return counts


async def test_a_round_by_the_rules_is_right() -> None:
    a_round = Round()
    await a_round.play(60)
    steps, unanswered = await a_round.check()
    assert (steps > 30, unanswered) == (True, 0)


async def test_unanswered_steps_may_have_happened() -> None:
    a_round = Round()
    await a_round.play(60)
    a_round.told = [v for v in a_round.told if not isinstance(v, told.Done) or v.committed is None]
    _steps, unanswered = await a_round.check()
    assert unanswered > 30


def _lose_an_email(a_round: Round) -> None:
    state = a_round.account._state
    email = next(e for e in state.all_emails.values() if e.placements)
    for mailbox, uid in email.placements.items():
        del state.mailboxes[mailbox].placements[uid]
    email.placements.clear()


def _lose_keywords(a_round: Round) -> None:
    state = a_round.account._state
    email = next(e for e in state.all_emails.values() if e.keywords and e.placements)
    email.keywords = frozenset()


def _give_a_uid_again(a_round: Round) -> None:
    inbox = a_round.account._state.mailboxes[INBOX_ID]
    inbox.row = inbox.row._replace(uidnext=Uid(inbox.row.uidnext - 1))


def _change_octets(a_round: Round) -> None:
    state = a_round.account._state
    body_id = next(e for e in state.all_emails.values() if e.placements).added.body_id
    octets = a_round.account._bodies[body_id]
    a_round.account._bodies[body_id] = octets[:-1] + b"?"


def _change_an_upload(a_round: Round) -> None:
    bodies = a_round.account._bodies
    done = [v.committed for v in a_round.told if isinstance(v, told.Done) and v.committed]
    uploads = [f.body_id for one in done for f in one.facts if isinstance(f, BlobPut)]
    body_id = next(one for one in uploads if bodies.get(one))
    bodies[body_id] = bodies[body_id][:-1] + b"?"


def _lose_the_last_step(a_round: Round) -> None:
    state = a_round.account._state
    state._totals = state._totals._replace(modseq=ModSeq(state._totals.modseq - 1))


def _forget_a_held_message(a_round: Round) -> None:
    state = a_round.account._state
    held = next(e for e in state.all_emails.values() if not e.placements)
    del state.all_emails[held.added.email_id]


def _tell_another_number(a_round: Round) -> None:
    for index, value in enumerate(a_round.told):
        if isinstance(value, told.Done) and value.committed:
            facts = tuple(
                msgspec.structs.replace(fact, email_id=EmailId(fact.email_id + 1))
                if isinstance(fact, Added)
                else fact
                for fact in value.committed.facts
            )
            committed = msgspec.structs.replace(value.committed, facts=facts)
            a_round.told[index] = told.Done(value.plan_id, committed, {})


def _do_what_was_refused(a_round: Round) -> None:
    done = next(v for v in a_round.told if isinstance(v, told.Done) and v.committed)
    a_round.told.remove(done)
    a_round.told.append(told.Refused(done.plan_id, "NotFoundError"))


def _tell_of_the_same_step_twice(a_round: Round) -> None:
    done = next(v for v in a_round.told if isinstance(v, told.Done) and v.committed)
    wants = next(v for v in a_round.told if isinstance(v, told.Wants))
    a_round.told.append(told.Wants(dataclasses.replace(wants.plan, plan_id="another")))
    a_round.told.append(told.Done("another", done.committed, {}))


def _skip_a_step_in_a_subscription(a_round: Round) -> None:
    for value in list(a_round.told):
        if isinstance(value, told.Done) and value.committed and value.committed.modseq != 20:
            a_round.told.append(told.Watched(0, value.committed, {}))


@pytest.mark.parametrize(
    "plant",
    [
        _lose_an_email,
        _lose_keywords,
        _give_a_uid_again,
        _change_octets,
        _change_an_upload,
        _lose_the_last_step,
        _forget_a_held_message,
        _tell_another_number,
        _do_what_was_refused,
        _tell_of_the_same_step_twice,
        _skip_a_step_in_a_subscription,
    ],
)
async def test_a_difference_is_noticed(plant: Callable[[Round], None]) -> None:
    a_round = Round()
    await a_round.play(60)
    plant(a_round)
    with pytest.raises(DifferenceError):
        await a_round.check()


async def test_a_step_that_nobody_wanted_is_noticed() -> None:
    a_round = Round()
    await a_round.play(10)
    heard = list(a_round.told)
    await a_round.want(Plan("silent", 0, (_letter(1),)))
    a_round.told = heard
    with pytest.raises(DifferenceError):
        await a_round.check()


def test_two_holders_of_a_lock_are_noticed() -> None:
    first, second = told.Held(1, since=10, until=20), told.Held(2, since=20, until=30)
    compare_locks([[told.Held(1, since=10, until=None), first], [second]])
    with pytest.raises(DifferenceError):
        compare_locks([[first], [told.Held(2, since=19, until=30)]])


def test_a_committed_step_can_be_told_through_a_socket() -> None:
    committed = Committed(ModSeq(2), _NOW, ())
    assert pickle.loads(pickle.dumps(told.Done("a", committed, {}))).committed == committed
