"""The contract of exclusive locks and of steps that expect a state.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 1939 §4 (the exclusive lock).
Fails as tests fail.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from hato.core.errors import ConflictError, InUseError
from hato.core.ids import ModSeq, Uid
from hato.store.changes import Expunge, PutObject
from hato.store.contract.scene import Scene


class TestLocks:
    async def test_one_holds_it(self, scene: Scene) -> None:
        lock = await scene.account.lock("maildrop")
        with pytest.raises(InUseError):
            await scene.account.lock("maildrop")
        await lock.release()
        await (await scene.account.lock("maildrop")).release()

    async def test_names_and_accounts_are_apart(self, scene: Scene) -> None:
        other = await scene.store.account(await scene.store.create_account())
        locks = [
            await scene.account.lock("maildrop"),
            await scene.account.lock("view-phone"),
            await other.lock("maildrop"),
        ]
        for lock in locks:
            await lock.release()

    async def test_it_is_known_when_it_was_last_taken(self, scene: Scene) -> None:
        assert await scene.account.lock_taken_at("maildrop") is None
        before = int(time.time())
        lock = await scene.account.lock("maildrop")
        await lock.release()
        taken_at = await scene.account.lock_taken_at("maildrop")
        assert taken_at is not None
        assert before - 1 <= taken_at <= time.time() + 1
        assert await scene.account.lock_taken_at("view-phone") is None

    async def test_names_may_be_anything(self, scene: Scene) -> None:
        names = ["", "..", "a/b", "見", "x" * 300, "A", "a"]
        locks = [await scene.account.lock(name) for name in names]
        for name in names:
            with pytest.raises(InUseError):
                await scene.account.lock(name)
        for lock in locks:
            await lock.release()

    async def test_who_waits_gets_it_when_it_is_released(self, scene: Scene) -> None:
        lock = await scene.account.lock("maildrop")
        waiting = asyncio.create_task(scene.account.lock("maildrop", wait_seconds=20))
        await asyncio.sleep(0)
        assert not waiting.done()
        await lock.release()
        await (await waiting).release()

    async def test_waiting_ends(self, scene: Scene) -> None:
        lock = await scene.account.lock("maildrop")
        with pytest.raises(InUseError):
            await scene.account.lock("maildrop", wait_seconds=0.01)
        await lock.release()

    async def test_of_many_who_wait_each_gets_it_in_turn(self, scene: Scene) -> None:
        holders = 0

        async def hold() -> int:
            nonlocal holders
            lock = await scene.account.lock("maildrop", wait_seconds=20)
            holders += 1
            assert holders == 1
            await asyncio.sleep(0)
            holders -= 1
            await lock.release()
            return lock.fence

        fences = await asyncio.gather(*(hold() for _ in range(8)))
        assert len(set(fences)) == 8

    async def test_who_gives_up_waiting_does_not_get_it(self, scene: Scene) -> None:
        lock = await scene.account.lock("maildrop")
        waiting = asyncio.create_task(scene.account.lock("maildrop", wait_seconds=20))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await lock.release()
        await (await scene.account.lock("maildrop")).release()

    async def test_releasing_twice_is_harmless(self, scene: Scene) -> None:
        first = await scene.account.lock("maildrop")
        await first.release()
        second = await scene.account.lock("maildrop")
        await first.release()
        with pytest.raises(InUseError):
            await scene.account.lock("maildrop")
        await second.release()

    async def test_reading_and_delivering_go_on_meanwhile(self, scene: Scene) -> None:
        lock = await scene.account.lock("maildrop")
        await scene.add()
        assert await scene.uids() == [1]
        await lock.release()

    async def test_it_excludes_other_processes(self, scene: Scene) -> None:
        there = await (await scene.backend.second()).account(scene.account.account_id)
        lock = await scene.account.lock("maildrop")
        with pytest.raises(InUseError):
            await there.lock("maildrop")
        waiting = asyncio.create_task(there.lock("maildrop", wait_seconds=20))
        await asyncio.sleep(0)
        await lock.release()
        theirs = await waiting
        assert theirs.fence > lock.fence
        with pytest.raises(InUseError):
            await scene.account.lock("maildrop")
        await theirs.release()


class TestFences:
    async def test_the_holder_may_write(self, scene: Scene) -> None:
        lock = await scene.account.lock("maildrop")
        await scene.commit(await scene.letter(), fence=lock)
        await lock.release()
        assert await scene.uids() == [1]

    async def test_fences_grow(self, scene: Scene) -> None:
        fences = []
        for _ in range(3):
            lock = await scene.account.lock("maildrop")
            fences.append(lock.fence)
            await lock.release()
        assert fences == sorted(set(fences))

    async def test_who_lost_it_may_not(self, scene: Scene) -> None:
        await scene.add()
        lock = await scene.account.lock("maildrop")
        await lock.release()
        wanted = Expunge(scene.account.inbox, (Uid(1),))
        with pytest.raises(ConflictError):
            await scene.commit(wanted, fence=lock)
        newer = await scene.account.lock("maildrop")
        with pytest.raises(ConflictError):
            await scene.commit(wanted, fence=lock)
        assert await scene.uids() == [1]
        await scene.commit(wanted, fence=newer)
        await newer.release()


class TestExpectedStates:
    async def test_the_present_state_is_taken(self, scene: Scene) -> None:
        expected = await scene.account.modseq()
        committed = await scene.commit(
            PutObject("script", "a", b"1"), expected_modseq=ModSeq(expected)
        )
        assert committed.modseq == expected + 1

    async def test_another_one_is_refused(self, scene: Scene) -> None:
        old = await scene.account.modseq()
        await scene.add()
        for expected in (old, ModSeq(old + 5), ModSeq(0)):
            with pytest.raises(ConflictError):
                await scene.commit(PutObject("script", "a", b"1"), expected_modseq=expected)
        assert await scene.account.stored_object("script", "a") is None

    async def test_of_two_who_expect_the_same_one_wins(self, scene: Scene) -> None:
        expected = await scene.account.modseq()
        done = await asyncio.gather(
            *(
                scene.commit(PutObject("script", name, b"1"), expected_modseq=expected)
                for name in "abcd"
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(one, ConflictError) for one in done) == 3

    async def test_a_retry_is_recognised_before_the_state(self, scene: Scene) -> None:
        expected = await scene.account.modseq()
        await scene.commit(await scene.letter(), expected_modseq=expected, delivery_id=b"d")
        again = await scene.commit(await scene.letter(), expected_modseq=expected, delivery_id=b"d")
        assert again.is_duplicate
