"""Which ways to log in a server offers, and what each of them proves.

Called by the provider doctor.
Never takes a method for usable because it is offered: the provider may refuse it all the same.
Standards: RFC 2449 §6.2 and §6.3, RFC 5034 §3 (POP3); RFC 3501 §7.2.1 (IMAP); RFC 4954 §3 (SMTP).
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hato.services.settings_finder.candidate import LoginMethod, Protocol

_TOKENS: Final = frozenset({"XOAUTH2", "OAUTHBEARER"})
_CHALLENGES: Final = frozenset({"CRAM-MD5", "DIGEST-MD5", "APOP"})
_PASSWORDS: Final = frozenset(
    {"USER", "PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256"}
    | {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS"}
)
USER_BESIDE_TOKENS: Final = "USER"
"""Dovecot with OAuth2 alone names USER all the same, and then takes no password: beside SASL that
has tokens only, it counts for nothing."""


def offered_methods(
    protocol: Protocol, abilities: tuple[str, ...] | None, *, offers_apop: bool = False
) -> tuple[str, ...]:
    """Return the names of the methods, in capitals, in the server's order.

    `abilities`: as the server says them; None: it does not say. USER stands for POP3's USER and
    PASS, LOGIN without SASL for IMAP's command of that name.
    """
    found = _READERS[protocol](abilities)
    return tuple(dict.fromkeys([*found, *(["APOP"] if offers_apop else [])]))


def proves(method: str) -> LoginMethod | None:
    """Return what a method proves a person by; None: something that Hato does not know."""
    if method in _TOKENS:
        return LoginMethod.OAUTH2
    if method in _CHALLENGES:
        return LoginMethod.CHALLENGE
    return LoginMethod.PASSWORD if method in _PASSWORDS else None


def usable_methods(methods: Iterable[str], taken: tuple[LoginMethod, ...]) -> tuple[str, ...]:
    """Return those by which an account can log in.

    `taken`: what the provider takes, as the table knows it; empty: nothing is known.
    """
    kinds = set(taken) or {LoginMethod.PASSWORD, LoginMethod.OAUTH2}
    if LoginMethod.APP_PASSWORD in kinds:
        kinds.add(LoginMethod.PASSWORD)
    return tuple(method for method in methods if proves(method) in kinds)


def _of_pop3(abilities: tuple[str, ...] | None) -> list[str]:
    if abilities is None:  # a server without CAPA knows USER and PASS
        return ["USER"]
    rows = [line.upper().split() for line in abilities]
    found = [word for row in rows if row[:1] == ["SASL"] for word in row[1:]]
    if found and _TOKENS.issuperset(found):
        rows = [row for row in rows if row != [USER_BESIDE_TOKENS]]
    return [*found, *(["USER"] if ["USER"] in rows else [])]


def _of_imap(abilities: tuple[str, ...] | None) -> list[str]:
    words = [word.upper() for word in abilities or ()]
    found = [word.removeprefix("AUTH=") for word in words if word.startswith("AUTH=")]
    return found if "LOGINDISABLED" in words or not words else [*found, "LOGIN"]


def _of_smtp(abilities: tuple[str, ...] | None) -> list[str]:
    rows = [line.upper().replace("=", " ").split() for line in abilities or ()]
    return [word for row in rows if row[:1] == ["AUTH"] for word in row[1:]]


_READERS: Final = {
    Protocol.POP3: _of_pop3,
    Protocol.IMAP: _of_imap,
    Protocol.SUBMISSION: _of_smtp,
}
