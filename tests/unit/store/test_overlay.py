"""Steps that are resolved as a group come out as if each had been written before the next."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from hato.core.clock import FixedClock
from hato.core.errors import HatoError
from hato.core.ids import AccountId, ModSeq
from hato.core.settings import StoreSettings
from hato.store.changes import AddEmail, Fact, Wanted
from hato.store.memory.account import MemoryAccount
from hato.store.memory.staged import MemoryStaged
from hato.store.memory.state import AccountState
from hato.store.memory.store import MemoryStore
from hato.store.overlay import Overlay
from hato.store.resolve import INBOX_ID, resolve
from hato.store.view import AccountView
from tests.model.plan import Planner, staged


def outcome(view: AccountView, wanted: Sequence[Wanted]) -> list[Fact] | str:
    """Return what happens, or the error's name."""
    try:
        return resolve(view, wanted, now=5, undelete_seconds=9)
    except HatoError as error:
        return type(error).__name__


@pytest.mark.parametrize("seed", range(6))
async def test_an_overlay_answers_as_the_account_will(seed: int) -> None:
    clock = FixedClock(5)
    store = MemoryStore(clock, StoreSettings(undelete_seconds=9))
    account = MemoryAccount(AccountId("a" * 16), clock, 9)
    planner = Planner(f"overlay:{seed}", 5)
    happened = 0
    for _group in range(8):
        overlay = Overlay(copy.deepcopy(account._state))
        for _step in range(12):
            plan = await planner.next(account, 0)
            wanted = await staged(store, plan)
            expected = outcome(account._state, wanted)
            assert outcome(overlay, wanted) == expected
            if isinstance(expected, str):
                continue
            committed = await account.commit(wanted)
            assert list(committed.facts) == expected
            if expected:
                overlay.commit(expected, committed.modseq)
                happened += 1
    assert happened > 30


class CountingView:
    """Counts the questions that reach an account."""

    def __init__(self, state: AccountState) -> None:
        self._state = state
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the account answers
        self.asked[name] += 1
        return getattr(self._state, name)


async def test_a_group_of_deliveries_asks_little() -> None:
    account = MemoryAccount(AccountId("a" * 16), FixedClock(5), 9)
    view = CountingView(account._state)
    overlay = Overlay(view)
    letter = MemoryStaged()
    await letter.write(b"A: b\r\n\r\n")
    await letter.seal()
    for number in range(64):
        wanted = AddEmail(letter, (INBOX_ID,), 5, reference_hashes=(number,))
        facts = resolve(overlay, [wanted], now=5, undelete_seconds=9)
        overlay.commit(facts, ModSeq(number + 2))
    assert view.asked == {"totals": 1, "mailbox": 1, "thread_of": 64}
    row = overlay.mailbox(INBOX_ID)
    assert row is not None
    assert row.uidnext == 65
