"""What was read of an old program's settings: accounts as sources, and what cannot be one.

Made by the readers of `services.moving_in`; read by `hato account import`.
Never shows a password; never holds a command or a value of a file in words meant to be shown.
Standards: none.
Fails never.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from hato.core.language import Text
from hato.core.limits import LOGIN_NAME_OCTETS
from hato.core.secret import Secret
from hato.protocols.foreign_text import shown
from hato.services.moving_in import notes
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.host_names import host_or_address
from hato.services.sources.source import Policy, Proof, Source

NETRC: Final = ".netrc"
"""Where programs look for passwords that their own files do not have."""

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)


class Program(StrEnum):
    """Whose settings and memory are read."""

    FETCHMAIL = "fetchmail"
    GETMAIL = "getmail"
    MPOP = "mpop"


class Place(NamedTuple):
    """Where a file of settings lies, and what its paths stand for."""

    file: Path
    home: Path
    """Of whoever the file belongs to: what `~` means in it."""
    variables: Mapping[str, str] = {}
    """What `$NAME` means in the programs that know it."""

    def path_of(self, text: str, *, knows_variables: bool = False) -> Path:
        """Return the path that a setting names; a relative one begins at home."""
        if knows_variables:
            text = _VARIABLE.sub(lambda name: self.variables.get(name[1] or name[2], name[0]), text)
        if text == "~" or text.startswith("~/"):
            text = f"{self.home}{text[1:]}"
        return self.home / text


class Memory(NamedTuple):
    """Where a program noted which letters of an account it has fetched."""

    files: tuple[Path, ...]
    """The first one that is there counts."""
    key: str = ""
    """What marks the account's lines in a file for several."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One account of an old program."""

    program: Program
    source: Source
    """Without an id; `added` is 0."""
    memory: Memory
    password: Secret | None = None
    password_command: tuple[str, ...] = ()
    """Where the password comes from a command: its words. Never run unless the person says so."""
    netrc: Path | None = None
    """Where the program would look for the password then; not read unless the person says so."""
    notes: tuple[Text, ...] = ()
    """What becomes different, each in a sentence."""


class Refused(NamedTuple):
    """An account that cannot be moved, and why."""

    label: str
    reason: Text


class Reading(NamedTuple):
    """All that was read from one file of settings."""

    program: Program
    found: list[Found]
    refused: list[Refused]


def label_of(login: str, host: str) -> str:
    """Return what a person recognises an account by: its mail address where the login is one."""
    if not login:
        return readable(host)
    return readable(login if "@" in login else f"{login}@{host}")


def readable(text: str) -> str:
    """Return words of a file without what steers a terminal or is no character."""
    return shown(text.encode("utf-8", "surrogateescape"))


def fault_of(source: Source) -> Text | None:
    """Return why a source cannot be kept as its settings have it, or None."""
    words = (source.login, source.ca_file, source.maildir)
    if any(readable(word) != word for word in words):
        return notes.BAD_WORDS
    if not 0 < len(source.login.encode()) <= LOGIN_NAME_OCTETS:
        return notes.BAD_WORDS
    return None if host_or_address(source.host) is not None else notes.BAD_HOST


def source_of(  # noqa: PLR0913 - what is known of a source, each by its name
    *,
    host: str,
    port: int,
    tls: TlsMode,
    login: str,
    policy: Policy,
    proof: Proof = Proof.PASSWORD,
    outdated: tuple[str, ...] = (),
    pinned_sha256: str = "",
    ca_file: str = "",
    largest_octets: int | None = None,
    poll_seconds: int = 300,
    is_paused: bool = False,
    maildir: str = "",
) -> Source:
    """Return a POP3 source that is not kept yet."""
    address = label_of(login, host)
    return Source(
        source_id="",
        address=address,
        name=address,
        colour="",
        added=0,
        protocol=Protocol.POP3,
        host=host_or_address(host) or host,
        port=port,
        tls=tls,
        login=login,
        proof=proof,
        outdated=outdated,
        pinned_sha256=pinned_sha256,
        ca_file=ca_file,
        policy=policy,
        largest_octets=largest_octets,
        poll_seconds=poll_seconds,
        is_paused=is_paused,
        maildir=maildir,
    )
