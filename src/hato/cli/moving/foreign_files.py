"""Files and folders of somebody else, who may have put anything there: a link, a pipe, a device.

Called by the readers of `hato import`, which root runs on folders that other people control.
Never follows a link, but in the typed path those that root or the asker made; never waits.
Standards: POSIX open (O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY).
Fails with InvalidInputError for what is no plain file or folder, OSError for what the system says.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from hato.core.errors import InvalidInputError
from hato.core.language import Text

_A_LINK: Final = Text(
    en="{path} is a link or stands behind one: links are not followed.",
    ja="{path} はリンクか、リンクの先にあります。リンクはたどりません。",
)
_NO_FILE: Final = Text(
    en="{path} is no plain file but a folder, a pipe or a device: nothing is read from it.",
    ja="{path} は普通のファイルではなく、フォルダー、パイプ、デバイスなどです。読み込みません。",
)
_LINK_OF_OTHERS: Final = Text(
    en="{link} is a link that somebody else made and can point anywhere: name {target} itself "
    "if that is meant.",
    ja="{link} は他の人が作ったリンクです。"
    "どこでも指せるので、{target} でよければ直接指定してください。",
)
_LOOP: Final = Text(en="{path} goes in circles: check the path.", ja="{path} は循環しています。")

_MOST_LINKS: Final = 40
"""As many as Linux follows in one path."""

_STEP: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Entry(NamedTuple):
    """What stands in a folder; a link is told as a link."""

    name: str
    path: Path
    is_folder: bool
    is_link: bool


def place_of(path: Path) -> Path:
    """Return the place that a typed path names, absolute and without links.

    A link on the way counts only if root or the asker made it: anybody else could have it point to
    what is not his. Raises InvalidInputError.
    """
    place, links = Path("/"), 0
    waiting = list(reversed((Path.cwd() / path).parts[1:]))
    while waiting:
        part = waiting.pop()
        if part == "..":
            place = place.parent
            continue
        place /= part
        if place.is_symlink():
            links += 1
            target = place.parent / place.readlink()
            if place.lstat().st_uid not in (0, os.geteuid()):
                raise InvalidInputError(_LINK_OF_OTHERS, link=place, target=target)
            if links > _MOST_LINKS:
                raise InvalidInputError(_LOOP, path=path)
            waiting += reversed(target.parts[1:])
            place = Path("/")
    return place


def open_file(path: Path) -> BinaryIO:
    """Open a plain file; `path` is what `place_of` returned, or below it.

    Raises InvalidInputError, OSError.
    """
    descriptor = _open(path, _FILE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInputError(_NO_FILE, path=path)
    return os.fdopen(descriptor, "rb")


def entries_of(folder: Path) -> list[Entry]:
    """Return what stands in a folder, by name. Raises InvalidInputError, OSError."""
    descriptor = _open(folder, _FOLDER)
    try:
        with os.scandir(descriptor) as found:
            return sorted(
                Entry(one.name, folder / one.name, _is_folder(one), one.is_symlink())
                for one in found
            )
    finally:
        os.close(descriptor)


def _is_folder(one: os.DirEntry[str]) -> bool:
    return one.is_dir(follow_symlinks=False)


def _open(path: Path, flags: int) -> int:
    """Open a path step by step from the top, so that no link can come in between."""
    at = os.open("/", _STEP)
    try:
        for place in (*reversed(path.parents[:-1]), path):
            below = os.open(place.name, flags if place == path else _STEP, dir_fd=at)
            os.close(at)
            at = below
    except OSError as fault:
        os.close(at)
        if fault.errno in (errno.ELOOP, errno.ENOTDIR):
            raise InvalidInputError(_A_LINK, path=path) from fault
        fault.filename = str(path)
        raise
    return at
