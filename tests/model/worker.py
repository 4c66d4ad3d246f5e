"""One process of the model test: opens the store, does what it plans, tells all of it.

python -m tests.model.worker BACKEND FOLDER SEED NOW SOCKET WAY STEPS TASKS ACCOUNT…
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from hato.core.clock import FixedClock
from hato.core.errors import HatoError
from hato.core.ids import AccountId
from hato.core.settings import StoreSettings
from hato.store.api import Account, Store
from tests.model import told
from tests.model.plan import Planner, staged

SETTINGS = StoreSettings(undelete_seconds=5 * 86_400, segment_octets=200_000, free_space_octets=0)
"""Small segments, so that many are begun."""


async def open_store(backend: str, folder: Path, now: int) -> Store:
    """Open a backend that is named `module:Class`."""
    module, _, name = backend.partition(":")
    made = getattr(importlib.import_module(module), name)(folder, SETTINGS, FixedClock(now))
    await made.open()
    store: Store = made
    return store


def journals_of(folder: Path, accounts: list[Account]) -> dict[str, int]:
    """Return how long the files of journals are now; those that vanish meanwhile are left out."""
    found: dict[str, int] = {}
    for account in accounts:
        with contextlib.suppress(OSError):  # without descriptors nobody can look
            for path in list((folder / "accounts" / account.account_id).iterdir()):
                with contextlib.suppress(FileNotFoundError):
                    if path.suffix == ".log":
                        found[str(path)] = path.stat().st_size
    return found


@dataclass
class Worker:
    """What the tasks of one process share."""

    store: Store
    accounts: list[Account]
    folder: Path
    planner: Planner
    teller: told.Teller
    steps: int

    async def work(self) -> None:
        """Plan, tell, commit, tell; until there were enough steps."""
        while self.steps > 0:
            self.steps -= 1
            number = self.steps % len(self.accounts)
            try:
                plan = await self.planner.next(self.accounts[number], number)
            except HatoError:
                continue
            self.teller.tell(told.Wants(plan))
            try:
                committed = None
                if plan.is_purge:
                    await self.accounts[number].purge(FixedNow.now)
                else:
                    wanted = await staged(self.store, plan)
                    committed = await self.accounts[number].commit(
                        wanted, delivery_id=plan.delivery_id
                    )
            except HatoError as error:
                self.teller.tell(told.Refused(plan.plan_id, type(error).__name__))
            else:
                done = told.Done(plan.plan_id, committed, journals_of(self.folder, self.accounts))
                self.teller.tell(done)

    async def watch(self, number: int) -> None:
        """Tell what a subscription tells."""
        async for committed in await self.accounts[number].watch():
            self.teller.tell(
                told.Watched(number, committed, journals_of(self.folder, self.accounts))
            )

    async def hold(self) -> None:
        """Take the lock of the first account again and again."""
        while self.steps > 0:
            try:
                lock = await self.accounts[0].lock("maildrop", wait_seconds=60)
            except HatoError:
                return
            since = time.monotonic_ns()
            self.teller.tell(told.Held(lock.fence, since, None))
            await asyncio.sleep(0.002)
            self.teller.tell(told.Held(lock.fence, since, time.monotonic_ns()))
            await lock.release()
            await asyncio.sleep(0)

    async def make(self) -> None:
        """Make accounts and remove some of them."""
        while self.steps > 0:
            try:
                account_id = await self.store.create_account()
                self.teller.tell(told.Made(account_id))
                if account_id[0] < "n":
                    self.teller.tell(told.Removing(account_id, is_done=False))
                    await self.store.remove_account(account_id)
                    self.teller.tell(told.Removing(account_id, is_done=True))
            except HatoError:
                pass
            await asyncio.sleep(0.01)

    async def compact(self) -> None:
        """Compact one account after the other, as long as there is work."""
        while self.steps > 0:
            for account in self.accounts:
                try:
                    await account.compact()
                except HatoError:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0)


class FixedNow:
    """The time of this round."""

    now = 0


async def run(arguments: list[str], teller: told.Teller) -> None:
    """Open, work, close."""
    backend, folder, seed, now, _socket, way, steps, tasks, *account_ids = arguments
    FixedNow.now = int(now)
    store = await open_store(backend, Path(folder), int(now))
    accounts = [await store.account(AccountId(account_id)) for account_id in account_ids]
    planner = Planner(seed, int(now))
    worker = Worker(store, accounts, Path(folder), planner, teller, int(steps))
    teller.tell(told.Ready(os.getpid()))
    beside = []
    if "watch" in way:
        beside += [asyncio.create_task(worker.watch(n)) for n in range(len(accounts))]
    if "hold" in way:
        beside.append(asyncio.create_task(worker.hold()))
    if "compact" in way:
        beside.append(asyncio.create_task(worker.compact()))
    if "make" in way:
        beside.append(asyncio.create_task(worker.make()))
    await asyncio.gather(*(worker.work() for _ in range(int(tasks))))
    for task in beside:
        task.cancel()
    ends = await asyncio.gather(*beside, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    await store.close()


def main(arguments: list[str]) -> None:
    """Run; tell what must never happen."""
    teller = told.Teller(int(arguments[4]))
    try:
        asyncio.run(run(arguments, teller))
    except HatoError as error:
        teller.tell(told.Refused("", type(error).__name__))
    except BaseException:  # noqa: BLE001 - whatever it is, the test must hear of it
        teller.tell(told.Failed(traceback.format_exc()))
    else:
        teller.tell(told.Ended())


if __name__ == "__main__":
    main(sys.argv[1:])
