"""From the errors of the system and of SQLite to those of the domain.

Called by everything in `store.embedded` that is awaited by others.
Never hides a bug: what is neither of the two kinds passes through.
Standards: none.
Fails never.
"""

from __future__ import annotations

from typing import Final

import apsw

from hato.core.errors import HatoError, StorageFullError, UnavailableError
from hato.store.embedded.system import fault_of, says_full

SPOILED: Final = (apsw.CorruptError, apsw.NotADBError, apsw.SchemaChangeError, apsw.ConstraintError)
"""What an index says that must be made anew. A constraint fails only where it differs from what
was resolved or replayed."""


_NO_ROOM_TO_SHARE: Final = (apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_SHMMAP)
"""What SQLite says on a full disk where memory that processes share is a file that must grow."""


def domain_error(fault: Exception, doing: str) -> HatoError:
    """Return the domain error for an error of the system or of SQLite."""
    if isinstance(fault, OSError):
        return fault_of(fault, doing)
    if is_full(fault):
        return StorageFullError(f"the disk is full ({doing})")
    return UnavailableError(f"{doing}: {fault}")


def is_full(fault: Exception) -> bool:
    """Tell whether a fault says that the disk is full; the free-space mark is no such fault."""
    if isinstance(fault, OSError):
        return says_full(fault)
    return isinstance(fault, apsw.FullError) or (
        isinstance(fault, apsw.IOError)
        and getattr(fault, "extendedresult", 0) in _NO_ROOM_TO_SHARE  # typed by apsw nowhere
    )
