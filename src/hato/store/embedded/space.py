"""How much room the disk has, and the reserve that keeps deleting possible.

Called by `account_writer` before something is added, after the disk turned out to be full, and
while room is won; by `store` for `Store.room`.
Never counts what others will write: the mark leaves room for that.
Standards: none.
Fails with StorageFullError.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Final

from hato.core.errors import StorageFullError
from hato.store.embedded.system import open_file, write_all
from hato.store.model import Room

_FRESH_SECONDS: Final = 0.1
"""How long the system's answer is used, less what was added since; asking at each delivery takes
as long as the rest of the check many times over."""
_RESERVE_OCTETS: Final = 4_194_304
"""Room for some ten thousand deletions and the index pages that they touch."""

_MARGIN_OCTETS: Final = 65_536
"""What the index takes while segments are removed."""


class Space:
    """The room of one data folder."""

    def __init__(self, folder: str, mark_octets: int) -> None:
        """Know the folder and below what mark nothing is added."""
        self._folder = folder
        self._mark_octets = mark_octets
        self._reserve = f"{folder}/reserve"
        self._known_free = 0
        self._missing_octets = 0
        self._asked_at = 0.0

    def free_octets(self) -> int:
        """Return what is free for us."""
        facts = os.statvfs(self._folder)
        return facts.f_bavail * facts.f_frsize

    def check(self, adding_octets: int) -> None:
        """Refuse to add so much where the mark would be passed."""
        if self._asked_at + _FRESH_SECONDS < time.monotonic() or not self._has_room(adding_octets):
            self._ask()
        if not self._has_room(adding_octets):
            raise StorageFullError("the disk has reached its free-space mark")
        self._known_free -= adding_octets

    def _ask(self) -> None:
        """Learn how much is free and how much must stay so; put a missing reserve aside again."""
        if self._missing_reserve():
            self.keep_reserve()
        self._known_free = self.free_octets()
        self._missing_octets = self._missing_reserve()
        self._asked_at = time.monotonic()

    def room(self) -> Room:
        """Tell what is free, what adding needs, and below what deleted mail should make room.

        Half a mark lies between them: a letter is refused already where it would pass the mark.
        """
        self.keep_reserve()
        needed = self._mark_octets + self._missing_reserve()
        return Room(self.free_octets(), needed, needed + self._mark_octets // 2)

    def has_room_to_remove(self, writing_octets: int, removing_octets: int) -> bool:
        """Tell whether so much may be written because more goes right afterwards.

        Even the room for those who delete may be used, and the reserve be given up for it.
        """
        if self.has_room_to_move(writing_octets):
            return True
        writing_octets += _MARGIN_OCTETS
        if writing_octets > removing_octets:
            return False
        if self.free_octets() < writing_octets:
            self.release_reserve()
        return self.free_octets() >= writing_octets

    def has_room_to_move(self, octets: int) -> bool:
        """Tell whether so much may be written for the sake of winning room.

        Without the reserve as much as that must stay free: people must be able to delete.
        """
        return self.free_octets() - octets >= self._missing_reserve()

    def _missing_reserve(self) -> int:
        """Return what must stay free in place of a reserve that was given up."""
        return 0 if os.path.exists(self._reserve) else _RESERVE_OCTETS

    def _has_room(self, octets: int) -> bool:
        return self._known_free - octets >= self._mark_octets + self._missing_octets

    def keep_reserve(self) -> None:
        """Put the reserve aside, where there is plenty of room for it."""
        if os.path.exists(self._reserve):
            return
        if self.free_octets() < self._mark_octets + 2 * _RESERVE_OCTETS:
            return
        try:
            file = open_file(self._reserve, os.O_WRONLY | os.O_CREAT)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fd, 0, _RESERVE_OCTETS)
            else:
                write_all(file.fd, [bytes(_RESERVE_OCTETS)], 0)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(self._reserve)

    def release_reserve(self) -> bool:
        """Give the reserve up for what must go on; tell whether there was one."""
        try:
            os.unlink(self._reserve)
        except OSError:
            return False
        self._asked_at = 0.0
        return True
