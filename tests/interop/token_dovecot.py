"""Debian's Dovecot with one mailbox that opens to the tokens of an issuer.

Used by `test_oauth2`.
Never reads or changes /etc/dovecot, never uses a port below 1024.
Standards: none; Dovecot 2.3.
Fails where nobody listens in time.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

from tests.interop.programs import found
from tests.unit.oauth.issuer_server import IssuerServer

_START_SECONDS: Final = 30.0
_DOVECOT = Template("""
base_dir = $folder/run
state_dir = $folder/run
log_path = $folder/dovecot.log
instance_name = hato-oauth2
protocols = pop3
listen = 127.0.0.1
ssl = required
ssl_cert = <$folder/certificate.pem
ssl_key = <$folder/key.pem
auth_mechanisms = $mechanism
auth_failure_delay = 0
mail_location = maildir:$folder/mail
first_valid_uid = 1
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $folder/oauth2.conf
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$folder
}
service pop3-login {
  inet_listener pop3 {
    port = 0
  }
  inet_listener pop3s {
    port = $port
    ssl = yes
  }
}
""")
_ISSUER = Template("""
introspection_mode = post
introspection_url = $origin/introspect
username_attribute = email
active_attribute = active
active_value = true
tls_ca_cert_file = $folder/issuer.pem
""")
LETTER = b"Subject: by token\r\n\r\nhello\r\n"


@contextlib.contextmanager
def dovecot(folder: Path, port: int, issuer: IssuerServer, mechanism: str) -> Iterator[None]:
    """Run one with one letter, whose accounts are those of an issuer."""
    fields = {"folder": folder, "port": port, "mechanism": mechanism, "origin": issuer.origin}
    (folder / "dovecot.conf").write_text(_DOVECOT.substitute(fields))
    (folder / "oauth2.conf").write_text(_ISSUER.substitute(fields))
    (folder / "issuer.pem").write_bytes(Path(issuer.ca_file).read_bytes())
    for part in ("new", "cur", "tmp"):
        (folder / "mail" / part).mkdir(parents=True)
    (folder / "mail/new/1.letter").write_bytes(LETTER)
    subprocess.run(["chown", "-R", "mail:mail", folder / "mail"], check=True)
    command = [found("dovecot") or "dovecot", "-F", "-c", str(folder / "dovecot.conf")]
    with (folder / "stderr").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    try:
        _await_port(port)
        yield
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < until, f"nobody listens at port {port}"
        time.sleep(0.02)
