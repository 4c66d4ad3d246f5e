"""What an operator decides: the shape of `hato.toml`, with every default.

Called by the composition root and the command line; parts are handed to whoever needs them.
Never reads a file or the environment: `core.settings_file` does.
Standards: none.
Fails never: `core.settings_file` refuses what does not fit.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from hato.core import limits
from hato.core.language import Language

_MOST: Final = 1 << 53
"""Larger numbers are slips of the finger."""

Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
NotNegative: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=31_536_000.0)]
"""Up to a year."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of `hato.toml`: unknown keys are errors."""


class TlsName(Part, frozen=True):
    """One more certificate, chosen by the name that a client asks for (SNI)."""

    certificate: str
    key: str


class Tls(Part, frozen=True):
    """Certificates; PEM files, read again when they change."""

    certificate: str = ""
    key: str = ""
    names: tuple[TlsName, ...] = ()


class Listen(Part, frozen=True):
    """Where each protocol listens: `address:port`, `[address]:port`; LMTP also `unix:/path`."""

    pop3: tuple[str, ...] = ()
    pop3s: tuple[str, ...] = ()
    imap: tuple[str, ...] = ()
    imaps: tuple[str, ...] = ()
    smtp: tuple[str, ...] = ()
    submission: tuple[str, ...] = ()
    submissions: tuple[str, ...] = ()
    lmtp: tuple[str, ...] = ()
    http: tuple[str, ...] = ()
    https: tuple[str, ...] = ()


class Auth(Part, frozen=True):
    """Who may log in how."""

    allow_plaintext_from: tuple[str, ...] = ()
    """Addresses and networks that may log in without TLS, knowing it."""
    scram: bool = True
    """Offer SCRAM. People whose imported hash is not yet ours cannot use it: off while many are."""
    scram_plus: bool = True
    """Offer SCRAM bound to the TLS connection: off for clients that choose it and cannot do it."""
    apop: bool = False
    """Offer APOP and keep recoverable secrets for it."""


class Proxy(Part, frozen=True):
    """Load balancers in front of us."""

    trusted: tuple[str, ...] = ()
    """Addresses and networks that must begin each connection with a PROXY header (v1 or v2)."""


class StoreSettings(Part, frozen=True):
    """How mail is kept."""

    undelete_seconds: NotNegative = limits.SOFT_DELETE_SECONDS
    segment_octets: Positive = limits.SEGMENT_OCTETS
    free_space_octets: Annotated[int, msgspec.Meta(ge=limits.LEAST_FREE_SPACE_OCTETS)] = (
        limits.FREE_SPACE_OCTETS
    )


class Limits(Part, frozen=True):
    """The limits that an operator may change; the reasons stand in `core.limits`."""

    login_seconds: Seconds = limits.LOGIN_SECONDS
    tls_handshake_seconds: Seconds = limits.TLS_HANDSHAKE_SECONDS
    idle_seconds: Seconds = limits.IDLE_SECONDS
    lmtp_idle_seconds: Seconds = limits.LMTP_IDLE_SECONDS
    stalled_write_seconds: Seconds = limits.STALLED_WRITE_SECONDS
    connections_per_address: Positive = limits.CONNECTIONS_PER_ADDRESS
    connections_per_person: Positive = limits.CONNECTIONS_PER_PERSON
    connections_total: Positive = limits.CONNECTIONS_TOTAL
    login_failures_per_minute: Positive = limits.LOGIN_FAILURES_PER_MINUTE
    login_failures_per_day: Positive = limits.LOGIN_FAILURES_PER_DAY
    failed_login_seconds: Seconds = limits.FAILED_LOGIN_SECONDS
    message_octets: Positive = limits.MESSAGE_OCTETS
    recipients_per_message: Positive = limits.RECIPIENTS_PER_MESSAGE
    shutdown_seconds: Seconds = 30.0
    """How long running downloads may take to finish when the server stops."""


class Discovery(Part, frozen=True):
    """How the servers of accounts elsewhere are found."""

    dns_servers: tuple[str, ...] = ()
    """`address` or `address:port`, instead of the system's."""
    reachable_networks: tuple[str, ...] = ()
    """Private networks that discovery may reach, such as a company's own."""


class Log(Part, frozen=True):
    """What is written about events, to standard error."""

    level: str = "info"
    format: str = "auto"
    """`text`, `json`, or `auto`: text on a terminal, JSON elsewhere."""


class Settings(Part, frozen=True):
    """Everything in `hato.toml`."""

    hostname: str = ""
    """The name of this server in greetings; empty: the machine's own."""
    data: str = "/var/lib/hato"
    workers: Annotated[int, msgspec.Meta(ge=0, le=limits.WORKERS)] = 0
    """Processes that serve; 0 is one per core."""
    user: str = ""
    """Whom to become after binding, when started as root; empty: stay."""
    language: Language = Language.ENGLISH
    """The language of replies to people who have not chosen one."""
    tls: Tls = Tls()
    listen: Listen = Listen()
    auth: Auth = Auth()
    proxy: Proxy = Proxy()
    store: StoreSettings = StoreSettings()
    limits: Limits = Limits()
    discovery: Discovery = Discovery()
    log: Log = Log()
