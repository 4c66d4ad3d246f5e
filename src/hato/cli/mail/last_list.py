"""What the numbers of the last list meant: `hato read 3` after `hato inbox`.

Called by whatever lists letters (keeps it) and by the verbs that take numbers (ask it).
Never mixes up two people or two data folders; another terminal's list is used only by one that has
none of its own.
Standards: the XDG base directory specification (XDG_STATE_HOME).
Fails never: a list that cannot be kept or read is none, and `id:…` works all the same.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from hato.cli.terminal.state_folder import state_folder
from hato.core.ids import AccountId, EmailId

_MOST_LISTS: Final = 64
"""Lists of so many terminals are kept, the latest ones."""
_SUFFIX: Final = ".json"
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LastList(msgspec.Struct, frozen=True):
    """The letters of a list, as it numbered them."""

    account: AccountId
    rows: list[list[EmailId]]
    """Of each number, from 1 on, the letter, then the copies that came by other accounts."""


def keep_list(account: AccountId, rows: list[list[EmailId]]) -> None:
    """Remember what the numbers of this terminal's list mean."""
    folder = _folder()
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder / f".{os.getpid()}"
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, _NEW_FILE, 0o600), "wb") as file:
            file.write(msgspec.json.encode(LastList(account, rows)))
        part.replace(folder / (_terminal() + _SUFFIX))
        for old in _lists(folder)[_MOST_LISTS:]:
            old.unlink()


def last_list(account: AccountId) -> LastList | None:
    """Return the last list of this terminal, else the latest of all, if it is this person's."""
    folder = _folder()
    own = folder / (_terminal() + _SUFFIX)
    with contextlib.suppress(OSError, msgspec.DecodeError, IndexError):
        path = own if own.exists() else _lists(folder)[0]
        found = msgspec.json.decode(path.read_bytes(), type=LastList)
        return found if found.account == account else None
    return None


def _folder() -> Path:
    """Return where lists are kept."""
    return state_folder() / "lists"


def _lists(folder: Path) -> list[Path]:
    """Return all lists, the latest first."""
    found = [path for path in folder.iterdir() if path.suffix == _SUFFIX]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _terminal() -> str:
    """Name the terminal and what runs in it; a program that has none shares one name."""
    for descriptor in (1, 2, 0):
        with contextlib.suppress(OSError):
            name = os.ttyname(descriptor).removeprefix("/dev/").replace("/", "-")
            return f"{name}-{os.getsid(0)}"
    return "none"
