"""Delivery ids: how long the index keeps them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import apsw

from hato.core.limits import DELIVERY_ID_SECONDS
from hato.store.embedded.apply import DELIVERIES_PER_SWEEP
from hato.store.embedded.record import checksum_of
from tests.unit.store_embedded.conftest import Office


def ids(*, sweeps: bool) -> Iterator[bytes]:
    """Delivery ids at which old ones are forgotten, or not."""
    for number in itertools.count():
        one = b"id %d" % number
        if (checksum_of(one) % DELIVERIES_PER_SWEEP == 0) is sweeps:
            yield one


def kept(office: Office) -> int:
    index = apsw.Connection(f"{office.folder}/index.db", flags=apsw.SQLITE_OPEN_READONLY)
    return int(index.execute("SELECT count(*) FROM delivered").get)


async def test_an_account_that_only_receives_forgets_old_delivery_ids(office: Office) -> None:
    for one in itertools.islice(ids(sweeps=False), 5):
        await office.commit(await office.letter(), delivery_id=one)
    sweeper = next(ids(sweeps=True))
    office.clock.advance(DELIVERY_ID_SECONDS - 1)
    await office.commit(await office.letter(), delivery_id=sweeper)
    assert kept(office) == 6
    office.clock.advance(DELIVERY_ID_SECONDS)
    await office.commit(await office.letter(), delivery_id=sweeper)
    assert kept(office) == 1


async def test_a_replay_forgets_the_same_delivery_ids(office: Office) -> None:
    for one in itertools.islice(ids(sweeps=False), 3):
        await office.commit(await office.letter(), delivery_id=one)
        office.clock.advance(DELIVERY_ID_SECONDS // 2)
    await office.commit(await office.letter(), delivery_id=next(ids(sweeps=True)))
    assert kept(office) == 2
    report = await office.account.verify()
    assert report.differences == ()
