"""The system's calls that make octets durable or read them without waiting, with fallbacks.

Called by everything in `store.embedded` that touches files of the journal.
Never retries a failed sync: after an error nobody knows what is on the disk.
Standards: POSIX fdatasync, flock; Linux RWF_NOWAIT and O_TMPFILE; macOS F_FULLFSYNC.
Fails with OSError, which callers turn into the errors of `core.errors`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Sequence
from typing import Final

from hato.core.errors import HatoError, StorageFullError, UnavailableError

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
_NO_WAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None)
_UNNAMED: Final[int | None] = getattr(os, "O_TMPFILE", None)
_WRITE_PIECES: Final = 512
"""Pieces of one write: every system takes at least this many."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class OpenFile:
    """A descriptor that is closed when nobody refers to it any more.

    Whoever reads in a thread holds the object, so that a descriptor is never closed, and its
    number never given to another file, while somebody uses it.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        """Own `fd`."""
        self.fd = fd

    def __del__(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            os.close(self.fd)


def open_file(path: str, flags: int, mode: int = 0o600) -> OpenFile:
    """Open a file that no child process inherits; a new one belongs to the folder's owner."""
    file = OpenFile(os.open(path, flags | os.O_CLOEXEC, mode))
    if flags & os.O_CREAT:
        give_to_owner(path, file.fd)
    return file


def open_or_make(path: str) -> OpenFile:
    """Open a file for reading and writing; make it where it is missing, which is rare."""
    try:
        return OpenFile(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return open_file(path, os.O_RDWR | os.O_CREAT)


def give_to_owner(path: str, file: int | None = None) -> None:
    """Give what root just made to whom the folder around it belongs.

    The command line may be used by root while the server runs as somebody else, who must be able
    to go on with every file.
    """
    if os.geteuid() != 0:
        return
    owner = os.stat(os.path.dirname(path))
    facts = os.stat(path if file is None else file)
    if facts.st_uid == 0 != owner.st_uid:
        os.chown(path if file is None else file, owner.st_uid, owner.st_gid)


def is_removed(file: OpenFile) -> bool:
    """Tell whether an open file has no name any more."""
    return os.fstat(file.fd).st_nlink == 0


def sync_data(fd: int) -> None:
    """Make what was written durable."""
    if _FULL_SYNC is not None:
        fcntl.fcntl(fd, _FULL_SYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)


def sync_folder(path: str) -> None:
    """Make the names in a folder durable: after a file was made, renamed or removed."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
    """Write all of `pieces` at `offset`, however little one call takes."""
    waiting = [memoryview(piece) for piece in pieces if len(piece)]
    while waiting:
        if hasattr(os, "pwritev"):
            written = os.pwritev(fd, waiting[:_WRITE_PIECES], offset)
        else:
            written = os.pwrite(fd, waiting[0], offset)
        if written == 0:
            raise OSError(errno.EIO, "nothing was written")
        offset += written
        while waiting and written >= len(waiting[0]):
            written -= len(waiting.pop(0))
        if written:
            waiting[0] = waiting[0][written:]


def read_exactly(fd: int, size: int, offset: int) -> bytes:
    """Read `size` octets, or as many as there are; waits for the disk."""
    data = os.pread(fd, size, offset)
    if len(data) == size or not data:
        return data
    pieces = [data]
    got = len(data)
    while got < size:
        data = os.pread(fd, size - got, offset + got)
        if not data:
            break
        pieces.append(data)
        got += len(data)
    return b"".join(pieces)


def read_cached(fd: int, target: memoryview, offset: int) -> bool:
    """Fill `target` if all of it is in memory; never waits for a disk."""
    if _NO_WAIT is None:
        return False
    try:
        return os.preadv(fd, [target], offset, _NO_WAIT) == len(target)
    except BlockingIOError:
        return False
    except OSError as fault:
        if fault.errno == errno.EOPNOTSUPP:
            return False
        raise


def read_ahead(fd: int, size: int, offset: int) -> None:
    """Ask the system to have octets in memory soon."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, offset, size, os.POSIX_FADV_WILLNEED)


def open_unnamed(folder: str) -> OpenFile:
    """Open a file for reading and writing that vanishes with its last holder."""
    if _UNNAMED is not None:
        try:
            return open_file(folder, os.O_RDWR | _UNNAMED)
        except OSError as fault:
            if fault.errno not in {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL}:
                raise
    fd, path = tempfile.mkstemp(dir=folder, prefix=".spool-")
    os.unlink(path)
    return OpenFile(fd)


def says_full(fault: OSError) -> bool:
    """Tell whether a system's error says that there is no room: disk, quota or size of a file."""
    return fault.errno in _FULL


def fault_of(fault: OSError, doing: str) -> HatoError:
    """Return the domain error for a system's error."""
    if says_full(fault):
        return StorageFullError(f"the disk is full ({doing})")
    return UnavailableError(f"{doing}: {fault.strerror or fault}")
