"""What CAPA says: only what is true for this client, here and now.

Called by the session.
Never announces a way to log in that would be refused; never takes back after login what it
announced before (RFC 2449 §5).
Standards: RFC 2449 §5 and §6, RFC 2595 §4, RFC 3206 §6, RFC 5034 §3, RFC 6856 §2 and §3.
Fails never.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from hato.protocols.pop3.replies import Capabilities
from hato.store.directory import Directory, Person

IMPLEMENTATION: Final = "Hato"


class Retention(NamedTuple):
    """How often one may log in, and how long messages stay."""

    login_delay_seconds: int
    """0: as often as one likes."""
    expire_days: int | None
    """None: messages stay."""
    may_differ: bool
    """The strictest values of all people, of whom the client may be any."""


def retention_of(person: Person) -> Retention:
    """Return what holds for somebody."""
    return Retention(person.login_delay_seconds, person.expire_days, may_differ=False)


class StrictestRetention:
    """The strictest values of all people, for those who have not logged in (RFC 2449 §6.5, §6.7).

    Asks again only after the directory has changed.
    """

    def __init__(self, directory: Directory) -> None:
        """Look into `directory` when asked."""
        self._directory = directory
        self._version: int | None = None
        self._known = Retention(0, None, may_differ=True)

    async def current(self) -> Retention:
        """Return the values. Raises as the directory."""
        version = await self._directory.version()
        if version != self._version:
            found = await self._directory.strictest()
            self._known = Retention(found.login_delay_seconds, found.expire_days, may_differ=True)
            self._version = version
        return self._known


@lru_cache(maxsize=64)
def capabilities(
    retention: Retention, mechanisms: tuple[str, ...], *, has_passwords: bool, has_tls: bool
) -> Capabilities:
    """Return the list.

    `mechanisms`: those of SASL that may be used; `has_passwords`: USER and PASS may be used;
    `has_tls`: STLS may be used now.
    """
    differs = " USER" if retention.may_differ else ""
    lines = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER", "LANG"]
    if has_passwords:
        lines.append("USER")
    if mechanisms:
        lines.append(f"SASL {' '.join(mechanisms)}")
    if has_tls:
        lines.append("STLS")
    if retention.login_delay_seconds:
        lines.append(f"LOGIN-DELAY {retention.login_delay_seconds}{differs}")
    if retention.expire_days is None:
        lines.append("EXPIRE NEVER")
    else:
        lines.append(f"EXPIRE {retention.expire_days}{differs}")
    lines.append(f"IMPLEMENTATION {IMPLEMENTATION}")
    return Capabilities(tuple(lines))
