"""The account of a getmailrc, as a source of Hato's.

Called by `hato account import`, once for each file: getmail has one account a file.
Never carries over what would read less safely than Hato does; says what becomes different.
Standards: getmail 6's configuration document; RFC 8314 §3 for ports and TLS.
Fails with InvalidInputError for a file that is none.
"""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.moving_in import notes
from hato.services.moving_in.found import (
    NETRC,
    Found,
    Memory,
    Place,
    Program,
    Reading,
    Refused,
    label_of,
    readable,
    source_of,
)
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Keeping, Policy

_NOT_GETMAIL: Final = Text(
    en="{file} is no file of getmail that can be read: correct it and import again.",
    ja="{file} は getmail の設定として読めません。直してからもう一度引き継いでください。",
)
_POP3_TYPE: Final = re.compile(r"(Simple|BrokenUIDL|Multidrop)(POP3|POP3SSL|SDPS)Retriever")
_YES: Final = frozenset({"1", "yes", "true", "on"})
_SHA256: Final = re.compile(r"(?:[0-9A-F]{2}:?){31}[0-9A-F]{2}", re.IGNORECASE)
_USED: Final = frozenset(
    "type server username password port ca_certs ssl_fingerprints use_apop password_command "
    "certfile keyfile ssl_cert_hostname envelope_recipient".split()
)
_USED_OPTIONS: Final = frozenset(
    "delete delete_after max_message_size read_all use_netrc netrc_file delete_bigger_than".split()
)
_TUPLE_CHARACTERS: Final = 10_000
_SECTION, _OPTIONS, _DESTINATION = "retriever", "options", "destination"


def read_getmailrc(text: str, place: Place, *, allows_cleartext: bool = False) -> Reading:
    """Read the account. Raises InvalidInputError."""
    settings = configparser.RawConfigParser(strict=True)
    try:
        settings.read_string(text)
        is_getmails = settings.has_section(_SECTION)
    except (configparser.Error, ValueError) as fault:
        raise InvalidInputError(_NOT_GETMAIL, file=place.file) from fault
    if not is_getmails:
        raise InvalidInputError(_NOT_GETMAIL, file=place.file)
    account = _Account(settings, place, allows_cleartext=allows_cleartext)
    reason = account.refusal()
    if reason is not None:
        return Reading(Program.GETMAIL, [], [Refused(account.label, reason)])
    return Reading(Program.GETMAIL, [account.found()], [])


class _Account:
    """What one file says."""

    def __init__(
        self, settings: configparser.RawConfigParser, place: Place, *, allows_cleartext: bool
    ) -> None:
        self._settings = settings
        self._place = place
        self._allows_cleartext = allows_cleartext
        self._type = self._value("type")
        self._kind = _POP3_TYPE.fullmatch(self._type)
        self._host, self._login = self._value("server"), self._value("username")
        self.label = label_of(self._login, self._host)

    def refusal(self) -> Text | None:
        """Return why the account cannot be moved, or None."""
        if self._kind is None:
            protocol = "IMAP" if "IMAP" in self._type else "?"
            return notes.NOT_POP3.filled(program="getmail", protocol=protocol)
        if not self._host:
            return notes.NO_HOST
        if not self._login:
            return notes.NO_LOGIN
        return None if self._port() else notes.BAD_PORT

    def found(self) -> Found:
        """Return the account as a source."""
        password = self._value("password")
        authorities = self._value("ca_certs")
        maildir = self._maildir()
        source = source_of(
            host=self._host,
            port=self._port(),
            tls=self._tls(),
            login=self._login,
            policy=self._policy(),
            outdated=("APOP",) if self._is_on("use_apop") else (),
            pinned_sha256=self._pin(),
            ca_file=str(self._path_of(authorities)) if authorities else "",
            largest_octets=self._number("max_message_size") or None,
            maildir=str(maildir) if maildir else "",
        )
        return Found(
            program=Program.GETMAIL,
            source=source,
            memory=Memory(self._memory_files()),
            password=Secret(password.encode("utf-8", "surrogateescape")) if password else None,
            password_command=() if password else _tuple_of(self._value("password_command")),
            netrc=None if password else self._netrc(),
            notes=tuple(self._notes(maildir)),
        )

    def _notes(self, maildir: Path | None) -> Iterator[Text]:
        """Say what becomes different."""
        program = {"program": "getmail"}
        yield from self._notes_on_safety()
        if self._type.startswith("Multidrop"):
            yield notes.MANY_RECIPIENTS.filled(**program)
        if maildir is not None:
            yield notes.MAILDIR_AS_WELL.filled(path=readable(str(maildir)))
        else:
            yield notes.DELIVERED_ELSEWHERE.filled(option=_DESTINATION, **program)
        sections = [name for name in self._settings.sections() if name.startswith("filter")]
        if sections:
            yield notes.COMMANDS.filled(options="filter")
        if self._number("delete_bigger_than"):
            yield notes.DELETES_LESS.filled(options="delete_bigger_than")
        if self._is_on("read_all", _OPTIONS, default=True) and not self._is_on("delete", _OPTIONS):
            yield notes.ONCE_ONLY.filled(option="read_all", **program)
        if octets := self._number("max_message_size"):
            yield notes.LARGER_AS_NOTE.filled(octets=octets, **program)
        unneeded = self._unused(_SECTION, _USED) + self._unused(_OPTIONS, _USED_OPTIONS)
        if unneeded:
            yield notes.NOT_NEEDED.filled(options=", ".join(unneeded))

    def _notes_on_safety(self) -> Iterator[Text]:
        """Say what becomes different about encryption and certificates."""
        program = {"program": "getmail"}
        if self._tls() is TlsMode.NONE:
            yield notes.NOT_ENCRYPTED
        elif self._tls() is TlsMode.STARTTLS:
            yield notes.ENCRYPTED_NOW.filled(**program)
        elif not self._value("ca_certs") and not self._pin():
            yield notes.VERIFIED_NOW.filled(**program)
        if self._value("ssl_fingerprints") and not self._pin():
            yield notes.OLD_FINGERPRINT.filled(option="ssl_fingerprints")
        if self._value("certfile") or self._value("keyfile"):
            yield notes.CLIENT_CERTIFICATE.filled(option="certfile")
        if self._value("ssl_cert_hostname"):
            yield notes.OTHER_NAME.filled(option="ssl_cert_hostname")

    def _tls(self) -> TlsMode:
        """Return how the connection is protected; getmail does not know STLS."""
        if self._is_wrapped():
            return TlsMode.IMPLICIT
        return TlsMode.NONE if self._allows_cleartext else TlsMode.STARTTLS

    def _is_wrapped(self) -> bool:
        return self._kind is not None and self._kind[2] == "POP3SSL"

    def _port(self) -> int:
        """Return the port; 0 where it is none."""
        text = self._value("port") or ("995" if self._is_wrapped() else "110")
        port = int(text) if text.isdecimal() and len(text) < 6 else 0
        return port if port < 65_536 else 0

    def _policy(self) -> Policy:
        """Return what becomes of letters at the server."""
        if self._is_on("delete", _OPTIONS):
            return Policy(Keeping.DELETE_WHEN_STORED)
        days = self._number("delete_after")
        return Policy(Keeping.DELETE_AFTER_DAYS, days) if days else Policy(Keeping.KEEP)

    def _pin(self) -> str:
        """Return the one SHA-256 fingerprint that is given, if it is one."""
        prints = _tuple_of(self._value("ssl_fingerprints"))
        if len(prints) == 1 and _SHA256.fullmatch(prints[0]):
            return prints[0].replace(":", "").lower()
        return ""

    def _maildir(self) -> Path | None:
        """Return the Maildir that letters go to, where it is one."""
        if self._value("type", _DESTINATION) != "Maildir":
            return None
        path = self._value("path", _DESTINATION)
        return self._path_of(path) if path and not self._value("user", _DESTINATION) else None

    def _netrc(self) -> Path | None:
        """Return the file that may have the password, where getmail would read one."""
        if not self._is_on("use_netrc", _OPTIONS):
            return None
        named = self._value("netrc_file", _OPTIONS)
        return self._path_of(named) if named else self._place.home / NETRC

    def _memory_files(self) -> tuple[Path, ...]:
        """Return where getmail's memory may be: its name has neither `/` nor `:` in it."""
        name = re.sub("[/:]", "-", f"oldmail-{self._value('server')}-{self._port()}-{self._login}")
        older = name.replace("\\", "-")
        folders = (
            self._place.file.parent,
            self._place.home / ".config" / "getmail",
            self._place.home / ".getmail",
        )
        names = dict.fromkeys((name, older))
        return tuple(folder / one for folder in dict.fromkeys(folders) for one in names)

    def _unused(self, section: str, used: frozenset[str]) -> list[str]:
        """Name the settings of a section that Hato has no use for."""
        if not self._settings.has_section(section):
            return []
        names = [name for name in self._settings.options(section) if name not in used]
        return [name for name in names if re.fullmatch(r"[a-z_]{1,40}", name)]

    def _path_of(self, text: str) -> Path:
        return self._place.path_of(text, knows_variables=True)

    def _value(self, name: str, section: str = _SECTION) -> str:
        return self._settings.get(section, name, fallback="").strip()

    def _number(self, name: str) -> int:
        text = self._value(name, _OPTIONS)
        return int(text) if text.isdecimal() and len(text) < 16 else 0

    def _is_on(self, name: str, section: str = _SECTION, *, default: bool = False) -> bool:
        text = self._value(name, section).lower()
        return text in _YES if text else default


def _tuple_of(text: str) -> tuple[str, ...]:
    """Read Python's way of writing strings in parentheses; what is none is empty."""
    try:
        value = ast.literal_eval(text) if 0 < len(text) <= _TUPLE_CHARACTERS else ()
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(value, str):
        return (value,)
    is_of_strings = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    return value if is_of_strings else ()
