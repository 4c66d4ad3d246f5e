"""A Postfix of our own: a folder, loopback only, high ports; it hands mail over to Hato.

Used by the Postfix tests.
Never touches the Postfix of the machine, and never resolves a name: every route is written down.
Standards: RFC 2033 (what it speaks to Hato), RFC 5321.
Fails with ProgramError, which carries what Postfix logged.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.interop.programs import ProgramError, environment, found
from tests.system.server_process import _free_port

HOST_NAME = "relay.example.net"
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
hato unix - n n - - pipe
  flags=q user={pipe_user} argv={pipe_command}
"""

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
myhostname = {host_name}
mydestination =
local_transport = error:nobody is local
default_transport = error:no way out
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = {domains}
relay_recipient_maps =
transport_maps = inline:{{ {routes} }}
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
alias_database =
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
# A letter is passed on as it came, behind one Received line.
local_header_rewrite_clients =
message_drop_headers =
disable_mime_output_conversion = yes
line_length_limit = 10000000
header_size_limit = 10000000
lmtp_line_length_limit = 0
# What was deferred is tried again when the test says so.
queue_run_delay = 1h
minimal_backoff_time = 1h
maximal_backoff_time = 2h
lmtp_destination_concurrency_failed_cohort_limit = 0
default_destination_concurrency_failed_cohort_limit = 0
"""


class Postfix:
    """One instance; made stopped."""

    def __init__(
        self,
        routes: Mapping[str, str],
        pipe_command: str,
        pipe_user: str = "nobody",
        *,
        main: str = "",
        master: str = "",
    ) -> None:
        """Write the settings. `routes`: the transport for each domain, as Postfix writes it.

        `main` and `master`: lines that come last, and count.
        """
        # Not below the tests' own folder: Postfix gives up its rights and could not reach it.
        self._folder = Path(tempfile.mkdtemp(prefix="hato-postfix-"))
        self._folder.chmod(0o755)
        self._port = _free_port([])
        self._settings = self._folder / "settings"
        for name in ("settings", "queue", "data"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", "postfix")
        self._settings.joinpath("main.cf").write_text(
            _MAIN.format(
                folder=self._folder,
                host_name=HOST_NAME,
                domains=" ".join(routes),
                routes=", ".join(f"{{ {domain} = {route} }}" for domain, route in routes.items()),
            )
            + main
        )
        self._settings.joinpath("master.cf").write_text(
            _MASTER.format(port=self._port, pipe_command=pipe_command, pipe_user=pipe_user) + master
        )

    def start(self) -> None:
        """Start it; when this returns it takes mail."""
        self._command("postfix", "start")
        self.wait_for(self._answers, "Postfix does not answer")

    def pause(self) -> None:
        """Stop it; `start` goes on with the same queue."""
        self._command("postfix", "abort")

    def stop(self) -> None:
        """Stop it, if it runs, and remove its folder."""
        with contextlib.suppress(ProgramError):
            self.pause()
        shutil.rmtree(self._folder)

    def send(
        self, sender: str, recipients: Sequence[str], letter: bytes, options: Sequence[str] = ()
    ) -> str:
        """Hand a letter over to it by SMTP; return the id that it has in the queue."""
        with smtplib.SMTP("127.0.0.1", self._port, timeout=PATIENCE_SECONDS) as smtp:
            smtp.ehlo("client.example.net")
            for code, words in (
                smtp.mail(sender, list(options)),
                *(smtp.rcpt(recipient) for recipient in recipients),
                answer := smtp.data(letter),
            ):
                if code != 250:
                    raise ProgramError(f"Postfix answered {code} {words.decode()}")
            found_id = re.search(r"queued as (\w+)", answer[1].decode())
            if found_id is None:
                raise ProgramError(f"Postfix answered {answer}")
            return found_id[1]

    def fates(self, queue_id: str, count: int = 1) -> list[str]:
        """Wait until it logged the fate of `count` deliveries; return the lines, oldest first."""
        mark = re.compile(rf"{queue_id}: to=.*status=.*")
        self.wait_for(lambda: len(mark.findall(self.log())) >= count, f"{queue_id} has no fate")
        return mark.findall(self.log())

    def await_removal(self, queue_id: str) -> None:
        """Wait until a message has left the queue."""
        self.wait_for(
            lambda: f"{queue_id}: removed" in self.log(), f"{queue_id} stays in the queue"
        )

    def try_again(self) -> None:
        """Try everything in the queue now."""
        self._command("postqueue", "-f")

    def log(self) -> str:
        """All that it logged."""
        file = self._folder / "maillog"
        return file.read_text(errors="replace") if file.exists() else ""

    def _answers(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=PATIENCE_SECONDS) as smtp:
                return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def wait_for(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait until something is so. Raises ProgramError with the log where it stays otherwise."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise ProgramError(f"{complaint}; it logged:\n{self.log()[-4000:]}")
            time.sleep(_LOOK_SECONDS)

    def _command(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [found(program) or program, "-c", str(self._settings), *arguments],
            cwd="/",
            env=environment(self._folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise ProgramError(f"{program} {' '.join(arguments)}: {said}\n{self.log()[-4000:]}")


def may_be_started() -> bool:
    """Whether this person may start Postfix at all."""
    return os.geteuid() == 0
