"""The grammar of an mpoprc: accounts, what they inherit, and every command that mpop 1.4 knows.

Called by `mpop_accounts`.
Never decides what a command means for Hato; never runs a command.
Standards: mpop(1), "USAGE".
Fails with InvalidInputError, which names the line that is not understood, and none of its words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text

EVAL: Final = "eval"
"""A line that a command's output stands in for."""

_NOT_UNDERSTOOD: Final = Text(
    en="Line {line} of {file} is not in the language of mpop: correct it and import again.",
    ja="{file} の {line} 行目は mpop の書き方ではありません。"
    "直してからもう一度引き継いでください。",
)
_SWITCHES: Final = frozenset(
    "received_header tls tls_starttls tls_certcheck only_new keep".split()
)  # fmt: skip
_COMMANDS: Final = _SWITCHES | frozenset(
    "host port source_ip proxy_host proxy_port socket timeout connect_timeout pipelining auth user "
    "password passwordeval ntlmdomain tls_trust_file tls_crl_file tls_fingerprint tls_key_file "
    "tls_cert_file tls_priorities tls_host_override tls_min_dh_prime_bits tls_force_sslv3 delivery "
    "uidls_file killsize skipsize filter".split()
)
_STATES: Final = {"": True, "on": True, "off": False}


class Account(msgspec.Struct):
    """One account: what holds for it, and what was said of it itself."""

    name: str
    values: dict[str, str] = {}
    """Each command and its argument, the defaults included; switches are `on` or `off`."""
    own: dict[str, str] = {}
    """Without the defaults: what accounts that begin with this one inherit."""
    needs_eval: bool = False
    """A line of it is made by a command."""


def parse_mpoprc(text: str, file: Path) -> list[Account]:
    """Read all accounts, in the order in which they stand. Raises InvalidInputError."""
    return _Parser(file).parse(text)


class _Parser:
    """Goes through the lines once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._line = 0
        self._defaults = Account("")
        self._accounts: dict[str, Account] = {}
        self._account: Account | None = None

    def parse(self, text: str) -> list[Account]:
        """Read everything."""
        for self._line, line in enumerate(text.split("\n"), 1):
            words = line.strip().split(None, 1)
            if not words or words[0].startswith("#"):
                continue
            argument = words[1].strip() if len(words) == 2 else ""
            if words[0] == "defaults" and not argument:
                self._account = self._defaults
            elif words[0] == "account":
                self._begin(argument)
            else:
                self._command(words[0], _unquoted(argument))
        return list(self._accounts.values())

    def _begin(self, argument: str) -> None:
        """Begin an account with the defaults and what it inherits."""
        name, _, parents = argument.partition(":")
        name = name.strip()
        if not name or "," in name or name in self._accounts:
            raise self._fault()
        account = Account(name, dict(self._defaults.values))
        account.needs_eval = self._defaults.needs_eval
        for parent_name in filter(None, map(str.strip, parents.split(","))):
            parent = self._accounts.get(parent_name)
            if parent is None:
                raise self._fault()
            account.values.update(parent.own)
            account.own.update(parent.own)
            account.needs_eval |= parent.needs_eval
        self._accounts[name] = self._account = account

    def _command(self, name: str, argument: str) -> None:
        """Read one command."""
        if self._account is None:
            raise self._fault()
        if name == EVAL:
            self._account.needs_eval = True
            return
        if name not in _COMMANDS or (name in _SWITCHES and argument not in _STATES):
            raise self._fault()
        if name in _SWITCHES:
            argument = "on" if _STATES[argument] else "off"
        self._account.values[name] = argument
        if self._account is not self._defaults:
            self._account.own[name] = argument

    def _fault(self) -> InvalidInputError:
        return InvalidInputError(_NOT_UNDERSTOOD, line=self._line, file=self._file)


def _unquoted(argument: str) -> str:
    """Take the quotes off an argument that stands in them."""
    is_quoted = len(argument) > 1 and argument[0] == argument[-1] == '"'
    return argument[1:-1] if is_quoted else argument
