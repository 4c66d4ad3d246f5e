"""Hato under test: the real `hato serve`, from a generated hato.toml.

Called by the run; everything lies in the run's own folder.
Never imports Hato: it is driven from outside (`many_people` is a process of its own).
Standards: none.
Fails with BenchError when a command of Hato fails; its own words are in the text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import Final

from bench.letters import DOMAIN, Group, password_of
from bench.server import BenchError, Ports, free_ports, stop_process, wait_until

_MANY: Final = 500
"""From here on people are made by one process; one by one they would take many minutes."""

_SETTINGS: Final = Template("""
hostname = "localhost"
data = "$folder/data"
workers = 0

[tls]
certificate = "$certificate"
key = "$key"

[listen]
pop3 = ["127.0.0.1:$pop3"]
pop3s = ["127.0.0.1:$pop3s"]
lmtp = ["127.0.0.1:$lmtp"]

[auth]
allow_plaintext_from = ["127.0.0.1"]

[limits]
connections_per_address = 20000
""")


class Hato:
    """`hato serve` with one worker per core."""

    name = "Hato"

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        """Choose ports and the folder; nothing is started."""
        self.ports: Ports = free_ports()
        self._folder = folder
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None
        self._app_passwords: dict[str, str] = {}

    def prepare(self, groups: list[Group]) -> None:
        """Write hato.toml, make the domain and the people."""
        self._folder.mkdir(parents=True, exist_ok=True)
        text = _SETTINGS.substitute(
            folder=self._folder,
            certificate=self._certificate[0],
            key=self._certificate[1],
            pop3=self.ports.pop3,
            pop3s=self.ports.pop3s,
            lmtp=self.ports.lmtp,
        )
        self._configuration().write_text(text)
        self.command("domain", "add", DOMAIN)
        self.add(groups)

    def add(self, groups: list[Group]) -> None:
        """Make the people of `groups`, whether the server runs or not."""
        for group in groups:
            many = group.people >= _MANY
            (self._make_many if many else self._make_people)(group.names())

    def _make_many(self, names: list[str]) -> None:
        program = Path(__file__).with_name("many_people.py")
        command = [sys.executable, str(program), str(self._configuration()), password_of(names[0])]
        given = "\n".join(names)
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"many people could not be made: {done.stderr[-500:]}")

    def _make_people(self, names: list[str]) -> None:
        """Make each person as an operator does."""

        def make(name: str) -> None:
            self.command("user", "add", name, "--password-stdin", given=password_of(name))

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(make, names))

    def _configuration(self) -> Path:
        return self._folder / "hato.toml"

    def command(self, *arguments: str, given: str = "") -> str:
        """Run one command of Hato. Raises BenchError."""
        program = Path(sys.executable).parent / "hato"
        done = subprocess.run(
            [str(program), "--config", str(self._configuration()), *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise BenchError(f"`hato {' '.join(arguments[:2])}` failed: {' '.join(said)}")
        return done.stdout

    def start(self) -> None:
        """Start `hato serve` and wait for its line `ready`."""
        program = Path(sys.executable).parent / "hato"
        log = self._folder / "serve.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(program), "serve", "--config", str(self._configuration())],
                stdout=output,
                stderr=output,
            )
        self._process = process
        wait_until(lambda: b"\nready" in b"\n" + log.read_bytes(), process, log)

    def stop(self) -> None:
        """Stop the parent process, which stops its workers."""
        if self._process:
            stop_process(self._process)

    def main_pid(self) -> int:
        """Return the parent's process id."""
        if self._process is None:
            raise BenchError("Hato is not running")
        return self._process.pid

    def passwords(self, group: Group, kind: str) -> dict[str, str]:
        """Return a password per person; `fast` makes an app password for each, once."""
        if kind != "fast":
            return {name: password_of(name) for name in group.names()}

        def make(name: str) -> None:
            if name not in self._app_passwords:
                said = self.command("app-password", "add", name, "--device", "bench", "--json")
                self._app_passwords[name] = json.loads(said)["password"]

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(make, group.names()))
        return {name: self._app_passwords[name] for name in group.names()}

    def describe(self) -> str:
        """Say version and settings."""
        version = self.command("--version").split()[-1]
        return f"Hato {version}, one worker per core, connections_per_address raised"
