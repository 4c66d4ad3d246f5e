"""`hato export maildir | mbox | eml PATH`: every letter as a file, for any other program.

Called by `cli.program`.
Never writes over anything of others; interrupted, it goes on where it was when run again.
Standards: the writers in `cli.export_formats` cite theirs.
Fails with exit status 1 where a letter could not be read; it names each.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.mail.folder_names import folder_named, named_folders, names_of
from hato.cli.mail.folder_type import FOLDER
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.cli.moving.export_formats import (
    EmlWriter,
    FolderWriter,
    Letter,
    MaildirWriter,
    MboxWriter,
)
from hato.cli.moving.export_manifest import FILE_NAME, Manifest, read_manifest
from hato.core.errors import HatoError, InvalidInputError
from hato.core.ids import EmailId, MailboxId
from hato.core.language import Text
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.api import Account, Snapshot
from hato.store.model import BodyRef

_KINDS: Final = ("maildir", "mbox", "eml")
_NOT_EMPTY: Final = Text(
    en="There is something in {path} already: name a folder that is empty or not there yet.",
    ja="{path} には既に何かがあります。空のフォルダーか、まだないフォルダーを指定してください。",
)
_COMPLETE: Final = Text(
    en="{path} holds a complete export already: name another folder for a new one.",
    ja="{path} には完了した書き出しがあります。"
    "新しく書き出すには別のフォルダーを指定してください。",
)
_DONE: Final = Text(
    en="Letters written to {path}: {count}; folders: {folders}; failed: {failed}.",
    ja="{path} に {count} 通を書き出しました(フォルダー {folders}、失敗 {failed})。",
)
_PROGRESS: Final = Text(en="{done} of {total}", ja="{total} 通中 {done} 通")
_FAILED: Final = Text(
    en="{folder}: the letter id:{id} could not be read: {reason}.",
    ja="{folder}: id:{id} を読めません: {reason}。",
)
_SHOWN_EVERY: Final = 100
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
_LONGEST_NAME_OCTETS: Final = 200


class Tally(msgspec.Struct):
    """What was written."""

    path: str
    letters: int = 0
    folders: int = 0
    failures: list[dict[str, object]] = []


@click.command(short_help="Write letters as Maildir, mbox or single files.")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("folders", nargs=-1, type=FOLDER, metavar="[FOLDER]...")
@owner_option
@json_option
@click.pass_obj
def export(
    desk: Desk,
    kind: str,
    path: Path,
    folders: tuple[str, ...],
    owner: str | None,
    *,
    as_json: bool,
) -> int:
    """Write all letters, or those of some folders, into the new folder PATH: dates and flags too.

    `hato import` brings them back as they were. May be interrupted and run again to go on.
    """
    tally = desk.run(_export(desk, kind, path, folders, owner))
    if as_json:
        desk.print_json(tally)
    else:
        counts = {"count": tally.letters, "folders": tally.folders, "failed": len(tally.failures)}
        desk.say(_DONE, path=path, **counts)
    return 1 if tally.failures else 0


async def _export(
    desk: Desk, kind: str, path: Path, folders: tuple[str, ...], owner: str | None
) -> Tally:
    async with desk.store() as store:
        account = (await the_mail(store, owner)).account
        chosen = await _chosen(account, folders)
        places = _places(kind, {name: names for name, (names, _box) in chosen.items()})
        manifest = Manifest(
            kind, account.account_id, False, {places[n]: list(chosen[n][0]) for n in chosen}
        )
        await asyncio.to_thread(_begin, path, manifest)
        snapshots = {name: await account.snapshot(box) for name, (_names, box) in chosen.items()}
        tally = Tally(str(path))
        total = sum(len(snapshot) for snapshot in snapshots.values())
        for name, snapshot in snapshots.items():
            writer = _writer(kind, path / places[name])
            await _write(desk, account, writer, name, snapshot, tally, total)
            tally.folders += 1
        await asyncio.to_thread(os.sync)  # what the manifest calls complete is on the disk
        _put_manifest(path, msgspec.structs.replace(manifest, is_complete=True))
        return tally


async def _chosen(
    account: Account, folders: tuple[str, ...]
) -> dict[str, tuple[tuple[str, ...], MailboxId]]:
    """Return the folders that are written: of each path its names and its id."""
    there = await named_folders(account)
    wanted = [(await folder_named(account, name)).mailbox_id for name in folders]
    mailboxes = {one.mailbox_id: one for one in there.values()}

    return {
        path: (() if one.mailbox_id == account.inbox else names_of(one, mailboxes), one.mailbox_id)
        for path, one in there.items()
        if not wanted or one.mailbox_id in wanted
    }


def _places(kind: str, folders: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Return where each folder is written, beside the manifest; no two at one place."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for path, names in folders.items():
        safe = [_safe(name, dots="_" if kind == "maildir" else ".") for name in names]
        place = "." + ".".join(safe) if kind == "maildir" else "/".join(safe or ["INBOX"])
        place = "." if kind == "maildir" and not names else place
        number = 2
        unique = place
        while unique.casefold() in taken:
            unique = f"{place} ({number})"
            number += 1
        taken.add(unique.casefold())
        found[path] = f"{unique}.mbox" if kind == "mbox" else unique
    return found


def _safe(name: str, *, dots: str) -> str:
    """Return a name that a file system takes and that stays where it is put."""
    name = _UNSAFE.sub("_", name).replace(".", dots)
    if name.startswith("."):
        name = "_" + name[1:]
    return name.encode()[:_LONGEST_NAME_OCTETS].decode("utf-8", "ignore") or "_"


def _writer(kind: str, path: Path) -> FolderWriter:
    if kind == "maildir":
        return MaildirWriter(path)
    return MboxWriter(path) if kind == "mbox" else EmlWriter(path)


def _begin(path: Path, manifest: Manifest) -> None:
    """Make the folder, or go on with what was interrupted. Raises InvalidInputError, OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = read_manifest(path.resolve())
    if there is not None and there.is_complete:
        raise InvalidInputError(_COMPLETE, path=path)
    if there is None and any(path.iterdir()):
        raise InvalidInputError(_NOT_EMPTY, path=path)
    if there is not None and (there.kind, there.account) != (manifest.kind, manifest.account):
        raise InvalidInputError(_NOT_EMPTY, path=path)
    _put_manifest(path, manifest)


def _put_manifest(path: Path, manifest: Manifest) -> None:
    """Write down which folder is which."""
    part = path / f".{FILE_NAME}.part"
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(manifest))
        file.flush()
        os.fsync(file.fileno())
    part.rename(path / FILE_NAME)


async def _write(
    desk: Desk,
    account: Account,
    writer: FolderWriter,
    folder: str,
    snapshot: Snapshot,
    tally: Tally,
    total: int,
) -> None:
    """Write one folder."""
    is_watched = sys.stderr.isatty()
    for index in range(len(snapshot)):
        email_id = EmailId(snapshot.email_ids[index])
        try:
            if not writer.has(email_id):
                await writer.put(await _letter(account, snapshot, index))
            tally.letters += 1
        except HatoError as fault:
            tally.failures.append({"folder": folder, "id": email_id, "reason": str(fault)})
            desk.say_aside(_FAILED, folder=folder, id=email_id, reason=fault)
        if is_watched and (tally.letters % _SHOWN_EVERY == 0 or tally.letters == total):
            text = _PROGRESS.in_language(desk.language, done=tally.letters, total=total)
            click.echo(f"\r{text}\x1b[K", err=True, nl=tally.letters == total)
    writer.finish()


async def _letter(account: Account, snapshot: Snapshot, index: int) -> Letter:
    """Return a letter of a snapshot; most that are damaged are known before they are begun."""
    body, bits = snapshot.body(index), snapshot.flags[index]
    keywords = {name for bit, name in enumerate(snapshot.keyword_names) if bits >> (bit + 1) & 1}
    first = (await account.read(body, 0, BODY_CHUNK_OCTETS)).data
    return Letter(
        EmailId(snapshot.email_ids[index]),
        snapshot.received[index],
        frozenset(keywords),
        _chunks(account, body, first),
    )


async def _chunks(account: Account, body: BodyRef, first: bytes) -> AsyncIterator[bytes]:
    """Read a letter piece by piece."""
    yield first
    for start in range(BODY_CHUNK_OCTETS, body.size_octets, BODY_CHUNK_OCTETS):
        yield (await account.read(body, start, start + BODY_CHUNK_OCTETS)).data
