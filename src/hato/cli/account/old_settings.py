"""Where fetchmail, getmail and mpop keep their settings, and reading them and their memories.

Called by `hato account import`, which root may run on files that other people control.
Never follows a link that somebody else made; never reads more than a limit; never changes a file.
Standards: the manuals of the three programs; the XDG base directory specification.
Fails with InvalidInputError for what is not there or not what it should be, OSError for the system.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from hato.cli.moving.foreign_files import entries_of, open_file, place_of
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import MEMORY_OF_OTHERS_OCTETS, SETTINGS_OF_OTHERS_OCTETS
from hato.services.moving_in.fetchmail_accounts import read_fetchmailrc
from hato.services.moving_in.found import Memory, Place, Program, Reading
from hato.services.moving_in.getmail_accounts import read_getmailrc
from hato.services.moving_in.memories import Memories, UniqueIds, ids_of, read_memory
from hato.services.moving_in.mpop_accounts import read_mpoprc

_NOTHING_THERE: Final = Text(
    en="There are no settings of fetchmail, getmail or mpop in {path}: name the file.",
    ja="{path} に fetchmail、getmail、mpop の設定がありません。ファイルを指定してください。",
)
_TOO_LONG: Final = Text(
    en="{file} is too long for settings: check that it is the right file.",
    ja="{file} は設定としては大きすぎます。ファイルを確かめてください。",
)
_UNKNOWN_KIND: Final = Text(
    en="{file} could be of any program: say whose it is with --from.",
    ja="{file} がどのプログラムの設定か分かりません。--from で指定してください。",
)

_GETMAIL_FOLDERS: Final = ("", ".config/getmail", ".getmail", "getmail")
_NAMED: Final = {
    Program.FETCHMAIL: (".fetchmailrc", "fetchmailrc"),
    Program.MPOP: (".mpoprc", ".config/mpop/config", "mpop/config", "mpoprc"),
}
_GETMAIL_SECTION: Final = re.compile(r"^\[retriever\]", re.MULTILINE)
_MPOP_LINE: Final = re.compile(r"^\s*(?:account[ \t]+\S|defaults[ \t]*$)", re.MULTILINE)
_FETCHMAIL_WORD: Final = re.compile(r"(?:^|\s)(?:poll|skip|server)\s")
_OF_OTHERS: Final = re.compile(r"oldmail-.*|.*\.json|\..*|.*~|.*\.(?:bak|log|pem|crt|mbox)")


class _Reads(Protocol):
    def __call__(self, text: str, place: Place, *, allows_cleartext: bool = False) -> Reading:
        """Read a file of settings."""
        ...


_READERS: Final[dict[Program, _Reads]] = {
    Program.FETCHMAIL: read_fetchmailrc,
    Program.GETMAIL: read_getmailrc,
    Program.MPOP: read_mpoprc,
}


def find_settings(wanted: Program | None, path: Path | None) -> list[tuple[Program, Path]]:
    """Return whose settings are where: at `path`, or below it, or else at home.

    Raises InvalidInputError where there are none.
    """
    if path is None:
        return _find_at_home(wanted)
    place = place_of(path)
    if not place.is_dir():
        return [(wanted or _program_of(place), place)]
    found = _find_in(place, wanted)
    if not found:
        raise InvalidInputError(_NOTHING_THERE, path=place)
    return found


def _find_at_home(wanted: Program | None) -> list[tuple[Program, Path]]:
    """Look at home, and where the environment says. Raises InvalidInputError."""
    named = [
        os.environ[name] for name in ("XDG_CONFIG_HOME", "FETCHMAILHOME") if name in os.environ
    ]
    places = [Path.home(), *map(Path, named)]
    found = [one for place in places if place.is_dir() for one in _find_in(place_of(place), wanted)]
    if not found:
        raise InvalidInputError(_NOTHING_THERE, path=Path.home())
    return list(dict.fromkeys(found))


def _find_in(folder: Path, wanted: Program | None) -> list[tuple[Program, Path]]:
    """Look into a folder."""
    programs = (wanted,) if wanted else tuple(Program)
    return [(program, file) for program in programs for file in _files_of(program, folder)]


def read_settings_of(program: Program, file: Path, *, allows_cleartext: bool) -> Reading:
    """Read a file of settings. Raises InvalidInputError, OSError."""
    home = _home_of(file)
    variables = {"HOME": str(home), "USER": _owner_of(file), "LOGNAME": _owner_of(file)}
    place = Place(file, home, variables)
    return _READERS[program](_text_of(file), place, allows_cleartext=allows_cleartext)


def is_own(file: Path) -> bool:
    """Tell whether a file belongs to whoever asks: only then its commands may be run."""
    return file.stat(follow_symlinks=False).st_uid == os.geteuid()


def read_netrc(file: Path) -> str:
    """Return what is in a netrc file; nothing where there is none. Raises as `read_settings_of`."""
    return _text_of(place_of(file)) if file.exists() else ""


class MemoryReader:
    """Reads memories, each file once however many accounts it is of."""

    def __init__(self) -> None:
        """Begin with none."""
        self._read: dict[Path, Memories] = {}

    def ids_of(self, program: Program, memory: Memory) -> UniqueIds | None:
        """Return what is known of an account; None: there is no memory of it.

        Raises InvalidInputError, OSError.
        """
        for file in memory.files:
            if os.path.lexists(file):
                place = place_of(file)
                if place not in self._read:
                    data = _octets_of(place, MEMORY_OF_OTHERS_OCTETS)
                    self._read[place] = read_memory(program, data, place)
                return ids_of(self._read[place], program, memory.key)
        return None


def _files_of(program: Program, folder: Path) -> Iterator[Path]:
    """Yield a program's files of settings in a home, or in a folder that it has for them."""
    if program is not Program.GETMAIL:
        files = (folder / name for name in _NAMED[program])
        yield from (place_of(file) for file in files if file.is_file())
        return
    for name in _GETMAIL_FOLDERS:
        place = folder / name
        if place.is_dir() and (name or (place / "getmailrc").is_file()):
            yield from _getmail_files(place_of(place))


def _getmail_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder of getmail's that are settings: one for each account.

    One that cannot be read may be: reading it again will tell.
    """
    for entry in entries_of(folder):
        if _OF_OTHERS.fullmatch(entry.name) or not entry.path.is_file():
            continue
        try:
            if _GETMAIL_SECTION.search(_text_of(place_of(entry.path))):
                yield place_of(entry.path)
        except (InvalidInputError, OSError):
            yield entry.path


def _program_of(file: Path) -> Program:
    """Tell whose settings a file is. Raises InvalidInputError."""
    text = _text_of(file)
    signs: dict[Program, Callable[[str], object]] = {
        Program.GETMAIL: _GETMAIL_SECTION.search,
        Program.FETCHMAIL: _FETCHMAIL_WORD.search,
        Program.MPOP: _MPOP_LINE.search,
    }
    for program in Program:
        if program.value in file.name:
            return program
    for program, has_sign in signs.items():
        if has_sign(text):
            return program
    raise InvalidInputError(_UNKNOWN_KIND, file=file)


def _text_of(file: Path) -> str:
    data = _octets_of(file, SETTINGS_OF_OTHERS_OCTETS)
    if len(data) > SETTINGS_OF_OTHERS_OCTETS:
        raise InvalidInputError(_TOO_LONG, file=file)
    return data.decode("utf-8", "surrogateescape")


def _octets_of(file: Path, most_octets: int) -> bytes:
    """Read a file, and one octet more than it may have."""
    with open_file(file) as opened:
        return opened.read(most_octets + 1)


def _home_of(file: Path) -> Path:
    """Return the home of whoever a file belongs to."""
    if is_own(file):
        return Path.home()
    try:
        return Path(pwd.getpwuid(file.stat(follow_symlinks=False).st_uid).pw_dir)
    except KeyError:
        return file.parent


def _owner_of(file: Path) -> str:
    """Return the name of whoever a file belongs to."""
    try:
        return pwd.getpwuid(file.stat(follow_symlinks=False).st_uid).pw_name
    except KeyError:
        return ""
