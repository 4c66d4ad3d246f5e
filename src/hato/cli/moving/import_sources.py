"""Mail as other programs keep it: Maildir, mbox, and single files.

Called by `hato import`, with paths as `place_of` returns them.
Never changes a file; never reads a message before it is its turn; never follows a link.
Standards: RFC 4155 (mbox), Maildir as its author and Maildir++ describe it.
Fails by leaving out what is no message: folders of other programs, hidden files. A link, a pipe or
a device in the place of a message is told when it is that message's turn.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from hato.cli.moving.export_formats import EML_NAME
from hato.cli.moving.export_manifest import FLAG_OF_LETTER, SEPARATOR_SENDER, read_manifest
from hato.cli.moving.foreign_files import Entry, entries_of, open_file
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import READ_CHUNK_OCTETS
from hato.message.header import find_values
from hato.message.mbox import find_messages, unquote
from hato.services.importing import ForeignMessage
from hato.store.model import ANSWERED, DRAFT, FLAGGED, SEEN

_NOT_MBOX: Final = Text(
    en="{path} is no mbox: no message begins in it with a line `From …`.",
    ja="{path} は mbox ではありません(`From …` の行で始まるメールがありません)。",
)
_MAILDIR_FLAGS: Final = {"S": SEEN, "R": ANSWERED, "F": FLAGGED, "D": DRAFT}
_STATUS_FLAGS: Final = {"R": SEEN, "A": ANSWERED, "F": FLAGGED, "T": DRAFT}
_SOMETHING: Final = re.compile(rb"\S")
_HEAD_OCTETS: Final = 65_536
_ADDED: Final = re.compile(rb"Status: [RO]*\nX-Status: [DFTA]*\n")


def read_maildir(path: Path) -> Iterator[ForeignMessage]:
    """Yield the messages of a Maildir, then those of its Maildir++ folders.

    What is marked as trashed (T) is left out: its program would have removed it.
    """
    manifest = read_manifest(path)
    yield from _read_one_maildir(path, ())
    for entry in entries_of(path):
        if entry.name.startswith(".") and entry.is_link and entry.path.is_dir():
            yield _refused(entry)
        elif entry.name.startswith(".") and entry.is_folder and (entry.path / "cur").is_dir():
            ours = None if manifest is None else manifest.folder(entry.name)
            yield from _read_one_maildir(entry.path, _names(entry.name) if ours is None else ours)


def _names(name: str) -> tuple[str, ...]:
    """Return the names from the top that the name of a Maildir++ folder stands for."""
    names = tuple(part for part in name.split(".") if part)
    return () if names[:1] == ("INBOX",) else names


def _read_one_maildir(path: Path, folder: tuple[str, ...]) -> Iterator[ForeignMessage]:
    """Yield the messages of one folder, oldest first."""
    found: list[tuple[int, str, Path, int]] = []
    for place in entries_of(path):
        if place.name not in ("new", "cur"):
            continue
        if not place.is_folder:
            yield _refused(place)
            continue
        for file in entries_of(place.path):
            if not file.is_folder and not file.name.startswith("."):
                received, size_octets = _facts_of(file.path)
                found.append((received, file.name, file.path, size_octets))
    for received, name, file_path, size_octets in sorted(found, key=lambda row: row[:2]):
        unique, _, flags = name.partition(":2,")
        if "T" not in flags:
            yield ForeignMessage(
                key="/".join((*folder, unique)),
                folder=folder,
                received=received,
                size_octets=size_octets,
                keywords=frozenset(_MAILDIR_FLAGS[f] for f in flags if f in _MAILDIR_FLAGS),
                chunks=partial(_file_chunks, file_path),
            )


def read_eml(path: Path) -> Iterator[ForeignMessage]:
    """Yield one file as a message, or every `*.eml` file below a folder."""
    is_folder = path.is_dir()
    manifest = read_manifest(path) if is_folder else None
    for file in _eml_files(path) if is_folder else (path,):
        received, size_octets = _facts_of(file)
        place = str(file.relative_to(path).parent) if manifest is not None else ""
        folder = None if manifest is None else manifest.folder(place)
        ours = EML_NAME.fullmatch(file.name) if folder is not None else None
        flags = "" if ours is None else ours[2]
        yield ForeignMessage(
            key=str(file.relative_to(path)) if is_folder else file.name,
            folder=folder or (),
            received=received,
            size_octets=size_octets,
            keywords=frozenset(FLAG_OF_LETTER[flag] for flag in flags),
            chunks=partial(_file_chunks, file),
        )


def _eml_files(folder: Path) -> Iterator[Path]:
    """Yield what ends with `.eml` below a folder, and links to folders, which are told."""
    waiting = [folder]
    while waiting:
        deeper: list[Path] = []
        for entry in entries_of(waiting.pop()):
            if entry.is_folder:
                deeper.append(entry.path)
            elif entry.name.endswith(".eml") or (entry.is_link and entry.path.is_dir()):
                yield entry.path
        waiting += reversed(deeper)


def _refused(entry: Entry) -> ForeignMessage:
    """Return what is told in the place of a folder that is none."""
    return ForeignMessage(
        key=entry.name,
        folder=(),
        received=0,
        size_octets=0,
        keywords=frozenset(),
        chunks=partial(_file_chunks, entry.path),
    )


def read_mbox(path: Path) -> Iterator[ForeignMessage]:
    """Yield the messages of an mbox file; Status lines say what was read and answered.

    Of a folder that `hato export` wrote: of all its files. Raises InvalidInputError for a file that
    has something in it, but no message.
    """
    manifest = read_manifest(path) if path.is_dir() else None
    if manifest is None:
        yield from _read_one_mbox(path, (), "")
        return
    for place, names in sorted(manifest.folders.items()):
        parts = place.split("/")
        if not {"", ".", ".."}.isdisjoint(parts):
            continue
        yield from _read_one_mbox(path.joinpath(*parts), tuple(names), place)


def _read_one_mbox(path: Path, folder: tuple[str, ...], place: str) -> Iterator[ForeignMessage]:
    """Yield the messages of one file. Raises InvalidInputError."""
    with open_file(path) as file:
        state = os.fstat(file.fileno())
        if not state.st_size:
            return
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    now = int(state.st_mtime)
    seen: Counter[str] = Counter()
    for message in find_messages(data):
        digest = _digest(data, message.start, message.stop)
        seen[digest] += 1
        start = _behind_our_lines(data, message.start, message.stop)
        # Of a letter that we exported, the Status lines of its own say nothing.
        head_stop = message.start + _HEAD_OCTETS if start == message.start else start
        yield ForeignMessage(
            key=f"{place}#{digest}#{seen[digest]}" if place else f"{digest}#{seen[digest]}",
            folder=folder,
            received=now if message.received is None else message.received,
            size_octets=message.stop - start,
            keywords=_status_keywords(data[message.start : head_stop]),
            chunks=partial(_mbox_chunks, data, start, message.stop),
        )
    if not seen and _SOMETHING.search(data):
        raise InvalidInputError(_NOT_MBOX, path=path)


def _behind_our_lines(data: mmap.mmap, start: int, stop: int) -> int:
    """Pass over the Status lines that `hato export` says it added."""
    separator = data[data.rfind(b"\n", 0, start - 1) + 1 : start]
    added = _ADDED.match(data, start, stop)
    if added is None or separator.split(b" ", 2)[1:2] != [SEPARATOR_SENDER]:
        return start
    return added.end()


def _facts_of(file: Path) -> tuple[int, int]:
    """Return time and size of a file; zeros for one that cannot be read: reading it will tell."""
    try:
        state = file.lstat()
    except OSError:
        return 0, 0
    return int(state.st_mtime), state.st_size


def _file_chunks(file: Path) -> Iterator[bytes]:
    """Read a file in pieces."""
    with open_file(file) as opened:
        while chunk := opened.read(READ_CHUNK_OCTETS):
            yield chunk


def _mbox_chunks(data: mmap.mmap, start: int, stop: int) -> Iterator[bytes]:
    """Read a message out of an mbox in pieces of whole lines, quoting undone."""
    while start < stop:
        end = min(start + READ_CHUNK_OCTETS, stop)
        if end < stop:
            line_end = data.rfind(b"\n", start, end)
            if line_end < 0:
                line_end = data.find(b"\n", end, stop)
            end = stop if line_end < 0 else line_end + 1
        yield unquote(data[start:end])
        start = end


def _digest(data: mmap.mmap, start: int, stop: int) -> str:
    """Return what tells a message from others, without reading it whole into memory."""
    digest = hashlib.sha256(usedforsecurity=False)
    for position in range(start, stop, READ_CHUNK_OCTETS):
        digest.update(data[position : min(position + READ_CHUNK_OCTETS, stop)])
    return digest.hexdigest()


def _status_keywords(head: bytes) -> frozenset[str]:
    """Read the Status and X-Status lines that mail programs keep in mbox files."""
    end = head.find(b"\n\n")
    header = head if end < 0 else head[: end + 1]
    flags = ""
    for name in (b"status", b"x-status"):
        for span in find_values(header, name):
            flags += header[span.start : span.stop].decode("ascii", "replace")
    return frozenset(_STATUS_FLAGS[flag] for flag in flags if flag in _STATUS_FLAGS)
