"""Dovecot's front door: POP3 and IMAP up to the login, with whatever TLS a test wants.

Used by the tests of `hato check`.
Nobody has an account there: nobody is meant to log in.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from string import Template

from tests.interop.programs import environment, found

_SETTINGS = Template("""
base_dir = $folder/run
state_dir = $folder/run
log_path = $folder/dovecot.log
protocols = pop3 imap
listen = $host
mail_location = maildir:$folder/mail
passdb {
  $passdb
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=$folder
}
service pop3-login {
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
  }
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
  }
}
$more
""")
HOST = "127.0.0.2"
"""Where it listens. A client comes from 127.0.0.1, another address: between two ends of one address
Dovecot thinks that nobody can listen, and takes passwords in clear."""
_UNPRIVILEGED = """
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
"""
WITH_PASSWORDS = "driver = passwd-file\n  args = {folder}/passwd"
WITH_TOKENS = "driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {folder}/oauth2.conf"
ONLY_TOKENS = "auth_mechanisms = xoauth2 oauthbearer\n"
_PATIENCE_SECONDS = 20.0


def with_tls(certificate: Path, key: Path) -> str:
    """Return the settings of a server that has TLS, and takes no password without it."""
    return f"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n"


NO_TLS = "ssl = no\ndisable_plaintext_auth = no\n"


@contextlib.contextmanager
def dovecot_front(
    folder: Path, more: str, *, passdb: str = WITH_PASSWORDS, ports: tuple[int, ...] = ()
) -> Iterator[tuple[int, int, int, int]]:
    """Run Dovecot; yields its ports of POP3S, POP3, IMAPS and IMAP."""
    pop3s, pop3, imaps, imap = ports = ports or _free_ports(4)
    (folder / "passwd").write_text("")
    (folder / "oauth2.conf").write_text("tokeninfo_url = http://127.0.0.1:9/\n")
    if os.geteuid() != 0:
        more += _UNPRIVILEGED.format(user=getpass.getuser())
    configuration = folder / "dovecot.conf"
    configuration.write_text(
        _SETTINGS.substitute(
            folder=folder,
            host=HOST,
            passdb=passdb.format(folder=folder),
            more=more,
            pop3=pop3,
            pop3s=pop3s if "ssl = yes" in more else 0,
            imap=imap,
            imaps=imaps if "ssl = yes" in more else 0,
        )
    )
    process = subprocess.Popen(
        [str(found("dovecot")), "-F", "-c", str(configuration)],
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_until_it_listens((pop3, imap), process, folder / "dovecot.log")
        yield ports[0], ports[1], ports[2], ports[3]
    finally:
        process.terminate()
        process.wait()


def _free_ports(count: int) -> tuple[int, ...]:
    with contextlib.ExitStack() as stack:
        plugs = [stack.enter_context(socket.socket()) for _ in range(count)]
        for plug in plugs:
            plug.bind((HOST, 0))
        return tuple(plug.getsockname()[1] for plug in plugs)


def _wait_until_it_listens(
    ports: tuple[int, ...], process: subprocess.Popen[bytes], log: Path
) -> None:
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not all(map(_listens, ports)):
        if process.poll() is not None or time.monotonic() > ends_at:
            said = log.read_text() if log.exists() else ""
            raise AssertionError(f"Dovecot does not listen:\n{said[-2000:]}")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
        return True
    return False
