"""A real Hato on loopback: its folder, its `hato.toml`, its process, and its command line.

Used by the fixtures of system, session, interop and fault tests; also by a test that kills.
Never looks inside: it uses commands, ports, the log, and what the system tells of processes.
Standards: none; the command-line contract is in ARCHITECTURE.md.
Fails with ServerError when a command fails or no line that begins with `ready` comes.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from tests.system.people import DOMAIN, Person

HOST_NAME = "mail.example.org"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
HATO = Path(sys.executable).with_name("hato")
TRUSTED_NETWORK = "127.1.0.0/16"
"""Source addresses that may log in without TLS; all other loopback addresses are strangers."""

SERVICES = ("pop3", "pop3s", "lmtp")
# Below the ports that the kernel gives to clients, so that no client socket of ours takes one.
_PORTS = range(20_000, 32_000)


class ServerError(AssertionError):
    """The program did not do what its contract says."""


class Certificates:
    """A certificate authority of our own and certificates from it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA()
        self.authority_file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.authority_file))
        self.certificate_file = folder / "server.pem"
        self.key_file = folder / "server.key"
        self.issue()

    def issue(self, *names: str) -> None:
        """Write a new certificate and key over the last ones.

        It has a common name too, although RFC 6125 §6.4.4 is done with it: fetchmail wants one.
        """
        names = names or (HOST_NAME, "localhost", "127.0.0.1")
        issued = self._authority.issue_cert(*names, common_name=names[0])
        issued.private_key_pem.write_to_path(str(self.key_file))
        issued.cert_chain_pems[0].write_to_path(str(self.certificate_file))

    def server_context(self) -> ssl.SSLContext:
        """A server's settings with the certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """A client's settings that trust this authority only."""
        return ssl.create_default_context(cafile=str(self.authority_file))


@dataclass
class HatoServer:
    """One data folder and the process that serves it."""

    folder: Path
    certificates: Certificates
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Tables of `hato.toml` beyond what every server of the tests has."""
    workers: int = 2
    domains: tuple[str, ...] = (DOMAIN,)
    wrapper: tuple[str, ...] = ()
    """A command that runs `hato serve` in its own place: a tracer, a limit, a false clock."""
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def config_file(self) -> Path:
        """The `hato.toml` of this server."""
        return self.folder / "hato.toml"

    @property
    def data_folder(self) -> Path:
        """Where the mail is."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """What the server wrote to standard error."""
        return self.folder / "server.log"

    @property
    def process_id(self) -> int:
        """The id of the parent process."""
        if self._process is None:
            raise ServerError("the server does not run")
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the parent process is alive."""
        return self._process is not None and self._process.poll() is None

    def prepare(self) -> None:
        """Write the settings and add the domains."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._choose_ports()
        for domain in self.domains:
            self.run("domain", "add", domain)

    def write_settings(self) -> None:
        """Write `hato.toml` as the fields of this object say."""
        self.config_file.write_text(self._toml(), encoding="utf-8")

    def start(self) -> None:
        """Start serving; return when the server says that it is ready."""
        for attempts_left in (2, 1, 0):
            try:
                self._start()
                return
            except ServerError:
                log = self.log_file.read_text("utf-8", errors="replace")
                if not attempts_left or "in use" not in log:
                    raise
                self._choose_ports()

    def stop(self) -> int:
        """Stop as an operator does; return the exit status."""
        self.terminate()
        return self.await_exit()

    def await_exit(self) -> int:
        """Wait for a server that was asked to stop; return its exit status.

        Raises ServerError when a worker had to be killed: none may wait for anything but mail.
        """
        process = self._take_process()
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill_group(process)
            raise ServerError(f"the server did not stop in {STOP_SECONDS:.0f} s") from None
        self._kill_group(process)
        if "worker-killed" in self.log():
            raise ServerError(f"a worker did not stop by itself:\n{self.log()[-4000:]}")
        return status

    def terminate(self) -> None:
        """Ask the server to stop, and do not wait: `await_exit` does."""
        os.kill(self.process_id, signal.SIGTERM)

    def kill(self) -> None:
        """Kill the parent and all its workers at once, as a lost machine does."""
        process = self._take_process()
        self._kill_group(process)
        process.wait(STOP_SECONDS)

    def restart(self) -> None:
        """Stop and start again on the same folder and ports."""
        self.stop()
        self._start()

    def kill_parent(self) -> None:
        """Kill the parent alone; return when its workers have ended by themselves."""
        process = self._take_process()
        workers = [one for one in _descendants(process.pid) if one != process.pid]
        process.kill()
        process.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while any(Path(f"/proc/{one}").exists() for one in workers):
            if time.monotonic() > deadline:
                self._kill_group(process)
                raise ServerError(f"a worker outlived its parent:\n{self.log()[-4000:]}")
            time.sleep(0.01)

    def reload(self) -> None:
        """Ask for the settings and certificates to be read again."""
        os.kill(self.process_id, signal.SIGHUP)

    def run(
        self, *arguments: str, standard_input: bytes = b"", status: int | None = 0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `hato …` with this server's settings; `status` None accepts any exit status."""
        done = subprocess.run(
            [str(HATO), "--config", str(self.config_file), *arguments],
            input=standard_input,
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
            env=_environment(),
        )
        if status is not None and done.returncode != status:
            raise ServerError(
                f"hato {' '.join(arguments)}: exit status {done.returncode}\n"
                f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}"
            )
        return done

    def add_person(self, person: Person) -> None:
        """`hato user add`."""
        self.run(
            "user",
            "add",
            person.address,
            "--password-stdin",
            standard_input=person.password.encode() + b"\n",
        )

    def log(self) -> str:
        """Everything written to standard error since the folder was made."""
        return self.log_file.read_text("utf-8", errors="replace") if self.log_file.exists() else ""

    def process_ids(self) -> list[int]:
        """The parent and all its descendants (Linux)."""
        return list(_descendants(self.process_id))

    def resident_octets(self) -> int:
        """Memory of all processes of the server, shared pages counted once (Linux)."""
        return sum(_proportional_octets(process_id) for process_id in self.process_ids())

    def open_descriptors(self) -> int:
        """Open files and sockets of all processes of the server (Linux)."""
        return sum(
            sum(1 for _ in Path(f"/proc/{process_id}/fd").iterdir())
            for process_id in self.process_ids()
        )

    def _start(self) -> None:
        log = self.log_file.open("ab")
        try:
            self._process = subprocess.Popen(
                [*self.wrapper, str(HATO), "serve", "--config", str(self.config_file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        finally:
            log.close()
        self._await_ready(self._process)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        ready = threading.Event()
        threading.Thread(target=_drain, args=(process, ready), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not ready.wait(0.02):
            if process.poll() is not None or time.monotonic() > deadline:
                self._kill_group(self._take_process())
                raise ServerError(f"hato serve did not become ready:\n{self.log()[-4000:]}")

    def _take_process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError("the server does not run")
        process, self._process = self._process, None
        return process

    @staticmethod
    def _kill_group(process: subprocess.Popen[bytes]) -> None:
        """Kill whatever is left of the server's own process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)

    def _choose_ports(self) -> None:
        for service in SERVICES:
            self.addresses[service] = ("127.0.0.1", _free_port(self.addresses.values()))
        self.write_settings()

    def _toml(self) -> str:
        tables: dict[str, dict[str, object]] = {
            "tls": {
                "certificate": str(self.certificates.certificate_file),
                "key": str(self.certificates.key_file),
            },
            "listen": {
                service: [f"{host}:{port}"] for service, (host, port) in self.addresses.items()
            },
            "auth": {"allow_plaintext_from": [TRUSTED_NETWORK]},
            "limits": {"failed_login_seconds": 0.05},
        }
        for table, values in self.settings.items():
            tables.setdefault(table, {}).update(values)
        lines = [
            f'hostname = "{HOST_NAME}"',
            f'data = "{self.data_folder}"',
            f"workers = {self.workers}",
        ]
        for table, pairs in tables.items():
            lines += ["", f"[{table}]"]
            lines += [f"{key} = {_toml_value(value)}" for key, value in pairs.items()]
        return "\n".join(lines) + "\n"


def _environment() -> dict[str, str]:
    """The environment without what could lead the program to other settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HATO_")}
    return kept | {"LC_ALL": "C.UTF-8"}


def _drain(process: subprocess.Popen[bytes], ready: threading.Event) -> None:
    """Read standard output to its end, so that the server never waits for us."""
    if process.stdout is not None:
        with process.stdout as lines:
            for line in lines:
                if line.startswith(b"ready"):
                    ready.set()


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml_value(each)}" for key, each in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _free_port(taken: Iterable[tuple[str, int]]) -> int:
    ports = {port for _, port in taken}
    chooser = random.SystemRandom()  # not the seeded one: workers must not choose the same ports
    while True:
        port = chooser.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port not in ports and probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _descendants(process_id: int) -> Iterable[int]:
    yield process_id
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _descendants(int(child))


def _proportional_octets(process_id: int) -> int:
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
