"""The peer: Debian's Dovecot in its documented high-performance mode.

Called by the run; configuration, mail and sockets all lie in the run's own folder.
Never reads or changes /etc/dovecot, never uses a port below 1024.
Standards: none.
Fails with BenchError when Dovecot is missing, does not start, or the run is not root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from string import Template
from typing import Final

from argon2 import PasswordHasher

from bench.letters import Group, password_of
from bench.server import BenchError, Ports, accepts, free_ports, stop_process, wait_until

PACKAGES: Final = ("dovecot-pop3d", "dovecot-lmtpd", "gcc", "libc6-dev", "libssl-dev")

MAIL_LOCATIONS: Final = {
    "maildir": "maildir:{0}/mail/%n",
    "sdbox": "sdbox:{0}/mail/%n",
    "mdbox": "mdbox:{0}/mail/%n",
}

# Processes stay alive and serve many sessions each; no process is made while a client waits.
_SETTINGS: Final = Template("""
base_dir = $folder/run
state_dir = $folder/run
log_path = $folder/dovecot.log
instance_name = hato-bench
protocols = pop3 lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$certificate
ssl_key = <$key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = $mail_location
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = always
mail_max_userip_connections = 0
maildir_very_dirty_syncs = yes
pop3_no_flag_updates = yes
login_log_format_elements =
verbose_proctitle = no
passdb {
  driver = passwd-file
  args = $folder/passwd
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$folder/home/%n
}
service pop3-login {
  service_count = 0
  client_limit = 4000
  process_min_avail = $cores
  process_limit = $cores
  vsz_limit = 1 G
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
  client_limit = $pop3_clients
  process_min_avail = $pop3_processes
  process_limit = $pop3_limit
  vsz_limit = 2 G
}
service lmtp {
  user = mail
  service_count = 0
  process_min_avail = $lmtp_processes
  process_limit = 100
  vsz_limit = 1 G
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
service auth {
  client_limit = 10000
  vsz_limit = 1 G
}
service anvil {
  client_limit = 10000
}
service stats {
  client_limit = 10000
}
protocol lmtp {
  auth_socket_path = $folder/run/auth-userdb
}
""")


_SLOW_PASSWORD: Final = "open-slowly-sesame"


def _slow_login(name: str) -> str:
    local, _, domain = name.partition("@")
    return f"{local}.slow@{domain}"


class Dovecot:
    """Dovecot 2.3, started in the foreground from a generated configuration."""

    name = "Dovecot"

    def __init__(self, folder: Path, certificate: tuple[Path, Path], mail_format: str) -> None:
        """Choose ports and the folder; nothing is started."""
        self.ports: Ports = free_ports()
        self._folder = folder
        self._certificate = certificate
        self._format = mail_format
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self, groups: list[Group]) -> None:
        """Write the configuration and the file of people."""
        if shutil.which("dovecot") is None:
            raise BenchError("Dovecot is not installed: run bench/run --install-peer")
        if os.geteuid() != 0:
            raise BenchError("Dovecot changes users: run bench/run as root, or with --only hato")
        self._folder.mkdir(parents=True, exist_ok=True)
        hashed = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(_SLOW_PASSWORD)
        lines = [
            f"{name}:{{PLAIN}}{password_of(name)}::::::\n"
            f"{_slow_login(name)}:{{ARGON2ID}}{hashed}::::::user={name}\n"
            for group in groups
            for name in group.names()
        ]
        (self._folder / "passwd").write_text("".join(lines))
        for place in ("mail", "home"):
            (self._folder / place).mkdir(exist_ok=True)
            shutil.chown(self._folder / place, "mail", "mail")
        self._configuration().write_text(self._settings())

    def _configuration(self) -> Path:
        return self._folder / "dovecot.conf"

    def _settings(self) -> str:
        cores = os.cpu_count() or 1
        return _SETTINGS.substitute(
            folder=self._folder,
            certificate=self._certificate[0],
            key=self._certificate[1],
            mail_location=MAIL_LOCATIONS[self._format].format(self._folder),
            cores=cores,
            pop3_clients=1000,
            pop3_processes=cores,
            pop3_limit=cores * 8,
            lmtp_processes=64,
            pop3=self.ports.pop3,
            pop3s=self.ports.pop3s,
            lmtp=self.ports.lmtp,
        )

    def start(self) -> None:
        """Start the master process and wait for its ports."""
        process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self._configuration())],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "stderr.log").open("wb"),
        )
        self._process = process
        ports = (self.ports.pop3, self.ports.pop3s, self.ports.lmtp)
        wait_until(lambda: all(map(accepts, ports)), process, self._folder / "dovecot.log")

    def stop(self) -> None:
        """Stop the master process, which stops the others."""
        if self._process:
            stop_process(self._process)

    def main_pid(self) -> int:
        """Return the master's process id."""
        if self._process is None:
            raise BenchError("Dovecot is not running")
        return self._process.pid

    def passwords(self, group: Group, kind: str) -> dict[str, str]:
        """Return a password per login; `slow` logins reach the same maildrops by Argon2id."""
        if kind == "slow":
            return {_slow_login(name): _SLOW_PASSWORD for name in group.names()}
        return {name: password_of(name) for name in group.names()}

    def describe(self) -> str:
        """Say version and settings."""
        version = subprocess.run(
            ["dovecot", "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        return (
            f"Dovecot {version} (Debian), {self._format}, passwd-file with plain passwords, "
            "service_count=0, client_limit raised, processes kept warm, mail_fsync=always, "
            "maildir_very_dirty_syncs, pop3_no_flag_updates"
        )
