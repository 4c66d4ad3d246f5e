"""One possible setting for an account elsewhere, and which of several is tried first.

Called by everything in services.settings_finder; its caller tests candidates by logging in.
Never opens a connection, never believes a candidate: only a login does.
Standards: RFC 6186 §3.4, §4 (order, user names), RFC 8314 §3, §5.1 (TLS from the start first).
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from hato.core.language import Text


class Protocol(StrEnum):
    """What is spoken with the server."""

    POP3 = "pop3"
    IMAP = "imap"
    SUBMISSION = "submission"
    """SMTP for sending; found on the way and kept for later."""


FETCHING: Final = frozenset({Protocol.POP3, Protocol.IMAP})


class TlsMode(StrEnum):
    """How the connection is protected; the values are those of `--tls`."""

    IMPLICIT = "implicit"
    """TLS from the first octet (995, 993, 465)."""
    STARTTLS = "starttls"
    """STLS or STARTTLS, and nothing without it (110, 143, 587)."""
    NONE = "none"
    """Readable by everybody on the way: only where the person says so, knowing it."""


class UserNameForm(StrEnum):
    """What a server takes for a user name."""

    ADDRESS = "address"
    LOCAL_PART = "local_part"
    GIVEN = "given"
    """Written out in the candidate's `user_name`."""
    ASKED = "asked"
    """A name that only the person and the provider know."""


class LoginMethod(StrEnum):
    """How a person proves who she is."""

    PASSWORD = "password"  # noqa: S105 - the word, no secret
    APP_PASSWORD = "app_password"  # noqa: S105 - the word, no secret
    """A password that the provider makes for one program; the main one is refused."""
    OAUTH2 = "oauth2"
    CHALLENGE = "challenge"
    """CRAM-MD5, APOP: the password stays here, but the server must keep it readable."""


class Origin(StrEnum):
    """Who says so; the best first."""

    NAMED = "named"
    """The person."""
    TABLE = "table"
    SERVICE_RECORD = "service_record"
    AUTOCONFIG = "autoconfig"
    """The domain itself, over HTTPS."""
    ISPDB = "ispdb"
    MAIL_EXCHANGER = "mail_exchanger"
    GUESS = "guess"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One possible setting."""

    protocol: Protocol
    host: str
    """A full DNS name in lower case; of the person's own settings also an address."""
    port: int
    tls: TlsMode
    user_name_forms: tuple[UserNameForm, ...]
    """To be tried in this order."""
    methods: tuple[LoginMethod, ...]
    """What is known of the methods, the best first; empty: the server's capabilities tell."""
    origin: Origin
    why: Text
    """Where it comes from, in a sentence for the person."""
    preference: int = 0
    """Its place among those of the same origin; smaller is better."""
    is_confirmed: bool = True
    """False where the table itself is not sure."""
    needs_consent: bool = False
    """The person is asked first: an unsigned DNS answer led to somebody else's host."""
    user_name: str = ""
    steps: tuple[Text, ...] = ()
    """What must be switched on or made at the provider."""
    provider_id: str = ""

    def user_names(self, address: str) -> tuple[str, ...]:
        """Return the names to log in with, in order; empty where the person must say it.

        RFC 6186 §4: the whole address first, then what stands before the `@`.
        """
        names = {
            UserNameForm.ADDRESS: address,
            UserNameForm.LOCAL_PART: address.rpartition("@")[0],
            UserNameForm.GIVEN: self.user_name,
        }
        return tuple(dict.fromkeys(names[form] for form in self.user_name_forms if form in names))

    def in_words(self) -> Text:
        """Say host, port and encryption in plain words."""
        return _IN_WORDS[self.tls].filled(protocol=_NAMES[self.protocol], **self._place())

    def _place(self) -> dict[str, object]:
        return {"host": self.host, "port": self.port}


_NAMES: Final = {Protocol.POP3: "POP3", Protocol.IMAP: "IMAP", Protocol.SUBMISSION: "SMTP"}
_IN_WORDS: Final = {
    TlsMode.IMPLICIT: Text(
        en="{protocol} on {host}, port {port}, encrypted from the start",
        ja="{host} のポート {port}({protocol}、最初から暗号化)",
    ),
    TlsMode.STARTTLS: Text(
        en="{protocol} on {host}, port {port}, encrypted before the login (STARTTLS required)",
        ja="{host} のポート {port}({protocol}、ログインの前に必ず暗号化: STARTTLS)",
    ),
    TlsMode.NONE: Text(
        en="{protocol} on {host}, port {port}, NOT encrypted: others can read password and mail",
        ja="{host} のポート {port}({protocol}、暗号化なし: パスワードもメールも他人に読まれます)",
    ),
}

_UNSURE: Final = {Origin.MAIL_EXCHANGER: 1, Origin.GUESS: 2}
"""A domain's mail exchangers are a hint, as is a row that nobody confirmed; usual names are not
even that. All others state it."""
_ORIGINS: Final = tuple(Origin)
_MODES: Final = tuple(TlsMode)


def rank(
    candidates: Iterable[Candidate],
    wanted: Protocol | None = None,
    *,
    is_cleartext_allowed: bool = False,
) -> list[Candidate]:
    """Return what is to be tried, the best first.

    Only the protocol that the person wants (POP3 and IMAP where she does not care: nobody may
    change it behind her back, RFC 6186 §4); nothing in clear text unless she allows it, and then
    last. What somebody stated goes before a hint, a hint before a guess; TLS from the start before
    STARTTLS (RFC 8314 §5.1), whatever priority its publisher gave it; then the origin, and the
    publisher's own order. Of equal settings the best one stays.
    """
    protocols = FETCHING if wanted is None else {wanted}
    kept = [
        candidate
        for candidate in candidates
        if candidate.protocol in protocols
        and (is_cleartext_allowed or candidate.tls is not TlsMode.NONE)
    ]
    best: dict[tuple[Protocol, str, int, TlsMode], Candidate] = {}
    for candidate in sorted(kept, key=_order):
        place = (candidate.protocol, candidate.host, candidate.port, candidate.tls)
        best.setdefault(place, candidate)
    return list(best.values())


def _order(candidate: Candidate) -> tuple[bool, int, int, int, int]:
    return (
        candidate.tls is TlsMode.NONE,
        _UNSURE.get(candidate.origin, 0 if candidate.is_confirmed else 1),
        _MODES.index(candidate.tls),
        _ORIGINS.index(candidate.origin),
        candidate.preference,
    )
