"""How much room the disk has, and the reserve that keeps deleting possible.

Called by `account_writer` before something is added, and after the disk turned out to be full.
Never counts what others will write: the mark leaves room for that.
Standards: none.
Fails with StorageFullError.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

from hato.core.errors import StorageFullError
from hato.store.embedded.system import open_file, write_all

_RESERVE_OCTETS: Final = 4_194_304
"""Room for some ten thousand deletions and the index pages that they touch."""


class Space:
    """The room of one data folder."""

    def __init__(self, folder: str, mark_octets: int) -> None:
        """Know the folder and below what mark nothing is added."""
        self._folder = folder
        self._mark_octets = mark_octets
        self._reserve = f"{folder}/reserve"
        self._must_restore = False

    def free_octets(self) -> int:
        """Return what is free for us."""
        facts = os.statvfs(self._folder)
        return facts.f_bavail * facts.f_frsize

    def check(self, adding_octets: int) -> None:
        """Refuse to add so much where the mark would be passed."""
        free_octets = self.free_octets()
        if free_octets - adding_octets < self._mark_octets:
            raise StorageFullError("the disk has reached its free-space mark")
        if self._must_restore and free_octets >= self._mark_octets + 2 * _RESERVE_OCTETS:
            self._must_restore = False
            self.keep_reserve()

    def keep_reserve(self) -> None:
        """Put the reserve aside, where there is plenty of room for it."""
        if os.path.exists(self._reserve):
            return
        if self.free_octets() < self._mark_octets + 2 * _RESERVE_OCTETS:
            return
        with contextlib.suppress(OSError):
            file = open_file(self._reserve, os.O_WRONLY | os.O_CREAT)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fd, 0, _RESERVE_OCTETS)
            else:
                write_all(file.fd, [bytes(_RESERVE_OCTETS)], 0)

    def release_reserve(self) -> bool:
        """Give the reserve up for what must go on; tell whether there was one."""
        try:
            os.unlink(self._reserve)
        except OSError:
            return False
        self._must_restore = True
        return True
