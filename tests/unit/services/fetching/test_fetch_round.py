"""One poll after the other: what comes here, what stays there."""

from __future__ import annotations

from hato.core.errors import InUseError
from hato.services.fetching.ledger_books import LedgerBooks
from hato.services.fetching.poll_outcome import Stage
from hato.store.model import LedgerState
from tests.unit.services.fetching.maildrop import Maildrop
from tests.unit.services.fetching.scene import letter, letters, open_scene


async def test_all_letters_come_once_and_stay_there() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        first = await scene.poll()
        second = await scene.poll()
        assert (first.new, first.error, second.new, second.error) == (3, None, 0, None)
        assert await scene.texts() == [letter(1), letter(2), letter(3)]
        assert not maildrop.said("DELE")
        assert scene.tally.stage is Stage.DONE


async def test_a_letter_and_its_entry_come_in_one_step_with_many_others() -> None:
    async with open_scene(Maildrop(letters(50))) as scene:
        await scene.poll()
        assert len(scene.counting.steps) == 1
        ledger = await scene.ledger()
        assert {entry.state for entry in ledger.values()} == {LedgerState.STORED}
        assert all(entry.email_id and entry.checksum for entry in ledger.values())


async def test_a_poll_with_nothing_new_writes_nothing_and_asks_for_unique_ids_only() -> None:
    maildrop = Maildrop(letters(3))
    async with open_scene(maildrop) as scene:
        await scene.poll()
        maildrop.forget()
        scene.counting.steps.clear()
        outcome = await scene.poll()
        assert not scene.counting.steps
        assert outcome.on_server == 3
        assert [
            line for line in maildrop.heard if not line.startswith(("CAPA", "USER", "PASS"))
        ] == [
            "UIDL",
            "QUIT",
        ]


async def test_the_ledger_is_read_once_while_nobody_else_writes() -> None:
    maildrop = Maildrop(letters(2))
    async with open_scene(maildrop) as scene:
        books = LedgerBooks()
        await scene.poll(books=books)
        first = await books.open(scene.account, "s1")
        await scene.poll(books=books)
        assert await books.open(scene.account, "s1") is first
        maildrop.letters[b"u9"] = letter(9)
        assert (await scene.poll(books=books)).new == 1
        assert await books.open(scene.account, "s1") is first


async def test_two_polls_of_one_source_exclude_each_other() -> None:
    async with open_scene(Maildrop(letters(1))) as scene:
        lock = await scene.account.lock("fetch s1")
        assert isinstance((await scene.poll()).error, InUseError)
        await lock.release()
        assert (await scene.poll()).new == 1
