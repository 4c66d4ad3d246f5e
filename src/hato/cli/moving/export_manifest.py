"""What `hato export` says about what it wrote, so that `hato import` brings the same back.

Called by `cli.export` and by the readers of `hato import`.
Never needed by other programs: what lies beside it is plain Maildir, mbox or eml.
Standards: none.
Fails never: a file that cannot be read is none.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import msgspec

from hato.cli.moving.foreign_files import open_file
from hato.core.errors import InvalidInputError
from hato.store.model import ANSWERED, DRAFT, FLAGGED, SEEN

FILE_NAME: Final = "hato-export.json"
LETTER_OF_FLAG: Final = {DRAFT: "D", FLAGGED: "F", ANSWERED: "R", SEEN: "S"}
"""In the order that Maildir wants: of the alphabet."""
FLAG_OF_LETTER: Final = {letter: flag for flag, letter in LETTER_OF_FLAG.items()}
SEPARATOR_SENDER: Final = b"hato-export"
"""The sender in the separators of an mbox of ours: two Status lines follow that the letter had
not."""
_MOST_OCTETS: Final = 16_777_216


class Manifest(msgspec.Struct, frozen=True):
    """Which file or folder is which of our folders."""

    kind: str
    account: str
    is_complete: bool
    folders: dict[str, list[str]]
    """Names from the top, empty for INBOX, by the path beside the manifest."""

    def folder(self, path: str) -> tuple[str, ...] | None:
        """Return the names from the top of our folder at a path; None: it is not ours."""
        names = self.folders.get(path)
        return None if names is None else tuple(names)


def read_manifest(folder: Path) -> Manifest | None:
    """Read what lies in a folder; None where there is nothing of ours."""
    with (
        contextlib.suppress(OSError, InvalidInputError, msgspec.DecodeError),
        open_file(folder / FILE_NAME) as file,
    ):
        return msgspec.json.decode(file.read(_MOST_OCTETS), type=Manifest)
    return None


def flag_letters(keywords: frozenset[str]) -> str:
    """Return the letters that Maildir has for a letter's keywords."""
    return "".join(letter for flag, letter in LETTER_OF_FLAG.items() if flag in keywords)
