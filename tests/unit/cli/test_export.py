"""`hato export`, and `hato import` elsewhere: the same octets, dates, flags and folders."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hato.app import Composition
from hato.core.ids import MailboxId
from hato.core.settings_file import read_settings
from hato.store.api import Account, Store
from hato.store.changes import AddEmail, MailboxMade, MakeMailbox
from hato.store.model import ANSWERED, DRAFT, FLAGGED, SEEN, TOP
from tests.unit.cli.conftest import Hato

ADA, KEN = "ada@example.org", "ken@example.org"
LETTERS = (
    b"Subject: plain\r\n\r\nHello\r\n",
    b"Subject: ends with empty lines\r\n\r\nHello\r\n\r\n\r\n",
    b"Subject: header alone\r\n\r\n",
    b"From: a@example.org\r\n\r\nFrom here on\r\n>From there\r\n>>From\r\n>>From both\r\nFrom\r\n",
    b"Status: its own\r\nX-Status: too\r\nSubject: status\r\n\r\nFrom - x\r\nSubject: y\r\n",
    b"\r\nno header at all\r\n",
    b"Subject: large\r\n\r\n"
    + b"From a line of sixty octets, give or take a few, and on.\r\n" * 9_000,
)
KEYWORDS: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({SEEN}),
    frozenset({SEEN, ANSWERED, FLAGGED, DRAFT}),
)
FOLDERS = ("Family", "家族", "a.b", ".hidden")


async def fill(store: Store, account: Account) -> None:
    """Put letters into INBOX and into folders."""
    folders = [account.inbox, *[await made(account, TOP, name) for name in FOLDERS]]
    folders.append(await made(account, folders[1], "Ada / Ken"))
    for number, octets in enumerate(LETTERS):
        for place, folder in enumerate(folders):
            staged = store.stage()
            await staged.write(octets)
            await staged.seal()
            received = 1_700_000_000 + 86_400 * number + place
            keywords = KEYWORDS[(number + place) % len(KEYWORDS)]
            await account.commit([AddEmail(staged, (folder,), received, keywords=keywords)])


async def made(account: Account, parent: MailboxId, name: str) -> MailboxId:
    """Make a folder."""
    committed = await account.commit([MakeMailbox(parent, name)])
    return next(f.mailbox_id for f in committed.facts if isinstance(f, MailboxMade))


def work_on(config: Path, name: str, *, filling: bool = False) -> dict[str, object]:
    """Return all of somebody's letters by folder; fill the mailbox first if asked to."""

    async def work() -> dict[str, object]:
        store = await Composition().open_store(read_settings(config))
        person = await store.directory.find_person(name)
        assert person is not None
        account = await store.account(person.account_id)
        if filling:
            await fill(store, account)
        found: dict[str, object] = {}
        mailboxes = {one.mailbox_id: one for one in await account.mailboxes()}
        for one in mailboxes.values():
            snapshot = await account.snapshot(one.mailbox_id)
            rows = []
            for index in range(len(snapshot)):
                body = snapshot.body(index)
                octets = (await account.read(body, 0, body.size_octets)).data
                for start in range(131_072, body.size_octets, 131_072):
                    octets += (await account.read(body, start, start + 131_072)).data
                bits = snapshot.flags[index]
                names = [n for b, n in enumerate(snapshot.keyword_names) if bits >> (b + 1) & 1]
                rows.append((octets, snapshot.received[index], sorted(names)))
            above = mailboxes.get(one.parent)
            found[f"{above.name if above else ''}>{one.name}"] = sorted(rows)
        await store.close()
        return found

    return asyncio.run(work())


@pytest.mark.parametrize("kind", ["maildir", "mbox", "eml"])
def test_what_is_exported_comes_back_as_it_was(hato: Hato, tmp_path: Path, kind: str) -> None:
    config, path = tmp_path / "hato.toml", tmp_path / "out"
    hato("user", "add", KEN, "--password-stdin", piped="a long password\n")
    before = work_on(config, ADA, filling=True)
    said = hato.json("export", kind, str(path), "--owner", ADA)
    assert (said["letters"], said["folders"], said["failures"]) == (42, 6, [])
    hato("import", KEN, kind, str(path))
    after = work_on(config, KEN)
    assert after == before


@pytest.mark.parametrize("kind", ["maildir", "mbox", "eml"])
def test_an_interrupted_export_goes_on(hato: Hato, tmp_path: Path, kind: str) -> None:
    config, path = tmp_path / "hato.toml", tmp_path / "out"
    work_on(config, ADA, filling=True)
    hato("export", kind, str(path))
    whole = {
        file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }
    manifest = path / "hato-export.json"
    manifest.write_text(manifest.read_text().replace("true", "false"))
    gone = sorted(file for file in whole if str(file) != manifest.name)[::3]
    for file in gone:
        (path / file).unlink()
    hato("export", kind, str(path))
    again = {
        file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }
    assert again == whole


def test_nothing_is_written_over(hato: Hato, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "mine").write_text("mine")
    assert "There is something in" in hato("export", "eml", str(path), status=1).err
    assert [file.name for file in path.iterdir()] == ["mine"]
    assert hato("export", "eml", str(tmp_path / "new")).out.startswith("Letters written to")
    assert "complete export" in hato("export", "eml", str(tmp_path / "new"), status=1).err


def test_one_folder_alone(hato: Hato, tmp_path: Path) -> None:
    work_on(tmp_path / "hato.toml", ADA, filling=True)
    said = hato.json("export", "mbox", str(tmp_path / "out"), "family")
    assert (said["letters"], said["folders"]) == (7, 1)
    assert (tmp_path / "out" / "Family.mbox").exists()
    err = hato("export", "mbox", str(tmp_path / "more"), "Famly", status=1).err
    assert "did you mean 'Family'?" in err
