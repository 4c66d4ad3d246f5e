"""The accounts of an mpoprc, as sources of Hato's.

Called by `hato account import`.
Never carries over what would read less safely than Hato does; says what becomes different.
Standards: mpop(1), of version 1.4; RFC 8314 §3 for ports and TLS.
Fails with InvalidInputError for a file that is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

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
from hato.services.moving_in.memories import key_of_mpop
from hato.services.moving_in.mpop_grammar import Account, parse_mpoprc
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Keeping, Policy, Proof

_DEFAULTS: Final = {
    "tls": "off",
    "tls_starttls": "on",
    "tls_certcheck": "on",
    "tls_trust_file": "system",
    "auth": "on",
    "keep": "off",
    "only_new": "on",
    "uidls_file": "~/.mpop_uidls/%U_at_%H",
}
_PORTS: Final = {"pop3": 110, "pop3s": 995}
_OUTDATED: Final = {"apop": "APOP", "cram-md5": "CRAM-MD5"}
_TOKENS: Final = frozenset({"oauthbearer", "xoauth2"})
_AS_USUAL: Final = frozenset({"on", "", "user", "plain", "login", "scram-sha-256"})
_SIZE: Final = re.compile(r"([0-9]{1,12})([km]?)", re.IGNORECASE)
_FACTORS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20}
_SHA256: Final = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", re.IGNORECASE)
_SYSTEM: Final = frozenset({"system", ""})
_DIRECT: Final = ("source_ip", "proxy_host")
_NOT_NEEDED: Final = (
    "received_header timeout connect_timeout pipelining ntlmdomain tls_crl_file tls_priorities "
    "tls_min_dh_prime_bits tls_force_sslv3"
).split()


def read_mpoprc(text: str, place: Place, *, allows_cleartext: bool = False) -> Reading:
    """Read all accounts. Raises InvalidInputError."""
    reading = Reading(Program.MPOP, [], [])
    for parsed in parse_mpoprc(text, place.file):
        account = _Account(parsed, place, allows_cleartext=allows_cleartext)
        reason = account.refusal()
        if reason is None:
            reading.found.append(account.found())
        else:
            reading.refused.append(Refused(account.label, reason))
    return reading


class _Account:
    """One account."""

    def __init__(self, account: Account, place: Place, *, allows_cleartext: bool) -> None:
        self._values = _DEFAULTS | account.values
        self._needs_eval = account.needs_eval
        self._place = place
        self._allows_cleartext = allows_cleartext
        self._host, self._login = self._values.get("host", ""), self._values.get("user", "")
        is_known = self._host and self._login
        self.label = label_of(self._login, self._host) if is_known else readable(account.name)

    def refusal(self) -> Text | None:
        """Return why the account cannot be moved, or None."""
        if self._needs_eval:
            return notes.NEEDS_EVAL
        if self._values.get("socket"):
            return notes.BY_A_PROGRAM
        if not self._host:
            return notes.NO_HOST
        if not self._login:
            return notes.NO_LOGIN
        return None if self._port() else notes.BAD_PORT

    def found(self) -> Found:
        """Return the account as a source."""
        password, command = self._values.get("password"), self._values.get("passwordeval")
        auth = self._values["auth"].lower()
        authorities = self._values["tls_trust_file"]
        maildir = self._maildir()
        source = source_of(
            host=self._host,
            port=self._port(),
            tls=self._tls(),
            login=self._login,
            policy=Policy(Keeping.KEEP if self._is_on("keep") else Keeping.DELETE_WHEN_STORED),
            proof=Proof.OAUTH2 if auth in _TOKENS else Proof.PASSWORD,
            outdated=(_OUTDATED[auth],) if auth in _OUTDATED else (),
            pinned_sha256=self._pin(),
            ca_file="" if authorities in _SYSTEM else str(self._place.path_of(authorities)),
            largest_octets=self._size("skipsize"),
            maildir=str(maildir) if maildir else "",
        )
        return Found(
            program=Program.MPOP,
            source=source,
            memory=Memory((self._memory_file(),), key_of_mpop(self._host, self._login)),
            password=Secret(password.encode("utf-8", "surrogateescape")) if password else None,
            password_command=("/bin/sh", "-c", command) if command and not password else (),
            netrc=None if password or command else self._place.home / NETRC,
            notes=tuple(self._notes(maildir)),
        )

    def _notes(self, maildir: Path | None) -> Iterator[Text]:
        """Say what becomes different."""
        program = {"program": "mpop"}
        yield from self._notes_on_safety()
        if self._values["auth"].lower() not in {*_AS_USUAL, *_OUTDATED, *_TOKENS}:
            yield notes.LOGIN_METHOD
        if maildir is not None:
            yield notes.MAILDIR_AS_WELL.filled(path=readable(str(maildir)))
        else:
            yield notes.DELIVERED_ELSEWHERE.filled(option="delivery", **program)
        if direct := [name for name in _DIRECT if self._values.get(name)]:
            yield notes.DIRECT.filled(options=", ".join(direct))
        if self._values.get("filter"):
            yield notes.COMMANDS.filled(options="filter")
        if self._size("killsize") is not None:
            yield notes.DELETES_LESS.filled(options="killsize")
        if not self._is_on("only_new"):
            yield notes.ONCE_ONLY.filled(option="only_new off", **program)
        if octets := self._size("skipsize"):
            yield notes.LARGER_AS_NOTE.filled(octets=octets, **program)
        if unneeded := [name for name in _NOT_NEEDED if name in self._values]:
            yield notes.NOT_NEEDED.filled(options=", ".join(unneeded))

    def _notes_on_safety(self) -> Iterator[Text]:
        """Say what becomes different about encryption and certificates."""
        program = {"program": "mpop"}
        if self._tls() is TlsMode.NONE:
            yield notes.NOT_ENCRYPTED
        elif not self._is_on("tls"):
            yield notes.ENCRYPTED_NOW.filled(**program)
        elif not self._is_on("tls_certcheck"):
            yield notes.VERIFIED_NOW.filled(**program)
        if self._values.get("tls_fingerprint") and not self._pin():
            yield notes.OLD_FINGERPRINT.filled(option="tls_fingerprint")
        if self._values.get("tls_cert_file") or self._values.get("tls_key_file"):
            yield notes.CLIENT_CERTIFICATE.filled(option="tls_cert_file")
        if self._values.get("tls_host_override"):
            yield notes.OTHER_NAME.filled(option="tls_host_override")

    def _tls(self) -> TlsMode:
        """Return how the connection is protected: never less than it was."""
        if self._is_on("tls"):
            return TlsMode.STARTTLS if self._is_on("tls_starttls") else TlsMode.IMPLICIT
        return TlsMode.NONE if self._allows_cleartext else TlsMode.STARTTLS

    def _port(self) -> int:
        """Return the port; 0 where it is none."""
        text = self._values.get("port", "")
        if not text:
            return 995 if self._tls() is TlsMode.IMPLICIT else 110
        port = int(text) if text.isdecimal() and len(text) < 6 else _PORTS.get(text, 0)
        return port if port < 65_536 else 0

    def _pin(self) -> str:
        """Return the SHA-256 fingerprint of the one certificate to be believed, if there is one."""
        text = self._values.get("tls_fingerprint", "")
        is_used = self._is_on("tls_certcheck") and _SHA256.fullmatch(text)
        return text.replace(":", "").lower() if is_used else ""

    def _maildir(self) -> Path | None:
        """Return the Maildir that letters go to, where it is one."""
        method, _, path = self._values.get("delivery", "").partition(" ")
        path = path.strip()
        return self._place.path_of(path) if method == "maildir" and path else None

    def _memory_file(self) -> Path:
        """Return where mpop's memory of the account is."""
        text = self._values["uidls_file"] or _DEFAULTS["uidls_file"]
        names = {"%U": self._login, "%H": self._host}
        return self._place.path_of(re.sub("%[UH]", lambda mark: names[mark[0]], text))

    def _size(self, name: str) -> int | None:
        """Return a size in octets; None where there is no limit."""
        size = _SIZE.fullmatch(self._values.get(name, ""))
        return int(size[1]) * _FACTORS[size[2].lower()] if size else None

    def _is_on(self, name: str) -> bool:
        return self._values.get(name) == "on"
