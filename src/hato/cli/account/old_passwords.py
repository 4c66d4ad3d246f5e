"""Passwords that an old program's settings do not hold themselves: of commands, of netrc files.

Called by `hato account import`.
Never runs a command or reads a netrc file unless the person says so; never runs what belongs to
somebody else; never shows what came out.
Standards: none.
Fails never: where there is no password, it says why.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from hato.cli.account.old_settings import is_own, read_netrc
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import PASSWORD_COMMAND_SECONDS, PASSWORD_OCTETS
from hato.core.secret import Secret
from hato.services.auth.secret_key import ENVIRONMENT
from hato.services.moving_in import notes
from hato.services.moving_in.found import Found
from hato.services.moving_in.netrc_passwords import find_password
from hato.services.sources.source import Proof

_OUTPUT_OCTETS: Final = 65_536


class Allowed(NamedTuple):
    """What the person said may be done to get at passwords."""

    run_commands: bool
    read_netrc: bool


def password_of(found: Found, file: Path, allowed: Allowed) -> tuple[Secret | None, Text | None]:
    """Return the password of an account, or why there is none. `file`: its settings."""
    if found.source.proof is Proof.OAUTH2:
        return None, None
    if found.password is not None:
        return found.password, None
    if found.password_command:
        if not allowed.run_commands:
            return None, notes.COMMAND_NOT_RUN
        if not is_own(file):
            return None, notes.COMMAND_OF_OTHERS
        secret = _run(found.password_command)
        return secret, None if secret else notes.COMMAND_FAILED
    if found.netrc is not None and os.path.lexists(found.netrc):
        if not allowed.read_netrc:
            return None, notes.NETRC_NOT_READ
        secret = _from_netrc(found, found.netrc)
        return secret, None if secret else notes.NO_PASSWORD
    return None, notes.NO_PASSWORD


def _from_netrc(found: Found, netrc: Path) -> Secret | None:
    """Look into a netrc file; one that cannot be read has nothing."""
    try:
        text = read_netrc(netrc)
    except (InvalidInputError, OSError):
        return None
    return find_password(text, found.source.host, found.source.login)


def _run(command: tuple[str, ...]) -> Secret | None:
    """Run a command of the person's own; return the first line of what it prints."""
    try:
        done = subprocess.run(  # noqa: S603 - the person's own command, and she said to run it
            command,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name not in ENVIRONMENT},
            timeout=PASSWORD_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    line = done.stdout[:_OUTPUT_OCTETS].split(b"\n", 1)[0].removesuffix(b"\r")
    is_password = done.returncode == 0 and 0 < len(line) <= PASSWORD_OCTETS
    return Secret(line) if is_password else None
