"""Debian's Dovecot as somebody's provider, with one mailbox that the test fills and looks into.

Used by the tests that fetch from a real server, and by those that kill and cut.
Never reads or changes /etc/dovecot, never uses a port below 1024.
Standards: none; Dovecot 2.3.
Fails with a skip where Dovecot is missing or the tests do not run as root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Final

import pytest

from tests.fetching.maildrop import LOGIN, PASSWORD
from tests.interop.programs import found

_OWNER: Final = "mail"
_START_SECONDS: Final = 30.0
# Sessions are not locked, as by default: after a reset at a bad moment Dovecot 2.3 keeps one, and
# its lock, until it has been idle for ten minutes.
_SETTINGS: Final = Template("""
base_dir = $folder/run
state_dir = $folder/run
log_path = $folder/dovecot.log
instance_name = hato-tests
protocols = pop3
listen = 127.0.0.1
ssl = $ssl
ssl_cert = <$certificate
ssl_key = <$key
disable_plaintext_auth = $plaintext_is_off
auth_mechanisms = $mechanisms
auth_failure_delay = 0
mail_location = maildir:$folder/mail
mail_uid = $owner
mail_gid = $owner
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
mail_max_userip_connections = 0
pop3_no_flag_updates = yes
passdb {
  driver = passwd-file
  args = $folder/passwd
}
userdb {
  driver = static
  args = uid=$owner gid=$owner home=$folder/home
}
service pop3-login {
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
    ssl = yes
  }
}
service pop3 {
  service_count = 0
  process_min_avail = 1
}
""")


class Dovecot:
    """One Dovecot with one mailbox, that of `LOGIN`."""

    def __init__(self, folder: Path, certificate: Path, key: Path, *, settings: str = "") -> None:
        """`settings`: `name = value` lines that come last."""
        self.folder = folder
        self.maildir = folder / "mail"
        self.pop3, self.pop3s = two_free_ports()
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        for part in ("mail/cur", "mail/new", "mail/tmp", "home"):
            (folder / part).mkdir(parents=True)
        for path in [folder / "home", self.maildir, *self.maildir.iterdir()]:
            shutil.chown(path, _OWNER, _OWNER)
        (folder / "passwd").write_text(f"{LOGIN}:{{PLAIN}}{PASSWORD}::::::\n")
        self._configuration = folder / "dovecot.conf"
        self._configuration.write_text(
            _SETTINGS.substitute(
                folder=folder,
                certificate=certificate,
                key=key,
                owner=_OWNER,
                pop3=self.pop3,
                pop3s=self.pop3s,
                ssl="yes",
                plaintext_is_off="no",
                mechanisms="plain login",
            )
            + settings
            + "\n"
        )

    def start(self) -> None:
        """Start it; return when it answers."""
        with (self.folder / "stderr.log").open("wb") as log:
            self._process = subprocess.Popen(
                [found("dovecot") or "dovecot", "-F", "-c", str(self._configuration)],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        await_port(self.pop3)
        await_port(self.pop3s)

    def stop(self) -> None:
        """Stop it and all its processes."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def put(self, letters: Sequence[bytes]) -> None:
        """Let letters arrive, in this order."""
        for octets in letters:
            self._count += 1
            name = f"{1_700_000_000 + self._count}.M{self._count}P1.provider.example"
            waiting = self.maildir / "tmp" / name
            waiting.write_bytes(octets)
            shutil.chown(waiting, _OWNER, _OWNER)
            waiting.rename(self.maildir / "new" / name)

    def present(self) -> list[bytes]:
        """Return what is there, as it lies on the disk."""
        while True:
            files = [*(self.maildir / "new").iterdir(), *(self.maildir / "cur").iterdir()]
            try:
                return [path.read_bytes() for path in sorted(files, key=lambda path: path.name)]
            except FileNotFoundError:
                continue  # Dovecot moved or removed one meanwhile: look again

    def forget_unique_ids(self) -> None:
        """Lose the list of UIDs and its validity: every letter gets another unique-id."""
        for path in self.maildir.glob("dovecot*"):
            path.unlink()
        validity = self.maildir / "dovecot-uidlist"
        validity.write_text(f"3 V{int(time.time()) + 1000} N1 G{os.urandom(16).hex()}\n")
        shutil.chown(validity, _OWNER, _OWNER)


def skip_without_dovecot() -> None:
    """Skip the test where there is none, or where it cannot change users."""
    if found("dovecot") is None:
        pytest.skip("dovecot not installed (scripts/peers installs it)")
    if os.geteuid() != 0:
        pytest.skip("Dovecot changes users: only root can start it")


@contextlib.contextmanager
def dovecot(certificate: Path, key: Path, settings: str = "") -> Iterator[Dovecot]:
    """A running Dovecot, in a folder that its own user can get to."""
    skip_without_dovecot()
    with tempfile.TemporaryDirectory(prefix="hato-dovecot-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        server = Dovecot(Path(name), certificate, key, settings=settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def await_port(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < until, f"nobody listens at port {port}"
        time.sleep(0.02)


def two_free_ports() -> tuple[int, int]:
    """Return ports that nobody uses; held both at once, so that they differ."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as b:
        return one.getsockname()[1], b.getsockname()[1]
