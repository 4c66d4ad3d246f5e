"""A provider with everything: Dovecot for POP3 and logins, Postfix for submission on 465 and 587.

Used by the tests that send by a real submission server.
Never sends anything on: what was taken lies in a folder, one file for each recipient.
Standards: RFC 6409, RFC 4954; Postfix's SASL of the type `dovecot`.
Fails with ProgramError, which carries what Postfix logged.
"""

from __future__ import annotations

import contextlib
import os
import poplib
import shutil
import ssl
import tempfile
from pathlib import Path

from tests.fetching.dovecot import Dovecot, two_free_ports
from tests.interop.postfix import Postfix
from tests.system.server_process import Certificates

_SASL = """
service auth {{
  unix_listener {folder}/auth-for-postfix {{
    mode = 0666
  }}
}}
"""
_MAIN = """
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = inline:{{ {{ nobody@friends.example = 550 5.1.1 no such user }},
  {{ later@friends.example = 450 4.2.0 come again }} }}, permit_sasl_authenticated, reject
mynetworks =
message_size_limit = 20000000
hato_destination_recipient_limit = 1
"""
_MASTER = """
tlsmgr unix - - n 1000? 1 tlsmgr
127.0.0.1:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
"""
DOMAIN = "friends.example"


class SubmissionProvider:
    """One provider; `arrived` is what its Postfix passed on to its users."""

    def __init__(self, certificates: Certificates) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="hato-provider-"))
        self._folder.chmod(0o755)
        self._mail = self._folder / "arrived"
        self._mail.mkdir()
        self._mail.chmod(0o777)
        place = self._folder / "dovecot"
        place.mkdir()
        place.chmod(0o755)
        certificate, key = certificates.certificate_file, certificates.key_file
        self.dovecot = Dovecot(place, certificate, key, settings=_SASL.format(folder=place))
        self.submissions, self.submission = two_free_ports()
        sasl = place / "auth-for-postfix"
        script = self._folder / "take"
        script.write_text(
            f'#!/bin/sh\nname=$(mktemp {self._mail}/.XXXXXX)\ncat > "$name" && '
            f'mv "$name" "{self._mail}/$(basename "$name" | tr -d .)-$1"\n'
        )
        script.chmod(0o755)
        self.postfix = Postfix(
            {DOMAIN: "hato"},
            f"{script} ${{recipient}}",
            main=_MAIN.format(certificate=certificate, key=key, sasl=sasl),
            master=_MASTER.format(submissions=self.submissions, submission=self.submission),
        )

    def start(self) -> None:
        """Start both; return when they answer."""
        self.dovecot.start()
        self.postfix.start()

    def stop(self) -> None:
        """Stop both, and forget what arrived."""
        self.postfix.stop()
        self.dovecot.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def change_password(self, login: str, old: str, new: str) -> None:
        """Let somebody have a new password; return when it holds.

        Dovecot looks at the file once a second at most, and takes it for the same one while its
        times and size are.
        """
        file = self.dovecot.folder / "passwd"
        file.write_text(file.read_text().replace(old, new))
        self.postfix.wait_for(lambda: self._lets_in(login, new), "the old password holds")

    def _lets_in(self, login: str, password: str) -> bool:
        os.utime(self.dovecot.folder / "passwd")
        with contextlib.closing(poplib.POP3("127.0.0.1", self.dovecot.pop3)) as session:
            session.stls(ssl._create_unverified_context())
            session.user(login)
            try:
                return session.pass_(password).startswith(b"+OK")
            except poplib.error_proto:
                return False

    def arrived(self, recipient: str) -> list[bytes]:
        """Return what arrived for somebody so far."""
        return [path.read_bytes() for path in sorted(self._mail.glob(f"*-{recipient}"))]

    def await_arrival(self, recipient: str, count: int = 1) -> list[bytes]:
        """Wait until so many letters arrived for somebody."""
        self.postfix.wait_for(
            lambda: len(self.arrived(recipient)) >= count, f"nothing for {recipient}"
        )
        return self.arrived(recipient)
