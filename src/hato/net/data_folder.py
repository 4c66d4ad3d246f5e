"""Whether the data folder can be used by whom Hato will run as, before it is tried.

Called by `hato config check`; where `user` is empty, by whom Hato will run as (`sudo -u hato …`).
Never makes or changes anything; what only the system can know (full, read-only) shows at the start.
Standards: POSIX permission bits; access lists are not looked at.
Fails with InvalidInputError: one sentence, what is wrong and what to do.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.net.privileges import find_user

_NO_FOLDER: Final = Text(
    en="data = {path} is no folder: remove what is there, or change `data`.",
    ja="data = {path} はフォルダーではありません。それを片付けるか、data を変えてください。",
)
_UNUSABLE: Final = Text(
    en="The data folder {path} cannot be used by {user}: `chown -R {user} {path}` gives it away, "
    "and every folder above it must be passable.",
    ja="データフォルダー {path} を {user} は使えません。`chown -R {user} {path}` で所有者を変え、"
    "上のフォルダーを通れるようにしてください。",
)
_CANNOT_BE_MADE: Final = Text(
    en="The data folder {path} does not exist and {user} cannot make it in {parent}: "
    "`install -d -m 700 -o {user} {path}` makes it.",
    ja="データフォルダー {path} がなく、{user} は {parent} に作れません。"
    "`install -d -m 700 -o {user} {path}` で作ってください。",
)
_CLOSED: Final = Text(
    en="{path} cannot be looked at by you: run this as root or as {user}.",
    ja="{path} を調べる権限がありません。root か {user} として実行してください。",
)
_OF_THE_DISK: Final = "lost+found"
"""Root's, in the top folder of a disk."""


def check_data_folder(folder: Path, user: str) -> None:
    """Look whether `user` (empty: whoever asks) can use the folder. Raises InvalidInputError."""
    entry = find_user(user) if user else None
    name = entry.pw_name if entry else str(os.geteuid())
    try:
        _check(folder, entry, name)
    except PermissionError as fault:
        if entry is None or entry.pw_uid == os.geteuid():
            raise InvalidInputError(_UNUSABLE, path=folder, user=name) from fault
        raise InvalidInputError(_CLOSED, path=fault.filename, user=name) from fault


def _check(folder: Path, entry: pwd.struct_passwd | None, name: str) -> None:
    """Look; also raises PermissionError, for what must not even be looked at."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise InvalidInputError(_NO_FOLDER, path=folder)
    place = next(p for p in (folder, *folder.parents) if p.exists())
    if not place.is_dir():
        raise InvalidInputError(_NO_FOLDER, path=place)
    if place != folder:
        if not _can_use(place, entry):
            raise InvalidInputError(_CANNOT_BE_MADE, path=folder, user=name, parent=place)
        return
    if not _can_use(folder, entry) or not all(_can_use(one, entry) for one in _made_in(folder)):
        raise InvalidInputError(_UNUSABLE, path=folder, user=name)


def _made_in(folder: Path) -> Iterator[Path]:
    """Yield what stands in the folder: it must be usable too, and root may have made it."""
    for one in sorted(folder.iterdir()):
        if one.name != _OF_THE_DISK and one.exists():
            yield one


def _can_use(place: Path, entry: pwd.struct_passwd | None) -> bool:
    """Tell whether somebody can get to a place and write there."""
    if entry is None or entry.pw_uid == os.geteuid():
        return os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0))
    if entry.pw_uid == 0:
        return True
    groups = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    wanted = stat.S_IWOTH | stat.S_IXOTH if place.is_dir() else stat.S_IWOTH
    return _has(place, entry.pw_uid, groups, wanted) and all(
        _has(above, entry.pw_uid, groups, stat.S_IXOTH) for above in place.resolve().parents
    )


def _has(place: Path, user_id: int, groups: set[int], wanted: int) -> bool:
    """Tell whether the bits of a place give a user what is wanted, said as bits of others."""
    state = place.stat()
    shift = 6 if state.st_uid == user_id else 3 if state.st_gid in groups else 0
    return (state.st_mode >> shift) & wanted == wanted
