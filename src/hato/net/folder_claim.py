"""The claim on a data folder: one server on it at a time.

Called by `net.plan` for whoever serves, and by `hato up` before it writes anything.
Never waits; never in the way of the command line, which may use the folder beside a server.
Standards: POSIX flock, which the system lets go of with the last process that has it.
Fails with InvalidInputError; FolderServedError where another server is on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text

_ALREADY_SERVED: Final = Text(
    en="Another Hato serves the data folder {path}: stop it first.",
    ja="別の鳩がデータフォルダー {path} を使っています。先に止めてください。",
)
_NO_FOLDER: Final = Text(
    en="The data folder {path} cannot be used ({reason}): check `data` and its permissions.",
    ja="データフォルダー {path} を使えません({reason})。data と権限を確認してください。",
)
_claimed: Final[set[Path]] = set()
"""What this process has claimed: the system would refuse it a second time."""


class FolderServedError(InvalidInputError):
    """Another server has the folder."""


@contextlib.contextmanager
def claim_folder(folder: Path) -> Iterator[None]:
    """Be the only server on a data folder, which is made where there is none.

    Who has it already has it within, too. Raises FolderServedError, InvalidInputError.
    """
    place = folder.resolve()
    if place in _claimed:
        yield
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise InvalidInputError(_NO_FOLDER, path=folder, reason=fault.strerror) from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        os.close(descriptor)
        raise FolderServedError(_ALREADY_SERVED, path=folder) from fault
    _claimed.add(place)
    try:
        yield
    finally:
        _claimed.discard(place)
        os.close(descriptor)
