"""An index that is damaged, a disk that is full, processes that come in each other's way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hato.core.errors import StorageFullError
from hato.core.ids import EmailId
from hato.services.search.query import parse_query
from hato.services.search.search import Search
from hato.services.winning_room import compact_all
from hato.store.api import Account
from hato.store.contract.scene import Scene
from hato.store.embedded.space import Space
from tests.unit.search.test_search import add, find


def _file(scene: Scene) -> Path:
    folder = scene.backend.data_folder
    assert folder is not None
    return folder / "accounts" / scene.account.account_id / "search.db"


def _spoil(path: Path, how: str) -> None:
    octets = path.read_bytes()
    if how == "another program's":
        path.write_bytes(b"\x17" * 8_192)
    elif how == "cut off":
        path.write_bytes(octets[: len(octets) // 2])
    elif how == "overwritten":
        path.write_bytes(octets[:4_096] + b"\x17" * (len(octets) - 4_096))
    elif how == "of a later format":
        path.write_bytes(octets[:60] + b"\x00\x00\x00\x63" + octets[64:])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()


@pytest.mark.parametrize(
    "how", ["another program's", "cut off", "overwritten", "of a later format", "empty", "gone"]
)
async def test_an_index_that_cannot_be_used_is_made_anew(embedded_scene: Scene, how: str) -> None:
    scene = embedded_scene
    ids = [await add(scene, "tea", received=when) for when in range(30)]
    assert await find(scene, "tea") == ids[::-1]
    _checkpointed(scene)
    _spoil(_file(scene), how)
    assert await find(scene, "tea") == ids[::-1]
    assert await find(scene, "te") == ids[::-1]
    await add(scene, "milk")
    assert len(await find(scene, "milk")) == 1


def _checkpointed(scene: Scene) -> None:
    """Bring all into the file itself."""
    import apsw  # the store's own library

    connection = apsw.Connection(str(_file(scene)))
    connection.pragma("wal_checkpoint(TRUNCATE)")
    connection.close()
    for beside in ("search.db-wal", "search.db-shm"):
        _file(scene).with_name(beside).unlink(missing_ok=True)


async def test_a_damaged_letter_does_not_stop_the_others(embedded_scene: Scene) -> None:
    scene = embedded_scene
    await add(scene, "broken")
    whole = await add(scene, "tea")
    (journal,) = _file(scene).parent.glob("*.log")
    octets = journal.read_bytes()
    journal.chmod(0o600)
    journal.write_bytes(octets.replace(b"\r\n\r\nbroken\r\n", b"\r\n\r\nbrokeX\r\n"))
    assert await find(scene, "tea") == [whole]
    assert await find(scene, "broken") == []


async def test_a_full_disk_is_said_and_the_rest_is_found(
    embedded_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = embedded_scene
    old = await add(scene, "tea")
    assert await find(scene, "tea") == [old]
    await add(scene, "tea")

    def refuse(_self: Space, _octets: int) -> None:
        raise StorageFullError("the disk has reached its free-space mark")

    with monkeypatch.context() as full:
        full.setattr(Space, "check", refuse)
        found = await Search(scene.account).find(parse_query("tea"), most=9)
        assert not found.is_complete
        assert list(found.email_ids) == [old]
        _file(scene).unlink()
        with pytest.raises(StorageFullError):
            await Search(scene.account).find(parse_query("tea"), most=9)
    assert len(await find(scene, "tea")) == 2


async def test_several_processes_search_at_once(embedded_scene: Scene) -> None:
    scene = embedded_scene
    for when in range(60):
        await add(scene, "tea", received=when)

    async def search(account: Account) -> int:
        return len((await Search(account).find(parse_query("tea"), most=99)).places)

    others = [await scene.backend.second() for _ in range(3)]
    accounts = [await store.account(scene.account.account_id) for store in others]
    assert await asyncio.gather(*map(search, [scene.account, *accounts])) == [60] * 4
    state = await scene.account.search.state()
    assert state is not None
    assert state.letters == 60


async def test_more_letters_of_one_second_than_have_a_place_there(
    embedded_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("search_index", "search_question"):
        monkeypatch.setattr(f"hato.store.embedded.{module}.PLACE_BITS", 2)
    scene = embedded_scene
    times = [100] * 11 + [101] * 3 + [99] * 7 + [102]
    emails = [(when, await add(scene, "tea", received=when)) for when in times]
    ordered = [email_id for _, email_id in sorted(emails, reverse=True)]
    assert await find(scene, "tea") == ordered
    for most in range(1, len(times)):
        assert await find(scene, "tea", most) == ordered[:most]
    search, before = Search(scene.account), None
    seen: list[EmailId] = []
    while (found := await search.find(parse_query("tea"), most=4, before=before)).places:
        seen += found.email_ids
        before = found.places[-1]
    assert seen == ordered


async def test_verify_notices_a_damaged_index_and_repair_removes_it(
    embedded_scene: Scene,
) -> None:
    scene = embedded_scene
    await scene.account.verify()
    for when in range(300):
        await add(scene, f"tea {when}", received=when)
    assert len(await find(scene, "tea", 999)) == 300
    assert (await scene.account.verify()).differences == ()
    _checkpointed(scene)
    octets = _file(scene).read_bytes()
    middle = len(octets) // 8_192 * 4_096
    _file(scene).write_bytes(octets[:middle] + b"\x17" * 4_096 + octets[middle + 4_096 :])
    assert "search index" in (await scene.account.verify()).differences[0]
    assert (await scene.account.verify(repair=True)).differences
    assert (await scene.account.verify()).differences == ()
    assert len(await find(scene, "tea", 999)) == 300


async def test_compaction_puts_the_index_together(embedded_scene: Scene) -> None:
    scene = embedded_scene
    for when in range(20):
        await add(scene, "tea", received=when)
        await find(scene, "tea")
    won = await compact_all(scene.store, scene.clock.now())
    assert not won.failed
    assert len(await find(scene, "tea")) == 20


_INDEXING = """
import asyncio, sys
from pathlib import Path
from hato.core.clock import SystemClock
from hato.core.settings import StoreSettings
from hato.services.search.indexing import bring_up_to_date
from hato.store.embedded import EmbeddedStore

async def index():
    settings = StoreSettings(free_space_octets=0)
    store = await EmbeddedStore(Path(sys.argv[1]), settings, SystemClock()).open()
    account = await store.account((await store.account_ids())[0])
    print("ready", flush=True)
    async for progress in bring_up_to_date(account):
        print(progress.done, flush=True)

asyncio.run(index())
"""


@pytest.mark.parametrize("wait_for", ["ready", "512", "1024"])
async def test_a_kill_in_the_middle_costs_no_letter(embedded_scene: Scene, wait_for: str) -> None:
    scene = embedded_scene
    ids = [added.email_id for added in await scene.add_many(1_500)]
    folder = scene.backend.data_folder
    process = subprocess.Popen(
        [sys.executable, "-c", _INDEXING, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while (line := process.stdout.readline().strip()) and line != wait_for:
        pass
    process.kill()
    process.communicate()
    assert await find(scene, "is:unread", 2_000) == ids[::-1]
    assert await find(scene, "subject:1", 2_000) == [
        one for number, one in reversed(list(enumerate(ids))) if str(number).startswith("1")
    ]
    assert (await scene.account.verify()).differences == ()
