"""Courier's POP3 server as somebody's provider, with one mailbox that the test fills.

Used by the tests that fetch from a real server.
Never touches /etc/courier, /run or a port below 1024: it sees its own in a mount namespace, since
Debian lets nobody install it beside Dovecot, and its paths are compiled in.
Standards: none; Courier 1.0.
Fails with a skip where it is not unpacked, or where no mount namespace can be made.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Final

import pytest

from tests.fetching.dovecot import await_port, two_free_ports
from tests.fetching.maildrop import LOGIN, PASSWORD

UNPACKED: Final = Path("/opt/hato-peers/courier")
"""Where scripts/peers unpacks Courier's packages."""
_OWNER: Final = "mail"
_AUTHENTICATION: Final = """\
authmodulelist="authuserdb"
authmodulelistorig="authuserdb"
daemons=2
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
LOGGEROPTS=""
"""
_USER: Final = "courier:x:64999:64999::/var/lib/courier:/usr/sbin/nologin\n"
_GROUP: Final = "courier:x:64999:\n"
"""Whom couriertls becomes; Debian's package would add it."""
_START: Final = Template("""\
set -e
mount -t overlay overlay -o lowerdir=$unpacked/usr:/usr /usr
mount -t overlay overlay -o lowerdir=$folder/etc:$unpacked/etc:/etc /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/courier/authdaemon
export COURIERTLS=/usr/bin/couriertls POP3_STARTTLS=YES POP3_TLS_REQUIRED=0
export POP3AUTH= POP3AUTH_TLS="LOGIN PLAIN" TLS_CERTFILE=$folder/etc/courier/pop3d.pem
export TLS_VERIFYPEER=NONE TLS_PROTOCOL=TLS1.2 MAILDIRPATH=Maildir
login="/usr/lib/courier/courier/courierpop3login /usr/lib/courier/courier/courierpop3d Maildir"
tcpd="/usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=40 -maxperip=40 -nodnslookup"
/usr/lib/courier/courier-authlib/authdaemond &
$$tcpd -noidentlookup $pop3s /usr/bin/couriertls -server -tcpd $$login &
exec $$tcpd -noidentlookup $pop3 $$login
""")


class Courier:
    """One Courier with one mailbox, that of `LOGIN`."""

    def __init__(self, folder: Path, certificate: Path, key: Path) -> None:
        self.folder = folder
        self.pop3, self.pop3s = two_free_ports()
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        home = folder / "home"
        self.maildir = home / "Maildir"
        settings = folder / "etc" / "courier"
        settings.mkdir(parents=True)
        for part in ("cur", "new", "tmp"):
            (self.maildir / part).mkdir(parents=True)
        for path in [home, self.maildir, *self.maildir.iterdir()]:
            shutil.chown(path, _OWNER, _OWNER)
        user = (folder / "home").stat()
        hashed = subprocess.run(
            ["openssl", "passwd", "-1", PASSWORD], capture_output=True, text=True, check=True
        ).stdout.strip()
        fields = f"home={home}|mail={self.maildir}|uid={user.st_uid}|gid={user.st_gid}"
        people = settings / "userdb"
        people.write_text(f"{LOGIN}\t{fields}|pop3pw={hashed}\n")
        people.chmod(0o600)
        (settings / "authdaemonrc").write_text(_AUTHENTICATION)
        (settings / "pop3d.pem").write_bytes(key.read_bytes() + certificate.read_bytes())
        for file, line in (("passwd", _USER), ("group", _GROUP)):
            (folder / "etc" / file).write_text(Path("/etc", file).read_text() + line)
        self._script = folder / "start"
        self._script.write_text(
            _START.substitute(unpacked=UNPACKED, folder=folder, pop3=self.pop3, pop3s=self.pop3s)
        )
        self._people = people

    def start(self) -> None:
        """Start it; return when it answers."""
        make = f"{_overlay()} && /usr/sbin/makeuserdb -f {self._people}"
        subprocess.run(["unshare", "-m", "sh", "-c", make], check=True, timeout=60)
        with (self.folder / "courier.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                    *("sh", str(self._script)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await_port(self.pop3)
        await_port(self.pop3s)

    def stop(self) -> None:
        """End it with everything in its namespace."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def put(self, letters: Sequence[bytes]) -> None:
        """Let letters arrive, in this order, with the line ends of a machine."""
        for octets in letters:
            self._count += 1
            name = f"{1_700_000_000 + self._count}.M{self._count}P1.provider.example"
            waiting = self.maildir / "tmp" / name
            waiting.write_bytes(octets.replace(b"\r\n", b"\n"))
            shutil.chown(waiting, _OWNER, _OWNER)
            waiting.rename(self.maildir / "new" / name)

    def present(self) -> list[bytes]:
        """Return what is there, as it lies on the disk."""
        files = [*(self.maildir / "new").iterdir(), *(self.maildir / "cur").iterdir()]
        return [path.read_bytes() for path in sorted(files, key=lambda path: path.name)]


def _overlay() -> str:
    return f"mount -t overlay overlay -o lowerdir={UNPACKED}/usr:/usr /usr"


def skip_without_courier() -> None:
    """Skip the test where there is none, or where no mount namespace can be made."""
    if not (UNPACKED / "usr/lib/courier/courier/courierpop3d").exists():
        pytest.skip("courier is not unpacked (scripts/peers does it)")
    if os.geteuid() != 0:
        pytest.skip("Courier changes users: only root can start it")
    tried = subprocess.run(
        ["unshare", "-m", "sh", "-c", _overlay()], capture_output=True, check=False, timeout=60
    )
    if tried.returncode:
        pytest.skip(f"no mount namespace here: {tried.stderr.decode(errors='replace').strip()}")


@contextlib.contextmanager
def courier(certificate: Path, key: Path) -> Iterator[Courier]:
    """A running Courier, in a folder that its own user can get to."""
    skip_without_courier()
    with tempfile.TemporaryDirectory(prefix="hato-courier-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        server = Courier(Path(name), certificate, key)
        server.start()
        try:
            yield server
        finally:
            server.stop()
