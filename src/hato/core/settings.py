"""What an operator decides: the shape of `hato.toml`, with every default.

Called by the composition root and the command line; parts are handed to whoever needs them.
Never reads a file or the environment: `core.settings_file` does.
Standards: none.
Fails never: `core.settings_file` refuses what does not fit.
"""

from __future__ import annotations

import msgspec

from hato.core import limits
from hato.core.language import Language


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
    apop: bool = False
    """Offer APOP and keep recoverable secrets for it."""


class Proxy(Part, frozen=True):
    """Load balancers in front of us."""

    trusted: tuple[str, ...] = ()
    """Addresses and networks that must begin each connection with a PROXY header (v1 or v2)."""


class StoreSettings(Part, frozen=True):
    """How mail is kept."""

    undelete_seconds: int = limits.SOFT_DELETE_SECONDS
    segment_octets: int = limits.SEGMENT_OCTETS
    free_space_octets: int = limits.FREE_SPACE_OCTETS


class Limits(Part, frozen=True):
    """The limits that an operator may change; the reasons stand in `core.limits`."""

    login_seconds: float = limits.LOGIN_SECONDS
    tls_handshake_seconds: float = limits.TLS_HANDSHAKE_SECONDS
    idle_seconds: float = limits.IDLE_SECONDS
    lmtp_idle_seconds: float = limits.LMTP_IDLE_SECONDS
    stalled_write_seconds: float = limits.STALLED_WRITE_SECONDS
    connections_per_address: int = limits.CONNECTIONS_PER_ADDRESS
    connections_per_person: int = limits.CONNECTIONS_PER_PERSON
    connections_total: int = limits.CONNECTIONS_TOTAL
    login_failures_per_minute: int = limits.LOGIN_FAILURES_PER_MINUTE
    login_failures_per_day: int = limits.LOGIN_FAILURES_PER_DAY
    failed_login_seconds: float = limits.FAILED_LOGIN_SECONDS
    message_octets: int = limits.MESSAGE_OCTETS
    recipients_per_message: int = limits.RECIPIENTS_PER_MESSAGE
    shutdown_seconds: float = 30.0
    """How long running downloads may take to finish when the server stops."""


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
    workers: int = 0
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
    log: Log = Log()
