"""Letters written as Maildir, mbox and single files, one folder at a time.

Called by `hato export`.
Never writes over a file; a file with its last name is whole.
Standards: RFC 4155 and mboxrd (mbox), Maildir and Maildir++; RFC 5322 as it is for eml.
Fails with OSError: disk and permissions.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from hato.cli.moving.export_manifest import SEPARATOR_SENDER, flag_letters
from hato.core.errors import HatoError
from hato.core.ids import EmailId

_QUOTABLE: Final = re.compile(rb"^(>*From )", re.MULTILINE)
EML_NAME: Final = re.compile(r"[0-9]{8}-[0-9]{6}-([0-9]+)!([DFRS]*)\.eml")
_LONGEST_HELD: Final = 65_536
"""A line longer than this is no `>>>From `."""
_LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999: what comes later no other program could read."""


class Letter(NamedTuple):
    """What is written."""

    email_id: EmailId
    received: int
    """Seconds since 1970 UTC."""
    keywords: frozenset[str]
    chunks: AsyncIterator[bytes]

    @property
    def moment(self) -> int:
        """When it came, as every program can write it."""
        return min(max(self.received, 0), _LAST_SECOND)


class FolderWriter(Protocol):
    """One folder that is written; as a context it is finished, or left as it is."""

    def has(self, email_id: EmailId) -> bool:
        """Tell whether an interrupted export wrote the letter already."""
        ...

    async def put(self, letter: Letter) -> None:
        """Write a letter. Raises OSError."""
        ...

    def finish(self) -> None:
        """Give it its last name. Raises OSError."""
        ...


class MaildirWriter:
    """A Maildir: line ends of this machine, flags in the names, times of arrival."""

    def __init__(self, path: Path) -> None:
        """Make the folder, or go on with it."""
        for name in ("cur", "new", "tmp"):
            (path / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        names = (file.name.split(".") for file in (path / "cur").iterdir())
        self._there = {int(parts[1]) for parts in names if parts[1:2] and parts[1].isdecimal()}

    def has(self, email_id: EmailId) -> bool:
        """Tell whether the letter lies there."""
        return email_id in self._there

    async def put(self, letter: Letter) -> None:
        """Write a letter in tmp and move it to cur."""
        unique = f"{letter.moment}.{letter.email_id:012}.hato"
        path = self._path / "tmp" / unique
        path.unlink(missing_ok=True)
        with _new_file(path) as file:
            async for chunk in _with_plain_ends(letter.chunks):
                file.write(chunk)
        os.utime(path, (letter.moment, letter.moment))
        path.rename(self._path / "cur" / f"{unique}:2,{flag_letters(letter.keywords)}")

    def finish(self) -> None:
        """Leave it as it is."""


class EmlWriter:
    """A folder of files, each one letter, byte for byte."""

    def __init__(self, path: Path) -> None:
        """Make the folder, or go on with it."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        names = (EML_NAME.fullmatch(file.name) for file in path.iterdir())
        self._there = {int(name[1]) for name in names if name}

    def has(self, email_id: EmailId) -> bool:
        """Tell whether the letter lies there."""
        return email_id in self._there

    async def put(self, letter: Letter) -> None:
        """Write a letter under another name first."""
        day = time.strftime("%Y%m%d-%H%M%S", time.gmtime(letter.moment))
        name = f"{day}-{letter.email_id}!{flag_letters(letter.keywords)}.eml"
        path = self._path / f".{letter.email_id}.part"
        path.unlink(missing_ok=True)
        with _new_file(path) as file:
            async for chunk in letter.chunks:
                file.write(chunk)
        os.utime(path, (letter.moment, letter.moment))
        path.rename(self._path / name)

    def finish(self) -> None:
        """Leave it as it is."""


class MboxWriter:
    """An mbox file; what other programs know of flags stands in Status lines in front."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew, unless an interrupted export finished it."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._is_done = path.exists()
        self._part = path.with_name(f".{path.name}.part")
        self._part.unlink(missing_ok=True)
        self._file: BinaryIO | None = None if self._is_done else _new_file(self._part)

    def has(self, email_id: EmailId) -> bool:
        """Tell whether the whole file is there."""
        return self._is_done

    async def put(self, letter: Letter) -> None:
        """Write a letter, its `From ` lines quoted."""
        if self._file is None:
            return
        start = self._file.tell()
        try:
            await self._write(self._file, letter)
        except HatoError:  # it is damaged further down: nothing of it may stay
            self._file.seek(start)
            self._file.truncate()
            raise

    async def _write(self, file: BinaryIO, letter: Letter) -> None:
        """Write a letter behind those that are there."""
        date = time.asctime(time.gmtime(letter.moment)).encode()
        letters = flag_letters(letter.keywords)
        status = "RO" if "S" in letters else "O"
        more = "".join(other for flag, other in zip("DFR", "TFA", strict=True) if flag in letters)
        file.write(b"From %b %b\n" % (SEPARATOR_SENDER, date))
        file.write(f"Status: {status}\nX-Status: {more}\n".encode())
        last = b""
        async for chunk in _quoted(_with_plain_ends(letter.chunks)):
            file.write(chunk)
            last = chunk or last
        file.write(b"\n" if last.endswith(b"\n") else b"\n\n")

    def finish(self) -> None:
        """Give the file its name."""
        if self._file is not None:
            self._file.close()
            self._part.rename(self._path)


async def _with_plain_ends(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Make each CRLF an LF, as files of this machine have it."""
    held = b""
    async for chunk in chunks:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        yield text[: len(text) - len(held)].replace(b"\r\n", b"\n")
    yield held


async def _quoted(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Put a `>` before each line that looks like a separator, quoted or not (mboxrd)."""
    held, is_line_start = b"", True
    async for chunk in chunks:
        text = held + chunk
        stop = text.rfind(b"\n") + 1
        if len(text) - stop > _LONGEST_HELD:
            stop = len(text)
        whole, held = text[:stop], text[stop:]
        if whole:
            yield _quote(whole, is_line_start=is_line_start)
            is_line_start = whole.endswith(b"\n")
    if held:
        yield _quote(held, is_line_start=is_line_start)


def _quote(text: bytes, *, is_line_start: bool) -> bytes:
    if b"From " not in text:
        return text
    if is_line_start:
        return _QUOTABLE.sub(rb">\1", text)
    rest = text.find(b"\n") + 1
    return text[:rest] + _QUOTABLE.sub(rb">\1", text[rest:]) if rest else text


def _new_file(path: Path) -> BinaryIO:
    """Begin a file that was not there. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")
