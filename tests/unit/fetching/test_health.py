"""How a source fares is written when it changes, and only then."""

from __future__ import annotations

from hato.clients.errors import Busy, BusyError, WrongCredentialsError
from hato.core.clock import FixedClock
from hato.core.settings import Settings
from hato.net.dial_errors import DialError, DialFault
from hato.services.fetching.advice import advise
from hato.services.fetching.health import (
    Health,
    State,
    health_after,
    read_health,
    write_health,
)
from hato.store.changes import PutObject
from hato.store.memory import MemoryStore
from tests.unit.fetching.sources import SOURCE

WRONG = advise(WrongCredentialsError("PLAIN", "no"), SOURCE)
BUSY = advise(BusyError(Busy.IN_USE, "locked by 17"), SOURCE)
STILL_BUSY = advise(BusyError(Busy.IN_USE, "locked by 18"), SOURCE)
AWAY = advise(DialError(DialFault.TIMED_OUT, "pop.provider.example"), SOURCE)


def test_the_first_poll_that_goes_well_is_noted_once() -> None:
    health = health_after(None, None, 100)
    assert health == Health(State.FINE, 100)
    assert health_after(health, None, 200) is None


def test_the_same_trouble_is_written_once_whatever_the_words() -> None:
    health = health_after(None, BUSY, 100)
    assert health is not None
    assert (health.state, health.code) == (State.BUSY, "in-use")
    assert health_after(health, STILL_BUSY, 200) is None


def test_other_trouble_is_written_with_its_own_time() -> None:
    health = health_after(health_after(None, BUSY, 100), AWAY, 200)
    assert health is not None
    assert (health.state, health.code, health.since) == (State.FAILING, "timed-out", 200)
    assert health.text == AWAY.text


def test_a_refused_secret_is_marked_with_what_was_tried() -> None:
    health = health_after(None, WRONG, 100, refused="settings and secret 1")
    assert health is not None
    assert (health.state, health.refused) == (State.NEEDS_YOU, "settings and secret 1")
    assert health_after(health, WRONG, 200, refused="settings and secret 1") is None
    again = health_after(health, WRONG, 200, refused="settings and secret 2")
    assert again is not None
    assert again.refused == "settings and secret 2"


def test_only_a_refused_secret_is_marked() -> None:
    health = health_after(None, AWAY, 100, refused="settings")
    assert health is not None
    assert health.refused == ""


async def test_it_is_kept_beside_the_source() -> None:
    store = MemoryStore(FixedClock(), Settings().store)
    account = await store.account(await store.create_account())
    assert await read_health(account, "abc") is None
    health = health_after(None, AWAY, 100)
    await write_health(account, "abc", health)
    assert await read_health(account, "abc") == health
    await write_health(account, "abc", None)
    assert await read_health(account, "abc") is None


async def test_what_a_newer_hato_wrote_does_not_stop_this_one() -> None:
    store = MemoryStore(FixedClock(), Settings().store)
    account = await store.account(await store.create_account())
    await account.commit([PutObject("source-health", "abc", b'{"state": "dreaming", "since": 1}')])
    assert await read_health(account, "abc") is None
