"""Passwords in a netrc file, as ftp once defined it.

Called by `hato account import`, where the person asks for it.
Never takes a password of another login, nor that of `default`, which is anonymous ftp's.
Standards: netrc(5).
Fails never: what is not understood is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hato.core.secret import Secret

_TOKEN: Final = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S+)')
_MACRO: Final = re.compile(r"^\s*macdef\b.*?(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
_VALUED: Final = frozenset({"login", "password", "account"})


def find_password(text: str, host: str, login: str) -> Secret | None:
    """Return the password of a login at a host."""
    for entry in _entries(_COMMENT.sub("", _MACRO.sub("\n", text))):
        same_host = entry.get("machine", "").lower() == host.lower()
        if same_host and entry.get("login", login) == login and entry.get("password"):
            return Secret(entry["password"].encode("utf-8", "surrogateescape"))
    return None


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Yield what is said of each machine."""
    words = (_text_of(token) for token in _TOKEN.finditer(text))
    entry: dict[str, str] = {}
    for word in words:
        if word in {"machine", "default"}:
            yield entry
            entry = {"machine": next(words, "")} if word == "machine" else {}
        elif word in _VALUED:
            entry[word] = next(words, "")
    yield entry


def _text_of(token: re.Match[str]) -> str:
    quoted = token["quoted"]
    return token["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
