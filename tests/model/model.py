"""What the store must be: every acknowledged step, replayed in memory, compared with the store."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from hato.core.clock import FixedClock
from hato.core.errors import HatoError, NotFoundError
from hato.core.ids import AccountId, BodyId, ModSeq
from hato.store.api import Account, Store
from hato.store.changes import BlobPut, Committed, PutObject
from hato.store.contract.picture import picture_of
from hato.store.memory.account import MemoryAccount
from hato.store.memory.store import MemoryStore
from tests.model import told
from tests.model.plan import MARK_KIND, Plan, staged
from tests.model.worker import SETTINGS

PASSING = ("UnavailableError", "StorageFullError")
"""After these a step may have happened or not; after any other it has not."""


class DifferenceError(AssertionError):
    """The store is not what it must be."""


def must(condition: object, what: str) -> None:
    """Raise DifferenceError unless it is so."""
    if not condition:
        raise DifferenceError(what)


@dataclass
class Claims:
    """What the workers of one round told of one account."""

    plans: dict[str, Plan] = field(default_factory=dict)
    done: dict[str, Committed] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    purges: int = 0
    watched: list[list[Committed]] = field(default_factory=list)
    may_skip: bool = False
    """Whether a compaction may have taken away what a subscription had not yet read."""


def claims_of(values: list[list[Any]], account: int, *, may_skip: bool = False) -> Claims:
    """Sort what each worker told."""
    claims = Claims(may_skip=may_skip)
    numbers: dict[str, int] = {}
    for worker in values:
        claims.watched.append(
            [v.committed for v in worker if isinstance(v, told.Watched) and v.account == account]
        )
        for value in worker:
            match value:
                case told.Wants(plan):
                    numbers[plan.plan_id] = plan.account
                    if plan.account == account:
                        claims.plans[plan.plan_id] = plan
                        claims.purges += plan.is_purge
                case told.Done(plan_id, committed) if committed and numbers[plan_id] == account:
                    claims.done[plan_id] = committed
                case told.Refused(plan_id, error) if numbers.get(plan_id) == account:
                    claims.refused[plan_id] = error
    return claims


class Model:
    """One account as it must be."""

    def __init__(self, account_id: AccountId, now: int) -> None:
        """Begin as an account that is made at `now` begins."""
        self._clock = FixedClock(now)
        self._store = MemoryStore(self._clock, SETTINGS)
        self._account = MemoryAccount(account_id, self._clock, SETTINGS.undelete_seconds)
        self._uploads: set[BodyId] = set()

    async def catch_up(self, account: Account, claims: Claims, now: int) -> tuple[int, int]:
        """Replay what happened in a round; raise DifferenceError when that cannot be.

        Return how many steps that were, and how many of them nobody had acknowledged.
        """
        self._clock.jump(now - self._clock.now())
        begin, end = await self._account.modseq(), await account.modseq()
        steps = await self._steps(account, claims, begin, end)
        history: dict[ModSeq, Committed] = {}
        empty = [(c.modseq, p) for p, c in claims.done.items() if c.is_duplicate or not c.facts]
        must(all(begin <= at <= end for at, _plan_id in empty), "an answer is from no known state")
        await self._replay_empty(claims, empty, begin)
        for modseq in range(begin + 1, end + 1):
            plan_id = steps.get(modseq)
            before = ModSeq(modseq - 1)
            if plan_id is None:
                claims.purges -= 1
                must(claims.purges >= 0, f"step {modseq} was never asked for")
                await self._account.purge(now)
                must(await self._account.modseq() == before + 1, f"step {modseq} is no purge")
            else:
                history[ModSeq(modseq)] = await self._replay(claims, plan_id, before)
            await self._replay_empty(claims, empty, ModSeq(modseq))
        _compare_watched(claims, history)
        return end - begin, len(steps.keys() - {one.modseq for one in claims.done.values()})

    async def _steps(
        self, account: Account, claims: Claims, begin: ModSeq, end: ModSeq
    ) -> dict[int, str]:
        """Find out which plan each step of the round was."""
        steps: dict[int, str] = {}
        for plan_id, committed in claims.done.items():
            if not committed.is_duplicate and committed.facts:
                must(committed.modseq not in steps, f"step {committed.modseq} was told twice")
                steps[committed.modseq] = plan_id
                must(begin < committed.modseq <= end, f"step {committed.modseq} is lost ({end})")
        for mark in await account.stored_objects(MARK_KIND):
            plan_id = mark.object_id
            if plan_id not in claims.plans or plan_id in claims.done:
                continue
            error = claims.refused.get(plan_id)
            must(error is None or error in PASSING, f"{plan_id} was refused but happened")
            must(mark.modseq not in steps, f"step {mark.modseq} is two plans")
            steps[mark.modseq] = plan_id
        return steps

    async def _replay(self, claims: Claims, plan_id: str, before: ModSeq) -> Committed:
        plan = claims.plans[plan_id]
        wanted = await staged(self._store, plan)
        try:
            expected = await self._account.commit(wanted, delivery_id=plan.delivery_id)
        except HatoError as error:
            raise DifferenceError(
                f"{plan_id} at {before + 1} should be refused: {error!r}"
            ) from error
        told_of = claims.done.get(plan_id)
        must(expected.modseq == before + 1, f"{plan_id} at {before + 1} should do nothing")
        must(
            told_of is None or told_of == expected,
            f"{plan_id} should be\n{expected}\nand is\n{told_of}",
        )
        self._uploads |= {fact.body_id for fact in expected.facts if isinstance(fact, BlobPut)}
        return expected

    async def _replay_empty(
        self, claims: Claims, empty: list[tuple[ModSeq, str]], modseq: ModSeq
    ) -> None:
        """Repeat those that did nothing at this state: here too they must do nothing."""
        for at, plan_id in empty:
            if at == modseq:
                plan = claims.plans[plan_id]
                wanted = await staged(self._store, plan)
                expected = await self._account.commit(wanted, delivery_id=plan.delivery_id)
                must(claims.done[plan_id] == expected, f"{plan_id} at {modseq}: {expected}")

    async def compare(self, account: Account, states: list[ModSeq]) -> None:
        """Raise DifferenceError unless the account shows what it must, and nothing else."""
        expected = await picture_of(self._account, states)
        found = await picture_of(account, states)
        for part, value in expected.items():
            must(found[part] == value, f"{part} should be\n{value}\nand is\n{found[part]}")
        for body_id in sorted(self._uploads):
            is_same = await _upload(account, body_id) == await _upload(self._account, body_id)
            must(is_same, f"upload {body_id} is another than it should be")

    async def forget_marks(self, account: Account) -> None:
        """Remove the marks of old plans, there and here."""
        names = [mark.object_id for mark in await account.stored_objects(MARK_KIND)]
        wanted = [PutObject(MARK_KIND, name, None) for name in names]
        must(
            await account.commit(wanted) == await self._account.commit(wanted),
            "removing the marks had another effect than it must have",
        )


async def _upload(account: Account, body_id: BodyId) -> bytes | None:
    """Return the octets of an upload; None when it is gone."""
    try:
        body = await account.find_body(body_id)
    except NotFoundError:
        return None
    return (await account.read(body, 0, body.size_octets)).data


def _compare_watched(claims: Claims, history: dict[ModSeq, Committed]) -> None:
    """A subscription tells each step once, in order, as it was; without a gap but for upkeep."""
    for told_of in claims.watched:
        numbers = [committed.modseq for committed in told_of]
        must(numbers == sorted(set(numbers)), f"a subscription told {numbers}")
        if numbers and not claims.may_skip:
            expected = list(range(numbers[0], numbers[0] + len(numbers)))
            must(numbers == expected, f"a subscription told {numbers}")
        for committed in told_of:
            happened = history.get(committed.modseq)
            if happened is not None:
                must(happened == committed, f"a subscription told {committed}, not {happened}")


async def compare_accounts(store: Store, known: set[AccountId], values: list[list[Any]]) -> None:
    """Accounts that were made are there and empty, removed ones are not; then all go."""
    made = {v.account_id for worker in values for v in worker if isinstance(v, told.Made)}
    leaving = [v for worker in values for v in worker if isinstance(v, told.Removing)]
    listed = set(await store.account_ids())
    must(listed >= known | made - {v.account_id for v in leaving}, "an account is lost")
    must(not listed & {v.account_id for v in leaving if v.is_done}, "a removed account is back")
    for account_id in listed - known:
        account = await store.account(account_id)
        must([one.total for one in await account.mailboxes()] == [0], "an account is half made")
        await store.remove_account(account_id)


def compare_locks(values: list[list[Any]]) -> None:
    """No two hold the lock at the same time; fences grow.

    Of a worker that was killed while it held it we know only since when.
    """
    spans: dict[int, tuple[int, int]] = {}
    for worker in values:
        for value in worker:
            if isinstance(value, told.Held):
                spans[value.fence] = (value.since, value.until or value.since)
    ordered = [spans[fence] for fence in sorted(spans)]
    for (_since, until), (since, _until) in itertools.pairwise(ordered):
        must(until <= since, "two held the lock at the same time")
