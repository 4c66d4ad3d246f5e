"""The key of this installation: a file beside the database, never in it.

Called by services.auth, services.accounts and services.sources when they first need it, and by
whoever starts another program.
Never shown, never written to the database, never part of a log line.
Standards: none. Before the file goes what the environment names: HATO_SECRET_KEY (the key in
base64), HATO_SECRET_KEY_FILE (a file with it), and a systemd credential named `secret.key`.
Fails with UnavailableError when it can neither be read nor made.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from hato.core.errors import UnavailableError
from hato.core.secret import Secret

FILE_NAME: Final = "secret.key"
IN_ENVIRONMENT: Final = "HATO_SECRET_KEY"
FILE_IN_ENVIRONMENT: Final = "HATO_SECRET_KEY_FILE"
_KEY_OCTETS: Final = 32


def environment_for_others() -> dict[str, str]:
    """Return our environment for a program that is not Hato: without what leads to the key."""
    ours = (IN_ENVIRONMENT, FILE_IN_ENVIRONMENT)
    return {name: value for name, value in os.environ.items() if name not in ours}


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
    if text := os.environ.get(IN_ENVIRONMENT):
        return _decoded(text)
    path = key_file(data_folder)
    try:
        if path.parent == data_folder:
            if not path.exists():
                _make(path)
            _close_to_others(path)
        return _read(path)
    except OSError as fault:
        message = f"the key {path} cannot be used: {fault.strerror}"
        raise UnavailableError(message) from fault


def key_file(data_folder: Path) -> Path:
    """Return the file that holds the key, or would, where the environment has no key itself."""
    if named := os.environ.get(FILE_IN_ENVIRONMENT):
        return Path(named)
    if credentials := os.environ.get("CREDENTIALS_DIRECTORY"):
        given = Path(credentials) / FILE_NAME
        if given.exists():
            return given
    return data_folder / FILE_NAME


def derive(key: Secret, purpose: str) -> bytes:
    """Return the key for one purpose, 32 octets; nothing of it leads to another one's."""
    return hmac.digest(key.reveal(), purpose.encode(), "sha256")


def _decoded(text: str) -> Secret:
    """Return the key that the environment holds. Raises UnavailableError, without quoting it."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) < _KEY_OCTETS:
        message = f"{IN_ENVIRONMENT} is not the base64 of at least {_KEY_OCTETS} octets"
        raise UnavailableError(message)
    return Secret(content)


def _close_to_others(path: Path) -> None:
    """Take away what a careless copy gave to everybody on this machine."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IRWXO:
        path.chmod(mode & ~stat.S_IRWXO)


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
