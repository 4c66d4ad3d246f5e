"""Several processes on one data folder: locks, steps, deaths."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hato.core.errors import ConflictError, InUseError
from hato.store.changes import PutObject
from hato.store.embedded.locks import EmbeddedLock
from tests.unit.store_embedded.conftest import Office

ROOT = Path(__file__).parents[3]

OPEN = """
import asyncio, sys
from pathlib import Path
from hato.core.clock import SystemClock
from hato.core.settings import StoreSettings
from hato.store.changes import AddEmail
from hato.store.embedded import EmbeddedStore
async def main():
    settings = StoreSettings(free_space_octets=0)
    store = await EmbeddedStore(Path(sys.argv[1]), settings, SystemClock()).open()
    account = await store.account(sys.argv[2])
"""
HOLD = """
    lock = await account.lock("maildrop")
    print(lock.fence, flush=True)
    sys.stdin.readline()
"""
DELIVER = """
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(30):
        staged = store.stage()
        await staged.write(sys.argv[3].encode() + b" %d" % number)
        await staged.seal()
        done = await account.commit([AddEmail(staged, (account.inbox,), 1)])
        print(done.facts[0].placements[0][1], done.facts[0].email_id, flush=True)
    await store.close()
"""


def start(office: Office, work: str, *arguments: str) -> subprocess.Popen[str]:
    """Start another process that opens the account and works."""
    return subprocess.Popen(
        [
            *(sys.executable, "-c", OPEN + work + "asyncio.run(main())"),
            *(str(office.data_folder), office.account.account_id, *arguments),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def heard(process: subprocess.Popen[str]) -> str:
    """Wait for a line of another process."""
    assert process.stdout is not None
    return (await asyncio.to_thread(process.stdout.readline)).strip()


async def test_a_lock_keeps_other_processes_out_and_dies_with_its_holder(office: Office) -> None:
    process = start(office, HOLD)
    fence = int(await heard(process))
    with pytest.raises(InUseError):
        await office.account.lock("maildrop")
    waiting = asyncio.ensure_future(office.account.lock("maildrop", wait_seconds=60))
    process.kill()
    lock = await waiting
    assert lock.fence == fence + 1
    await lock.release()
    process.communicate()


async def test_a_lock_that_somebody_else_has_now_is_no_fence(office: Office) -> None:
    lock = await office.account.lock("maildrop")
    assert isinstance(lock, EmbeddedLock)
    await office.commit(PutObject("script", "a", b"1"), fence=lock)
    await lock.release()
    with pytest.raises(ConflictError):
        await office.commit(PutObject("script", "a", b"2"), fence=lock)


async def test_three_processes_deliver_into_one_mailbox(office: Office) -> None:
    processes = [start(office, DELIVER, name) for name in ("first", "second", "third")]
    for process in processes:
        assert await heard(process) == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = await asyncio.gather(*(asyncio.to_thread(one.communicate) for one in processes))
    lines = [line.split() for output, _ in outputs for line in output.splitlines()]
    told = {int(uid): int(email_id) for uid, email_id in lines}
    assert sorted(int(uid) for uid, _ in lines) == list(range(1, 91))
    assert await office.uids() == list(range(1, 91))
    snapshot = await office.account.snapshot(office.account.inbox)
    assert told == dict(zip(snapshot.uids, snapshot.email_ids, strict=True))
    report = await office.account.verify()
    assert (report.damaged, report.differences) == ((), ())


async def test_who_watches_is_told_what_another_process_did(office: Office) -> None:
    await office.add()
    watch = await office.account.watch()
    process = start(office, DELIVER, "there")
    assert await heard(process) == "ready"
    talking = asyncio.ensure_future(asyncio.to_thread(process.communicate, "\n"))
    mine = [await office.add(b"here %d" % number) for number in range(5)]
    told = []
    async with asyncio.timeout(60):
        async for committed in watch:
            told.append(committed)
            if len(told) == 35:
                break
    watch.close()
    await talking
    assert [one.modseq for one in told] == list(range(3, 38))
    assert {fact for one in told for fact in one.facts} >= set(mine)
