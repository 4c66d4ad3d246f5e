"""What a domain publishes for mail programs: Mozilla's config-v1.1, read with suspicion.

Called by the settings finder with the octets that an HTTPS server gave, and for the URLs to ask.
Never fetches anything; never follows an entity, a document type or anything else out of the text.
Standards: Mozilla's autoconfiguration format, version 1.1; XML 1.0 without document types.
Fails never: garbage gives an answer without servers, with the reason in a sentence.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

import msgspec

from hato.core import limits
from hato.core.language import Text
from hato.services.settings_finder.candidate import (
    FETCHING,
    Candidate,
    LoginMethod,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
)
from hato.services.settings_finder.config_elements import (
    ServerElement,
    UnfitAnswerError,
    read_elements,
)
from hato.services.settings_finder.host_names import host_name

_NO_SERVERS: Final = Text(
    en="the answer names no mail server that can be used",
    ja="回答に使えるメールサーバーがありません",
)
_WHY_DOMAIN: Final = Text(
    en="{domain} publishes these settings for mail programs",
    ja="{domain} がメールソフト向けに公開している設定です",
)
_WHY_ISPDB: Final = Text(
    en="Thunderbird's database of providers lists these settings for {domain}",
    ja="Thunderbird のプロバイダーデータベースにある {domain} の設定です",
)

_ISPDB: Final = "https://autoconfig.thunderbird.net/v1.1/"
_PROTOCOLS: Final = {"pop3": Protocol.POP3, "imap": Protocol.IMAP, "smtp": Protocol.SUBMISSION}
_MODES: Final = {"ssl": TlsMode.IMPLICIT, "starttls": TlsMode.STARTTLS, "plain": TlsMode.NONE}
_METHODS: Final = {
    "password-cleartext": LoginMethod.PASSWORD,
    "plain": LoginMethod.PASSWORD,  # its name in older files
    "password-encrypted": LoginMethod.CHALLENGE,
    "secure": LoginMethod.CHALLENGE,  # its name in older files
    "oauth2": LoginMethod.OAUTH2,
}
_MARK: Final = re.compile(r"%[A-Z][A-Z0-9_]*%")
_USER_NAME_CHARACTERS: Final = limits.LOGIN_NAME_OCTETS


class OAuth2Endpoints(msgspec.Struct, frozen=True):
    """Where tokens come from, as far as an answer says; every address is an HTTPS one."""

    issuer: str
    scopes: tuple[str, ...]
    authorization_url: str
    token_url: str


class AutoconfigAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says."""

    incoming: tuple[Candidate, ...] = ()
    """In the order of the answer; those without TLS too: `rank` leaves them out."""
    outgoing: tuple[Candidate, ...] = ()
    oauth2: OAuth2Endpoints | None = None
    help_urls: tuple[str, ...] = ()
    """Pages that say what must be switched on, and how; HTTPS only."""
    least_minutes_between_logins: int = 0
    """POP3 servers that refuse to be asked more often (web.de: 15)."""
    reason: Text | None = None
    """Why there is nothing."""


class _Person(msgspec.Struct, frozen=True):
    """Whose answer is read, and who gave it."""

    address: str
    origin: Origin
    why: Text

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def fill(self, text: str) -> str:
        """Put the person's address where the answer leaves room for it."""
        marks = {
            "%EMAILADDRESS%": self.address,
            "%EMAILLOCALPART%": self.address.rpartition("@")[0],
            "%EMAILDOMAIN%": self.domain,
        }
        return _MARK.sub(lambda mark: marks.get(mark[0], mark[0]), text)


def autoconfig_urls(address: str) -> tuple[tuple[Origin, str], ...]:
    """Return where to ask about a normalised address, in order.

    Only the address's own domain learns the address; the database learns the domain.
    """
    domain = address.rpartition("@")[2]
    person = quote(address, safe="")
    file = "mail/config-v1.1.xml"
    return (
        (Origin.AUTOCONFIG, f"https://autoconfig.{domain}/{file}?emailaddress={person}"),
        (Origin.AUTOCONFIG, f"https://{domain}/.well-known/autoconfig/{file}"),
        (Origin.ISPDB, f"{_ISPDB}{domain}"),
    )


def exchanger_urls(exchanger: str) -> tuple[tuple[Origin, str], ...]:
    """Return where to ask about the provider behind a mail exchanger (lower case), in order.

    Only the database is asked, for each domain that the name lies in: who runs the host names its
    own domains there, and nobody else's server is believed because of an unsigned MX record.
    """
    labels = exchanger.split(".")
    parents = (".".join(labels[start:]) for start in range(1, len(labels) - 1))
    return tuple((Origin.ISPDB, f"{_ISPDB}{parent}") for parent in parents)


def read_autoconfig(
    octets: bytes, address: str, origin: Origin = Origin.AUTOCONFIG
) -> AutoconfigAnswer:
    """Read an answer about a normalised address."""
    try:
        elements = read_elements(octets)
    except UnfitAnswerError as fault:
        return AutoconfigAnswer(reason=fault.text)
    words = _WHY_ISPDB if origin is Origin.ISPDB else _WHY_DOMAIN
    domain = address.rpartition("@")[2]
    person = _Person(address, origin, words.filled(domain=domain))
    found = [
        candidate
        for place, server in enumerate(elements.servers)
        if (candidate := _candidate(server, place, person))
    ]
    incoming = tuple(c for c in found if c.protocol in FETCHING)
    return AutoconfigAnswer(
        incoming=incoming,
        outgoing=tuple(c for c in found if c.protocol not in FETCHING),
        oauth2=_oauth2(elements.oauth2),
        help_urls=tuple(filter(_is_https, elements.help_urls)),
        least_minutes_between_logins=_minutes(elements.check_minutes),
        reason=None if incoming else _NO_SERVERS,
    )


def _candidate(server: ServerElement, place: int, person: _Person) -> Candidate | None:
    """Turn a server's element into a candidate; None where something of it is missing or wrong."""
    protocol = _PROTOCOLS.get(server.kind)
    mode = _MODES.get(server.socket_type.lower())
    host = host_name(person.fill(server.host))
    port = _number(server.port)
    if protocol is None or mode is None or host is None or not 1 <= port <= 65_535:
        return None
    name = person.fill(server.user_name)
    methods = (_METHODS.get(word.lower()) for word in server.authentication)
    return Candidate(
        protocol=protocol,
        host=host,
        port=port,
        tls=mode,
        user_name_forms=(_form_of(server.user_name, name),),
        user_name=name if _form_of(server.user_name, name) is UserNameForm.GIVEN else "",
        methods=tuple(dict.fromkeys(method for method in methods if method)),
        origin=person.origin,
        why=person.why,
        preference=place,
    )


def _form_of(pattern: str, name: str) -> UserNameForm:
    if pattern == "%EMAILADDRESS%":
        return UserNameForm.ADDRESS
    if pattern == "%EMAILLOCALPART%":
        return UserNameForm.LOCAL_PART
    is_fit = name.isprintable() and 0 < len(name) <= _USER_NAME_CHARACTERS
    return UserNameForm.GIVEN if is_fit and not _MARK.search(name) else UserNameForm.ASKED


def _oauth2(parts: dict[str, str]) -> OAuth2Endpoints | None:
    authorization_url, token_url = parts.get("authURL", ""), parts.get("tokenURL", "")
    issuer, scope = parts.get("issuer", ""), parts.get("scope", "")
    if not (_is_https(authorization_url) and _is_https(token_url)):
        return None
    if not (issuer.isprintable() and scope.isprintable()):
        return None
    return OAuth2Endpoints(issuer, tuple(scope.split()), authorization_url, token_url)


def _is_https(url: str) -> bool:
    return re.fullmatch(r"https://[\x21-\x7e]{1,2000}", url) is not None


def _number(text: str) -> int:
    """Read a few ASCII digits; -1 for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else -1


def _minutes(texts: list[str]) -> int:
    """Return the longest interval that was asked for, a day at most."""
    return min(max([0, *map(_number, texts)]), 1_440)
