"""What is known of the big providers: a data file, and an operator's file of the same form.

Called by the settings finder (rows by address or mail exchanger) and by the provider doctor.
Never guesses: a row has its sources, its date, and says whether it is confirmed.
Standards: TOML 1.0.
Fails with InvalidInputError: one sentence with the file, the row and what does not fit.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.settings_finder.candidate import (
    Candidate,
    LoginMethod,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
)
from hato.services.settings_finder.host_names import host_name

DOMAIN_MARK: Final = "%DOMAIN%"
"""In a host: the domain of the person's address."""
SERVER_MARK: Final = "%SERVER%"
"""In a host: a name that only the person can read at her provider."""

BUILT_IN: Final = Path(__file__).with_name("providers.toml")

_UNREADABLE = Text(
    en="The provider table {path} cannot be read ({reason}): check the file and its permissions.",
    ja="プロバイダーの表 {path} を読めません({reason})。ファイルと権限を確認してください。",
)
_NOT_TOML = Text(
    en="The provider table {path} is not valid TOML: {reason}.",
    ja="プロバイダーの表 {path} は正しい TOML ではありません: {reason}。",
)
_UNFIT = Text(
    en="The provider table {path} does not fit at {place}: {reason}.",
    ja="プロバイダーの表 {path} の {place} が合いません: {reason}。",
)
_WHY_TABLE = Text(
    en="known settings of {provider}, as of {checked}",
    ja="{provider} の既知の設定です({checked} 時点)",
)
_WHY_TABLE_UNSURE = Text(
    en="settings of {provider} that nobody has confirmed yet, as of {checked}",
    ja="{provider} の設定ですが、まだ確認されていません({checked} 時点)",
)

Line: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^\S.*\S$")]
Port: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are errors."""


class Words(Part, frozen=True, kw_only=True):
    """A sentence in both languages."""

    en: Line
    ja: Line

    def text(self) -> Text:
        """Return it as everybody else knows it."""
        return Text(en=self.en, ja=self.ja)


class Server(Part, frozen=True, kw_only=True):
    """One server of a provider."""

    protocol: Protocol
    host: Line
    port: Port
    tls: TlsMode
    confirmed: bool = True
    """False: less sure than the rest of its row."""


class Provider(Part, frozen=True, kw_only=True):
    """One row: a provider, or those of its addresses that have the same settings."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}$")]
    name: Words
    domains: tuple[Line, ...] = ()
    """Domains of addresses; `*.example.org` stands for everything below it."""
    exchangers: tuple[Line, ...] = ()
    """Domains of mail exchangers that show that other domains are hosted here."""
    servers: Annotated[tuple[Server, ...], msgspec.Meta(min_length=1)]
    user_name: Annotated[tuple[UserNameForm, ...], msgspec.Meta(min_length=1)]
    """In the order in which they are tried."""
    methods: Annotated[tuple[LoginMethod, ...], msgspec.Meta(min_length=1)]
    """What the provider takes, the best first."""
    steps: tuple[Words, ...] = ()
    """What must be switched on or made at the provider."""
    oddities: tuple[Words, ...] = ()
    """How its servers, POP3 above all, differ from what is usual."""
    least_minutes_between_logins: Annotated[int, msgspec.Meta(ge=0, le=1_440)] = 0
    sources: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]
    """Addresses of pages, or documents."""
    checked: date
    confirmed: bool
    """Read in the provider's own words, or in two independent sources."""


class _File(Part, frozen=True, kw_only=True):
    provider: tuple[Provider, ...] = ()


class ProviderTable:
    """Rows that can be found by a domain or by a mail exchanger; later rows win."""

    def __init__(self, rows: Iterable[Provider]) -> None:
        """Take rows; one with an id that was there before replaces it."""
        self._rows = {row.id: row for row in rows}
        self._domains: dict[str, Provider] = {}
        self._exchangers: dict[str, Provider] = {}
        for row in self._rows.values():
            self._domains.update(dict.fromkeys(row.domains, row))
            self._exchangers.update(dict.fromkeys(row.exchangers, row))

    @property
    def rows(self) -> tuple[Provider, ...]:
        """Every row."""
        return tuple(self._rows.values())

    def for_domain(self, domain: str) -> Provider | None:
        """Find the row of an address's domain (lower case, A-labels), the nearest pattern first."""
        found = self._domains.get(domain)
        for parent in _parents(domain):
            found = found or self._domains.get(f"*.{parent}")
        return found

    def for_server(self, host: str) -> Provider | None:
        """Find the row that names a server: what holds for its accounts."""
        return next(
            (row for row in self._rows.values() if any(one.host == host for one in row.servers)),
            None,
        )

    def for_exchanger(self, host: str) -> Provider | None:
        """Find the row that a mail exchanger's name shows, the nearest domain first."""
        found = self._exchangers.get(host)
        for parent in _parents(host):
            found = found or self._exchangers.get(parent)
        return found


def read_provider_table(operators: Path | None = None) -> ProviderTable:
    """Read Hato's own table, and an operator's over it. Raises InvalidInputError.

    A row of the operator replaces the one with the same id, and takes over the domains it names.
    """
    rows = read_rows(BUILT_IN)
    if operators is not None:
        rows += read_rows(operators)
    return ProviderTable(rows)


def read_rows(path: Path) -> list[Provider]:
    """Read one file. Raises InvalidInputError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # some editors put a mark in front
    except OSError as fault:
        reason = fault.strerror or fault
        raise InvalidInputError(_UNREADABLE, path=path, reason=reason) from fault
    except UnicodeDecodeError as fault:
        raise InvalidInputError(_UNREADABLE, path=path, reason="not UTF-8") from fault
    return rows_from_text(text, path)


def rows_from_text(text: str, path: Path) -> list[Provider]:
    """Turn TOML into rows; `path` is for the sentences. Raises InvalidInputError."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise InvalidInputError(_NOT_TOML, path=path, reason=fault) from fault
    try:
        rows = msgspec.convert(table, _File).provider
    except msgspec.ValidationError as fault:
        reason, place = _where(str(fault), table)
        raise InvalidInputError(_UNFIT, path=path, place=place, reason=reason) from fault
    for place, reason in _slips(rows):
        raise InvalidInputError(_UNFIT, path=path, place=place, reason=reason)
    return list(rows)


def candidates_of(
    provider: Provider,
    address: str,
    *,
    server_name: str | None = None,
    origin: Origin = Origin.TABLE,
    why: Text | None = None,
    needs_consent: bool = False,
) -> list[Candidate]:
    """Turn a row into candidates for an address.

    `server_name` is what the person read at her provider: rows with `%SERVER%` need it, and without
    it (or where it is no host name) such servers are left out; `needs_server_name` tells.
    """
    words = _WHY_TABLE if provider.confirmed else _WHY_TABLE_UNSURE
    stated = words.filled(provider=provider.name.text(), checked=provider.checked)
    found = []
    for preference, server in enumerate(provider.servers):
        host = _host_for(server.host, address, server_name)
        if host is None:
            continue
        found.append(
            Candidate(
                protocol=server.protocol,
                host=host,
                port=server.port,
                tls=server.tls,
                user_name_forms=provider.user_name,
                methods=provider.methods,
                origin=origin,
                why=why or stated,
                preference=preference,
                is_confirmed=provider.confirmed and server.confirmed,
                needs_consent=needs_consent,
                steps=tuple(step.text() for step in provider.steps),
                provider_id=provider.id,
            )
        )
    return found


def needs_server_name(provider: Provider) -> bool:
    """Tell whether the person must say the name of her server before a row is of use."""
    return any(SERVER_MARK in server.host for server in provider.servers)


def _host_for(pattern: str, address: str, server_name: str | None) -> str | None:
    if SERVER_MARK in pattern and server_name is None:
        return None
    text = pattern.replace(DOMAIN_MARK, address.rpartition("@")[2])
    return host_name(text.replace(SERVER_MARK, server_name or ""))


def _parents(name: str) -> Iterator[str]:
    """Yield the domains that a name lies in, the nearest first, the top level left out."""
    rest = name.partition(".")[2]
    while "." in rest:
        yield rest
        rest = rest.partition(".")[2]


def _slips(rows: Iterable[Provider]) -> Iterator[tuple[str, str]]:
    """Yield what the types alone do not show: where it is, and what is wrong."""
    rows = list(rows)
    for what, names in (
        ("id", [row.id for row in rows]),
        ("domains", [name for row in rows for name in row.domains]),
        ("exchangers", [name for row in rows for name in row.exchangers]),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                yield what, f"{name} is there {count} times"
    for row in rows:
        if not row.domains and not row.exchangers:
            yield row.id, "it has neither domains nor exchangers"
        for name in (*row.domains, *row.exchangers):
            if host_name(name.removeprefix("*.")) != name.removeprefix("*."):
                yield f"{row.id}.domains", f"{name} is not a domain in lower case"
        for server in row.servers:
            yield from ((f"{row.id}.servers", reason) for reason in _slips_of(server))


def _slips_of(server: Server) -> Iterator[str]:
    if server.tls is TlsMode.NONE:
        yield f"{server.host} without TLS: a table never sends passwords in clear text"
    sample = server.host.replace(DOMAIN_MARK, "example.org").replace(SERVER_MARK, "s.example.org")
    if host_name(sample) != sample:
        yield f"{server.host} is not a host name"


def _where(sentence: str, table: dict[str, Any]) -> tuple[str, str]:
    """Divide the library's sentence into what is wrong and where, with the row's id if it has one.

    `Expected `int`, got `str` - at `$.provider[3].servers[0].port`` becomes `…` at
    `provider[3] (gmail).servers[0].port`.
    """
    found = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", sentence, re.DOTALL)
    reason, place = (found[1], found[2] or "?") if found else (sentence, "?")
    row = re.match(r"provider\[(\d+)\]", place)
    if row:
        entry = table["provider"][int(row[1])]
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and name.isprintable():
            place = f"{row[0]} ({name}){place[row.end() :]}"
    return reason, place
