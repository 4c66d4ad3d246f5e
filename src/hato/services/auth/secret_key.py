"""The key of this installation: a file beside the database, never in it.

Called by services.auth and services.accounts when they first need it.
Never shown, never written to the database, never part of a log line.
Standards: none. A systemd credential named `secret.key` goes before the file.
Fails with UnavailableError when it can neither be read nor made.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from hato.core.errors import UnavailableError
from hato.core.secret import Secret

FILE_NAME: Final = "secret.key"
_KEY_OCTETS: Final = 32


class SecretKey:
    """The key, read when it is first needed and kept from then on."""

    def __init__(self, data_folder: Path, given: Secret | None = None) -> None:
        """`given`: the key itself, where the caller has it already."""
        self._data_folder = data_folder
        self._key = given

    def read(self) -> Secret:
        """Return it. Raises UnavailableError, and tries again when asked again."""
        if self._key is None:
            self._key = read_secret_key(self._data_folder)
        return self._key


def read_secret_key(data_folder: Path) -> Secret:
    """Read the key; make it where there is none yet. Raises UnavailableError."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    given = Path(credentials) / FILE_NAME if credentials else None
    path = data_folder / FILE_NAME
    try:
        if given is not None and given.exists():
            return _read(given)
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as fault:
        message = f"the key {path} cannot be used: {fault.strerror}"
        raise UnavailableError(message) from fault


def derive(key: Secret, purpose: str) -> bytes:
    """Return the key for one purpose, 32 octets; nothing of it leads to another one's."""
    return hmac.digest(key.reveal(), purpose.encode(), "sha256")


def _read(path: Path) -> Secret:
    """Read a key. Raises UnavailableError for a file that holds none."""
    content = path.read_bytes()
    if len(content) < _KEY_OCTETS:
        message = f"{path} holds fewer than {_KEY_OCTETS} octets: restore it from a backup"
        raise UnavailableError(message)
    return Secret(content)


def _make(path: Path) -> None:
    """Write a new key under its name in one step; whoever comes second uses the first one's."""
    draft = path.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_OCTETS))
        os.fsync(descriptor)
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        os.close(descriptor)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
