"""Hato as a collector: the real `hato fetch`, from a generated hato.toml.

Called by the scenarios; everything lies in the run's own folder.
Never imports Hato: it is driven from outside (`kept_by_hato`, `many_sources` are other processes).
Standards: none.
Fails with BenchError when a command of Hato fails; its own words are in the text.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

from bench.fetching.process import Ran, run
from bench.fetching.providers import Maildrop
from bench.letters import DOMAIN
from bench.server import BenchError, free_ports

OWNER: Final = f"owner@{DOMAIN}"

_SETTINGS: Final = Template("""
hostname = "localhost"
data = "$folder/data"
workers = 1

[tls]
certificate = "$certificate"
key = "$key"

[listen]
pop3s = ["127.0.0.1:$pop3s"]

[limits]
message_octets = $message_octets
""")

_MESSAGE_OCTETS: Final = 600 * 1024 * 1024
"""The default, 100 MiB, would refuse the letter of `fetch-large`."""


class HatoCollector:
    """Hato, with one owner and one source."""

    name = "Hato"
    pipelines = True

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        """Prepare; `set_up` begins."""
        self._certificate = certificate
        self.folder = Path()

    @property
    def configuration(self) -> Path:
        """The hato.toml of this run."""
        return self.folder / "hato.toml"

    def make_owner(self, folder: Path) -> None:
        """Begin anew in `folder`, with one person who has no source yet."""
        self.folder = folder
        folder.mkdir(parents=True)
        text = _SETTINGS.substitute(
            folder=folder,
            certificate=self._certificate[0],
            key=self._certificate[1],
            pop3s=free_ports().pop3s,
            message_octets=_MESSAGE_OCTETS,
        )
        self.configuration.write_text(text)
        self.command("domain", "add", DOMAIN)
        self.command("user", "add", OWNER, "--password-stdin", given="open-owner-sesame")

    def set_up(self, folder: Path, maildrop: Maildrop, port: int) -> None:
        """Begin anew in `folder`, with mail to fetch from 127.0.0.1:`port`."""
        self.make_owner(folder)
        where = ("--host", "127.0.0.1", "--port", str(port), "--tls", "none")
        who = ("--login", maildrop.login, "--password-stdin", "--owner", OWNER)
        self.command("account", "add", maildrop.login, *where, *who, given=maildrop.password)

    def know_all(self) -> None:
        """Believe that everything which lies there was fetched before: by fetching it."""
        self.collect()

    def collect(self) -> Ran:
        """Fetch what is new."""
        return run([*self._program(), "fetch"])

    def arrived(self) -> Iterator[bytes]:
        """Yield what it has delivered."""
        program = Path(__file__).with_name("kept_by_hato.py")
        command = [sys.executable, str(program), str(self.configuration), OWNER]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            if process.stdout is None:
                raise BenchError("no pipe")
            while head := process.stdout.read(8):
                yield process.stdout.read(int.from_bytes(head, "big"))
        if process.returncode:
            raise BenchError("what Hato keeps could not be read")

    def add_sources(self, maildrop: Maildrop, port: int, count: int, authorities: Path) -> None:
        """Make `count` sources at once, over TLS; the command line makes one at a time."""
        program = Path(__file__).with_name("many_sources.py")
        what = {
            "owner": OWNER, "count": count, "port": port, "login": maildrop.login,
            "password": maildrop.password, "ca_file": str(authorities), "poll_seconds": 60,
        }  # fmt: skip
        command = [sys.executable, str(program), str(self.configuration)]
        _said(subprocess.run(command, input=json.dumps(what), capture_output=True, text=True,
                             check=False), "many sources")  # fmt: skip

    def _program(self) -> list[str]:
        program = Path(sys.executable).parent / "hato"
        return [str(program), "--config", str(self.configuration)]

    def command(self, *arguments: str, given: str = "") -> str:
        """Run one command of Hato. Raises BenchError."""
        command = [*self._program(), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        return _said(done, f"`hato {' '.join(arguments[:2])}`")

    def describe(self) -> str:
        """Say version and settings."""
        version = run([str(Path(sys.executable).parent / "hato"), "--version"]).output.split()[-1]
        return f"Hato {version}: `hato fetch`, nothing tuned but the largest message"


def _said(done: subprocess.CompletedProcess[str], what: str) -> str:
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise BenchError(f"{what} failed: {' '.join(words)}")
    return done.stdout
