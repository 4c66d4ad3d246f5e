"""The accounts of a fetchmailrc, as sources of Hato's.

Called by `hato account import`.
Never carries over what would read less safely than Hato does; says what becomes different.
Standards: fetchmail(1), of version 6.4; RFC 8314 §3 for ports and TLS.
Fails with InvalidInputError for a file that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.moving_in import notes
from hato.services.moving_in.fetchmail_grammar import Server, User, Value, parse_fetchmailrc
from hato.services.moving_in.found import (
    NETRC,
    Found,
    Memory,
    Place,
    Program,
    Reading,
    Refused,
    label_of,
    source_of,
)
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Keeping, Policy

_POP3: Final = {"pop3": (), "sdps": (), "apop": ("APOP",)}
"""Protocols that are POP3, and what they allow besides its better logins."""
_PORTS: Final = {"pop3": 110, "pop-3": 110, "pop3s": 995, "spop3": 995}
_AS_USUAL: Final = frozenset({"any", "password"})
_NO_MAPPING: Final = "*"

_COMMANDS: Final = ("preconnect", "postconnect")
_DIRECT: Final = ("interface", "monitor", "principal")
_DELETES_LESS: Final = ("flush", "limitflush")
_CLIENT_CERTIFICATE: Final = ("sslcert", "sslkey")
_NOT_NEEDED: Final = (
    "dns checkalias uidl tracepolls esmtpname esmtppassword qvirtual bad-header timeout aka "
    "localdomains envelope rewrite stripcr forcecr pass8bits dropstatus dropdelivered mimedecode "
    "idle smtpaddress smtpname properties warnings batchlimit fetchlimit fetchsizelimit fastuidl "
    "expunge folder fetchdomains antispam"
).split()

_LEAST_POLL_SECONDS: Final = 60


def read_fetchmailrc(text: str, place: Place, *, allows_cleartext: bool = False) -> Reading:
    """Read all accounts. Raises InvalidInputError."""
    settings = parse_fetchmailrc(text, place.file)
    reading = Reading(Program.FETCHMAIL, [], [])
    daemon, idfile = settings.globals.get("daemon"), settings.globals.get("idfile")
    own = (place.path_of(str(idfile)),) if idfile else ()
    files = own or (place.file.parent / ".fetchids", place.home / ".fetchids")
    period = int(daemon) if isinstance(daemon, str) and daemon.isdecimal() else 0
    for server in settings.servers:
        for user in server.users:
            account = _Account(server, user, allows_cleartext=allows_cleartext)
            reason = account.refusal()
            if reason is None:
                reading.found.append(account.found(place, files, period))
            else:
                reading.refused.append(Refused(account.label, reason))
    return reading


class _Account:
    """One user of one server."""

    def __init__(self, server: Server, user: User, *, allows_cleartext: bool) -> None:
        self._server = server
        self._user = user
        self._options = server.options | user.options
        self._allows_cleartext = allows_cleartext
        self._host = str(self._options.get("via") or server.label)
        self._protocol = str(self._options.get("protocol", "auto")).lower()
        self.label = label_of(user.login or "", self._host)

    def refusal(self) -> Text | None:
        """Return why the account cannot be moved, or None."""
        program = {"program": "fetchmail"}
        if self._protocol == "auto" and self._port() not in _PORTS.values():
            return notes.PROTOCOL_OPEN
        if self._protocol != "auto" and self._protocol not in _POP3:
            protocol = self._protocol.upper() if self._protocol.isalnum() else "?"
            return notes.NOT_POP3.filled(protocol=protocol, **program)
        if "plugin" in self._options:
            return notes.BY_A_PROGRAM
        if not self._user.login:
            return notes.NO_LOGIN
        return notes.BAD_PORT if self._port() is None and self._names_port() else None

    def found(self, place: Place, files: tuple[object, ...], period: int) -> Found:
        """Return the account as a source."""
        login, password = self._user.login or "", self._options.get("password")
        limit = self._number("limit")
        authorities = self._options.get("sslcertfile")
        interval = max(1, self._number("interval"))
        source = source_of(
            host=self._host,
            port=self._port() or (995 if self._is_wrapped() else 110),
            tls=self._tls(),
            login=login,
            policy=Policy(Keeping.KEEP if self._has("keep") else Keeping.DELETE_WHEN_STORED),
            outdated=self._outdated(),
            ca_file=str(place.path_of(str(authorities))) if authorities else "",
            largest_octets=limit if limit > 0 else None,
            poll_seconds=max(_LEAST_POLL_SECONDS, period * interval) if period else 300,
            is_paused=not self._server.is_active,
        )
        return Found(
            program=Program.FETCHMAIL,
            source=source,
            memory=Memory(tuple(map(place.path_of, map(str, files))), f"{login}@{self._host}"),
            password=Secret(str(password).encode("utf-8", "surrogateescape")) if password else None,
            netrc=None if password else place.home / NETRC,
            notes=tuple(self._notes(source.largest_octets)),
        )

    def _notes(self, largest_octets: int | None) -> Iterator[Text]:
        """Say what becomes different."""
        program = {"program": "fetchmail"}
        if not self._server.is_active:
            yield notes.SKIPPED_THERE.filled(address=self.label)
        yield from self._notes_on_safety()
        if self._options.get("auth", "any") not in {*_AS_USUAL, "cram-md5"}:
            yield notes.LOGIN_METHOD
        names = self._user.local_names
        if len(names) > 1 or _NO_MAPPING in names:
            yield notes.MANY_RECIPIENTS.filled(**program)
        way = next((name for name in ("mda", "bsmtp") if self._has(name)), "smtphost")
        yield notes.DELIVERED_ELSEWHERE.filled(option=way, **program)
        for text, options in (
            (notes.COMMANDS, _COMMANDS),
            (notes.DIRECT, _DIRECT),
            (notes.DELETES_LESS, _DELETES_LESS),
        ):
            if named := [name for name in options if self._has(name)]:
                yield text.filled(options=", ".join(named))
        if self._has("fetchall"):
            yield notes.ONCE_ONLY.filled(option="fetchall", **program)
        if largest_octets:
            yield notes.LARGER_AS_NOTE.filled(octets=largest_octets, **program)
        if unneeded := [name for name in _NOT_NEEDED if name in self._options]:
            yield notes.NOT_NEEDED.filled(options=", ".join(unneeded))

    def _notes_on_safety(self) -> Iterator[Text]:
        """Say what becomes different about encryption and certificates."""
        program = {"program": "fetchmail"}
        if self._tls() is TlsMode.NONE:
            yield notes.NOT_ENCRYPTED
        elif not self._is_wrapped() and self._options.get("sslproto") == "":
            yield notes.ENCRYPTED_NOW.filled(**program)
        elif not self._is_wrapped() and self._may_go_in_clear():
            yield notes.ENCRYPTED_IN_ANY_CASE.filled(**program)
        if self._options.get("sslcertck") is False:
            yield notes.VERIFIED_NOW.filled(**program)
        if self._has("sslcertpath"):
            yield notes.AUTHORITIES_FOLDER.filled(option="sslcertpath")
        if self._has("sslfingerprint"):
            yield notes.OLD_FINGERPRINT.filled(option="sslfingerprint")
        if any(map(self._has, _CLIENT_CERTIFICATE)):
            yield notes.CLIENT_CERTIFICATE.filled(option="sslcert")
        if self._has("sslcommonname"):
            yield notes.OTHER_NAME.filled(option="sslcommonname")

    def _tls(self) -> TlsMode:
        """Return how the connection is protected: never less than it was."""
        if self._is_wrapped():
            return TlsMode.IMPLICIT
        in_clear = self._options.get("sslproto") == "" and self._allows_cleartext
        return TlsMode.NONE if in_clear else TlsMode.STARTTLS

    def _may_go_in_clear(self) -> bool:
        """Tell whether fetchmail would go on without TLS where a server has none.

        Checking certificates, which version 6.4 does by default, it would not.
        """
        return "sslproto" not in self._options and self._options.get("sslcertck") is False

    def _is_wrapped(self) -> bool:
        return self._has("ssl")

    def _outdated(self) -> tuple[str, ...]:
        """Return the logins that only a person's own wish allows."""
        own = ("CRAM-MD5",) if self._options.get("auth") == "cram-md5" else ()
        return (*_POP3.get(self._protocol, ()), *own)

    def _port(self) -> int | None:
        """Return the port that is named, or None."""
        port: Value | None = self._options.get("port") or self._options.get("service")
        if isinstance(port, str):
            port = int(port) if port.isdecimal() and len(port) < 6 else _PORTS.get(port.lower())
        return port if isinstance(port, int) and 0 < port < 65_536 else None

    def _names_port(self) -> bool:
        return bool(self._options.get("port") or self._options.get("service"))

    def _number(self, name: str) -> int:
        """Return an option that is a number; 0 where it is not set."""
        value = self._options.get(name)
        return value if isinstance(value, int) else 0

    def _has(self, name: str) -> bool:
        return bool(self._options.get(name))
