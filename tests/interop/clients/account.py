"""What a mail program is told about a mailbox, and what a program of these tests is.

Used by every client here and by the tests that run them.
Never names a program: the table in `clients.table` does.
Standards: RFC 8314 §3 (implicit TLS), RFC 2595 §4 (STLS).
Fails never.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.system.people import Person
from tests.system.server_process import HatoServer

IMPLICIT_TLS = "pop3s"
STLS = "pop3"
HOST = "localhost"
"""The certificate names it; some programs do not look for addresses in certificates."""


@dataclass(frozen=True)
class MailAccount:
    """Where a mailbox is, how it is reached, and whom to trust."""

    service: str
    """`pop3s`, or `pop3`, where the client must use STLS."""
    port: int
    authority_file: Path
    person: Person

    @property
    def uses_stls(self) -> bool:
        """Whether TLS begins with STLS."""
        return self.service == STLS

    @classmethod
    def at(
        cls, server: HatoServer, service: str, person: Person, authority_file: Path | None = None
    ) -> MailAccount:
        """The account of somebody at a server; `authority_file` replaces the right authority."""
        authority = authority_file or server.certificates.authority_file
        return cls(service, server.addresses[service][1], authority, person)


Fetch = Callable[[MailAccount, Path], list[bytes]]
"""Fetch all mail into a folder, leave it on the server, return what is on the disk afterwards."""

Keep = Callable[[Sequence[bytes]], list[bytes]]
"""What the client makes of letters (wire form, as RETR sends them) when it keeps them."""


@dataclass(frozen=True)
class Client:
    """A mail program as these tests see it."""

    name: str
    programs: tuple[str, ...]
    fetch: Fetch
    keep: Keep
    services: tuple[str, ...] = (STLS, IMPLICIT_TLS)
    asks_for_utf8: bool = False
    """Whether it uses UTF-8 mode (RFC 6856 §2)."""
    proof: tuple[str, ...] = ()
    """A command that succeeds where all is installed that the program needs."""


def as_served(letters: Sequence[bytes]) -> list[bytes]:
    """A client that changes nothing."""
    return list(letters)


def with_lf(letters: Sequence[bytes]) -> list[bytes]:
    """A client that keeps lines as its system has them: LF for each CRLF."""
    return [letter.replace(b"\r\n", b"\n") for letter in letters]


def with_lf_up_to_nul(letters: Sequence[bytes]) -> list[bytes]:
    """A client that keeps lines as C strings: what follows a NUL in a line is lost."""
    return [re.sub(rb"\0[^\n]*", b"", letter) for letter in with_lf(letters)]
