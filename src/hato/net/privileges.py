"""Becoming an ordinary user once the low ports are bound.

Called by the composition root after binding, before it forks.
Never gives privileges back; never goes on as root when another user was asked for.
Standards: POSIX setuid, setgid, initgroups.
Fails with InvalidInputError when there is no such user or the system refuses.
"""

from __future__ import annotations

import os
import pwd

from hato.core.errors import InvalidInputError
from hato.core.language import Text

_UNKNOWN = Text(
    en="There is no user {name!r} on this system: create it, or change `user`.",
    ja="このシステムにユーザー {name!r} はありません。作成するか user を変えてください。",
)
_REFUSED = Text(
    en="Cannot become the user {name!r}: start as root, or remove `user`.",
    ja="ユーザー {name!r} になれません。root で起動するか user を消してください。",
)


def find_user(name: str) -> pwd.struct_passwd:
    """Return what the system knows of a user. Raises InvalidInputError."""
    try:
        return pwd.getpwnam(name)
    except KeyError as fault:
        raise InvalidInputError(_UNKNOWN, name=name) from fault


def become(name: str) -> None:
    """Become the user `name` for good. Raises InvalidInputError."""
    entry = find_user(name)
    if os.geteuid() == entry.pw_uid:
        return
    try:
        os.initgroups(name, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except OSError as fault:
        raise InvalidInputError(_REFUSED, name=name) from fault
