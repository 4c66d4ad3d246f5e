"""Rounds of the model test: workers at work, bad luck, and the comparison with the model."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hato.core.ids import AccountId, ModSeq
from hato.store.api import Account
from tests.model import told
from tests.model.faults import AFTERWARDS, Fault, faults
from tests.model.model import (
    DifferenceError,
    Model,
    claims_of,
    compare_accounts,
    compare_locks,
    must,
)
from tests.model.power import POWER_CALLS, durable_lengths
from tests.model.worker import open_store

ROOT = Path(__file__).parents[2]
ROUNDS_PER_FOLDER = 20
"""Then a new data folder begins, so that rounds stay quick."""
PATIENCE_SECONDS = 60
"""A worker that is not dead by then hangs."""


@dataclass
class Running:
    """A worker, and what is heard of it."""

    process: subprocess.Popen[bytes]
    listener: told.Listener

    @property
    def values(self) -> list[Any]:
        """What it told."""
        return self.listener.values

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it; strace passes that on."""
        return self.process.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}

    @property
    def has_ended(self) -> bool:
        """Whether it went by itself: with its work done, or because it could not begin."""
        last = self.values[-1] if self.values else None
        return isinstance(last, told.Ended | told.Refused) and self.process.returncode == 0

    def kill(self) -> None:
        """Kill the worker itself, not what traces it."""
        for value in self.values:
            if isinstance(value, told.Ready) and self.process.poll() is None:
                os.kill(value.pid, signal.SIGKILL)
                return
        self.process.kill()

    def join(self) -> None:
        """Wait until it is dead and all that it told is heard."""
        self.process.wait(PATIENCE_SECONDS)
        self.listener.join()


@dataclass
class Tally:
    """What a run counted."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    unanswered: int = 0

    def table(self) -> str:
        """Return it for people."""
        width = max(map(len, self.tried), default=0)
        lines = [
            f"{name:<{width}}  {count:>5} rounds  {self.kills[name]:>5} processes killed"
            for name, count in sorted(self.tried.items())
        ]
        lines.append(
            f"{self.rounds} rounds, {sum(self.kills.values())} processes killed, "
            f"{self.steps} steps compared, {self.unanswered} of them unacknowledged"
        )
        return "\n".join(lines)


class Run:
    """Rounds on one data folder after the other."""

    def __init__(self, backend: str, seed: int, only: str = "") -> None:
        """`only`: try kinds of bad luck whose name contains it."""
        self.backend = backend
        self.seed = seed
        self.tally = Tally()
        self._kinds = [fault for fault in faults() if only in fault.name]
        self._counts: Counter[str] = Counter()
        self._folder = Path()
        self._traces = Path()
        self._now = 1_800_000_000
        self._models: dict[AccountId, Model] = {}

    async def rounds(
        self, count: int, on_round: Callable[[Tally], None] = lambda _tally: None
    ) -> None:
        """Do `count` rounds; raise AssertionError with seed and round when something is wrong."""
        for number in range(count):
            chance = random.Random(f"{self.seed}:{number}")
            if number % ROUNDS_PER_FOLDER == 0:
                self._drop_folder()
                await self._begin_folder()
            fault = chance.choices(self._kinds, [kind.weight for kind in self._kinds])[0]
            try:
                await self._round(f"{self.seed}:{number}", fault, chance)
            except Exception as error:
                raise AssertionError(
                    f"seed {self.seed}, round {number} ({fault.name}), data in {self._folder}: "
                    f"{type(error).__name__}: {error}"
                ) from error
            self.tally.rounds += 1
            on_round(self.tally)
        self._drop_folder()

    async def _begin_folder(self) -> None:
        parent = Path(tempfile.mkdtemp(prefix="hato-model-"))
        self._folder, self._traces = parent / "data", parent / "traces"
        self._traces.mkdir()
        store = await open_store(self.backend, self._folder, self._now)
        account_ids = [await store.create_account() for _ in range(2)]
        await store.close()
        self._models = {account_id: Model(account_id, self._now) for account_id in account_ids}

    def _drop_folder(self) -> None:
        if self._models:
            shutil.rmtree(self._folder.parent)

    async def _round(self, seed: str, fault: Fault, chance: random.Random) -> None:
        self._now += chance.choice((1, 3_600, 86_400))
        self._counts[fault.name] += 1
        self.tally.tried[fault.name] += 1
        before = _lengths(self._folder)
        workers = self._start(seed, fault, chance)
        await asyncio.to_thread(_wait_for, workers)
        values = [worker.values for worker in workers]
        for told_of in values:
            for value in told_of:
                must(not isinstance(value, told.Failed), getattr(value, "trace", ""))
        for worker in workers:
            self.tally.kills[fault.name] += worker.was_killed
            must(worker.was_killed or worker.has_ended, "a worker vanished")
        compare_locks(values)
        known = self._durable(before) if fault.is_power_cut else _told_journals(values)
        for name in fault.afterwards:
            AFTERWARDS[name](self._folder, known, chance)
        await self._check(values, chance, may_skip=fault.way == "compact")

    def _durable(self, before: dict[str, int]) -> dict[str, int]:
        """Return how much of each journal was on the disk when the power was cut."""
        return durable_lengths([path.read_text() for path in self._traces.iterdir()], before)

    def _start(self, seed: str, fault: Fault, chance: random.Random) -> list[Running]:
        """Start two workers; the bad luck is the first one's, or comes to both."""
        moment = chance.randrange(4, 200)
        heard, unready = 0, 2
        lock = threading.Lock()
        workers: list[Running] = []
        is_killing = fault.kills and not fault.inject
        all_started = threading.Event()

        def hear(value: object) -> None:
            nonlocal heard, unready
            with lock:
                unready -= isinstance(value, told.Ready)
                heard += not (fault.is_power_cut and unready)  # strace must see the kill
                is_moment = heard == moment
            if is_killing and is_moment:
                all_started.wait()
                for worker in workers:
                    worker.kill()

        for number in range(2):
            is_traced = bool(fault.inject) and number == 0
            trace = self._trace(fault, number) if is_traced or fault.is_power_cut else ()
            workers.append(self._start_one(f"{seed}:{number}", fault, trace, chance, hear))
        all_started.set()
        return workers

    def _start_one(
        self,
        seed: str,
        fault: Fault,
        trace: tuple[str, ...],
        chance: random.Random,
        hear: Callable[[object], None],
    ) -> Running:
        mine, theirs = socket.socketpair()
        ways = [fault.way, *(chance.choice(("", way)) for way in ("watch", "hold", "make"))]
        steps = 10_000 if fault.kills and not fault.inject else chance.randrange(20, 80)
        command = [
            *trace,
            *(sys.executable, "-m", "tests.model.worker", self.backend, str(self._folder)),
            *(seed, str(self._now), str(theirs.fileno()), "+".join(ways), str(steps)),
            *(str(chance.choice((1, 2, 6))), *self._models),
        ]
        n = 12 + self._counts[fault.name] % fault.most
        limits = [limit.format(n=n) for limit in fault.limits]
        process = subprocess.Popen(
            [*(("prlimit", *limits) if limits else ()), *command],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stderr=subprocess.DEVNULL,  # each refused write is logged there
        )
        theirs.close()
        return Running(process, told.Listener(mine, hear))

    def _trace(self, fault: Fault, number: int) -> tuple[str, ...]:
        if fault.is_power_cut:
            note = ("-y", "-ttt", "-s", "0", "-o", str(self._traces / str(number)))
            return ("strace", "-f", "-qq", *note, "-e", f"trace={POWER_CALLS}")
        n = (self._counts[fault.name] - 1) % fault.most + 1
        calls = fault.inject.removeprefix("inject=").split(":")[0]
        inject = ("-e", f"trace={calls}", "-e", fault.inject.format(n=n))
        return ("strace", "-f", "-qq", "-o", "/dev/null", *inject)

    async def _check(
        self, values: list[list[Any]], chance: random.Random, *, may_skip: bool
    ) -> None:
        store = await open_store(self.backend, self._folder, self._now)
        try:
            await compare_accounts(store, set(self._models), values)
            for number, (account_id, model) in enumerate(self._models.items()):
                account = await store.account(account_id)
                lock = await account.lock("maildrop")
                await lock.release()
                claims = claims_of(values, number, may_skip=may_skip)
                steps, unanswered = await model.catch_up(account, claims, self._now)
                self.tally.steps += steps
                self.tally.unanswered += unanswered
                await _compare(model, account, chance)
                await model.forget_marks(account)
        finally:
            await store.close()


async def _compare(model: Model, account: Account, chance: random.Random) -> None:
    """Compare pictures; sometimes also after what must change nothing."""
    end = await account.modseq()
    states = sorted({ModSeq(0), end, *(ModSeq(chance.randrange(end + 1)) for _ in range(6))})
    await model.compare(account, states)
    if chance.random() < 0.3:
        report = await account.verify()
        must(not (report.damaged or report.differences or report.losses), str(report))
    if chance.random() < 0.2:
        await account.compact()
        await model.compare(account, states)


def _wait_for(workers: list[Running]) -> None:
    """Wait until all are dead; when one of them was killed by its bad luck, end the others."""
    try:
        for worker in workers:
            worker.join()
    except subprocess.TimeoutExpired:
        for worker in workers:
            worker.kill()
        raise DifferenceError("a worker hangs") from None


def _lengths(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in folder.glob("accounts/*/*.log")}


def _told_journals(values: list[list[Any]]) -> dict[str, int]:
    known: dict[str, int] = {}
    for worker in values:
        for value in worker:
            if isinstance(value, told.Done | told.Watched):
                for path, size in value.journals.items():
                    known[path] = max(size, known.get(path, 0))
    return known
