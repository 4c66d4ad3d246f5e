"""Copies of new messages in a Maildir of the person's own.

Called by `services.fetching.outputs`, after the message is durable here.
Never shows a file before all of it is on the disk; never makes the same message's file twice as
long as the first one lies there, whatever its flags.
Standards: the Maildir convention: written in tmp, moved to new, line ends of this machine (LF).
Fails with OSError: disk, permissions, or a path that is no Maildir.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

_FOLDERS: Final = ("tmp", "new", "cur")
_UNSAFE: Final = re.compile(r"[/:,\0-\x20]")


class MaildirOutput:
    """One Maildir."""

    def __init__(self, path: str) -> None:
        """Prepare; nothing is made before the first message."""
        self._path = Path(path).expanduser()
        self._there: frozenset[str] | None = None

    async def put(self, mark: str, message: AsyncIterator[bytes], received: int) -> bool:
        """Write a message; False: it lies there already.

        `mark` tells it from every other message, now and later. The file is on the disk, its name
        is not before `settle`. `received`: seconds since 1970 UTC.
        """
        name = f"{received}.{_UNSAFE.sub('_', mark)}.{_host()}"
        if self._there is None:
            self._there = await asyncio.to_thread(self._open)
        if name in self._there:
            return False
        path = self._path / "tmp" / name
        file = await asyncio.to_thread(_open, path)
        try:
            with file:
                await _write(file, message)
                await asyncio.to_thread(_finish, file, received)
            await asyncio.to_thread(os.rename, path, self._path / "new" / name)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return True

    async def settle(self) -> None:
        """Make the names durable of what was put."""
        await asyncio.to_thread(_sync_folder, self._path / "new")

    def _open(self) -> frozenset[str]:
        """Make the folders that are not there; return what lies in them, without its flags."""
        for folder in _FOLDERS:
            (self._path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        found = (*(self._path / "new").iterdir(), *(self._path / "cur").iterdir())
        return frozenset(path.name.partition(":")[0] for path in found)


async def _write(file: BinaryIO, message: AsyncIterator[bytes]) -> None:
    """Write a message with line ends of this machine."""
    held = b""
    async for piece in message:
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n")
        await asyncio.to_thread(file.write, text)
    file.write(held)


def _open(path: Path) -> BinaryIO:
    """Begin a file; one that a killed process left there is begun anew."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _finish(file: BinaryIO, received: int) -> None:
    """Bring a file to the disk, with the time when its message came."""
    file.flush()
    os.utime(file.fileno(), (received, received))
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def _host() -> str:
    """Return this machine's name as it may stand in a file's."""
    return _UNSAFE.sub("_", platform.node()) or "localhost"
