"""`hato undelete`: what comes back, and in which order."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hato.app import Composition
from hato.core.ids import Uid
from hato.core.settings_file import read_settings
from hato.store.changes import Expunge
from tests.unit.cli.conftest import Hato

NUMBERS = range(1, 6)


def letters_of_ada(config: Path, *, deleted: bool) -> list[str]:
    """Return the first lines of what she has; delete them if asked to."""

    async def work() -> list[str]:
        store = await Composition().open_store(read_settings(config))
        person = await store.directory.find_person("ada@example.org")
        assert person is not None
        account = await store.account(person.account_id)
        snapshot = await account.snapshot(account.inbox)
        lines = []
        for row in range(len(snapshot)):
            body = snapshot.body(row)
            data = (await account.read(body, 0, body.size_octets)).data
            lines.append(data.decode().splitlines()[0])
        if deleted:
            uids = tuple(Uid(uid) for uid in snapshot.uids)
            await account.commit([Expunge(account.inbox, uids)])
        await store.close()
        return lines

    return asyncio.run(work())


def test_what_comes_back_keeps_its_order(hato: Hato, tmp_path: Path) -> None:
    config = tmp_path / "hato.toml"
    for number in NUMBERS:
        (tmp_path / f"{number}.eml").write_text(f"Subject: {number}\n\nHello\n")
    hato("import", "ada@example.org", "eml", str(tmp_path))
    before = letters_of_ada(config, deleted=True)
    assert before == [f"Subject: {number}" for number in NUMBERS]
    hato("undelete", "ada@example.org", "--all")
    assert letters_of_ada(config, deleted=False) == before
