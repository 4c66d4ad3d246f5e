"""What is known of the issuers of tokens for mail: a data file.

Called by the command line (whom to ask, how to get a client) and by services.oauth.expiry.
Never guesses: a row has its sources, its date, and says whether it is confirmed.
Standards: TOML 1.0.
Fails with InvalidInputError: one sentence with the file and what does not fit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.oauth.issuer import LOOPBACK_REDIRECT, Issuer
from hato.services.settings_finder.candidate import Protocol
from hato.services.settings_finder.provider_table import Line, Part, Words

BUILT_IN: Final = Path(__file__).with_name("issuers.toml")

_UNFIT: Final = Text(
    en="The table of issuers {path} does not fit: {reason}.",
    ja="発行者の表 {path} が合いません: {reason}。",
)

Url = Annotated[str, msgspec.Meta(pattern=r"^https://[^\s/?#@]+(/[^\s?#]*)?$", max_length=500)]
Redirect = Annotated[str, msgspec.Meta(pattern=r"^http://(127\.0\.0\.1|localhost)(/[^\s?#]*)?$")]
Days = Annotated[int, msgspec.Meta(ge=0, le=3_650)]


class Row(Part, frozen=True, kw_only=True):
    """One issuer."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}$")]
    name: Words
    providers: tuple[Line, ...] = ()
    """Ids of rows in the table of providers."""
    hosts: tuple[Line, ...] = ()
    """Mail servers, or domains that they lie in."""
    issuer: Line
    authorization_endpoint: Url
    token_endpoint: Url
    device_authorization_endpoint: Url | None = None
    redirect: Redirect = LOOPBACK_REDIRECT
    needs_secret: bool = False
    scopes: dict[Protocol, tuple[Line, ...]]
    extra: dict[str, str] = msgspec.field(default_factory=dict)
    testing_days: Days = 0
    """How long an authorisation lasts while the client is in testing."""
    idle_days: Days = 0
    """After how long without use an authorisation ends."""
    steps: Annotated[tuple[Words, ...], msgspec.Meta(min_length=1)]
    """How a person gets a client id."""
    sources: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]
    checked: date
    confirmed: bool

    def issuer_for(self, protocol: Protocol) -> Issuer:
        """Return it as it is asked, for one protocol."""
        return Issuer(
            issuer=self.issuer,
            name=self.name.text(),
            authorization_endpoint=self.authorization_endpoint,
            token_endpoint=self.token_endpoint,
            device_authorization_endpoint=self.device_authorization_endpoint or "",
            redirect=self.redirect,
            needs_secret=self.needs_secret,
            scopes=self.scopes.get(protocol, ()),
            extra=self.extra,
            row_id=self.id,
        )


class _File(Part, frozen=True, kw_only=True):
    issuer: tuple[Row, ...] = ()


class IssuerTable:
    """Rows that can be found by provider, host or id."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Take rows, each with an id of its own."""
        self._rows = {row.id: row for row in rows}

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row."""
        return tuple(self._rows.values())

    def by_id(self, row_id: str) -> Row | None:
        """Find a row by its id."""
        return self._rows.get(row_id)

    def for_source(self, provider_id: str, host: str) -> Row | None:
        """Find the row for a provider's id, or else for a mail server's name."""
        for row in self._rows.values():
            if provider_id and provider_id in row.providers:
                return row
        name = host.lower().rstrip(".")
        for row in self._rows.values():
            if any(name == known or name.endswith(f".{known}") for known in row.hosts):
                return row
        return None


@cache
def built_in_issuers() -> IssuerTable:
    """Return Hato's own table, read once."""
    return read_issuer_table(BUILT_IN)


def read_issuer_table(path: Path) -> IssuerTable:
    """Read a table. Raises InvalidInputError."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return IssuerTable(msgspec.convert(table, _File).issuer)
    except (OSError, ValueError, RecursionError) as fault:  # ValueError: TOML, UTF-8, msgspec
        raise InvalidInputError(_UNFIT, path=path, reason=fault) from fault
