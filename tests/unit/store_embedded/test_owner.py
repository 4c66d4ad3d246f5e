"""Root makes files for whom the data folder belongs to: the server runs as somebody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hato.core.clock import FixedClock
from hato.core.settings import StoreSettings
from hato.store.changes import AddEmail
from hato.store.embedded import EmbeddedStore

SOMEBODY = 65_534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_what_root_makes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    settings = StoreSettings(free_space_octets=0, segment_octets=100)
    store = await EmbeddedStore(tmp_path, settings, FixedClock()).open()
    account = await store.account(await store.create_account())
    for _ in range(3):
        staged = store.stage()
        await staged.write(b"letter")
        await staged.seal()
        await account.commit([AddEmail(staged, (account.inbox,), 1)])
    await (await account.lock("maildrop")).release()
    await account.snapshot(account.inbox)
    made = list(tmp_path.rglob("*"))
    assert len(made) > 8
    assert {path.stat().st_uid for path in made} == {SOMEBODY}
    await store.close()
