"""The part of the READMEs' tour that fetches from a Dovecot, run as it is written.

The provider is started as an ordinary user, since Dovecot serves no mail to root.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hato.net.own_certificate import make_own_certificate
from tests.interop.programs import environment, needs
from tests.readmes import ROOT, printed, typed

PORTS = ("12995", "12110", "12024", "13995")
OWN, PROVIDER, FETCH = "user add", r"dovecot\.conf <<END", "account add"
READ, MAIL = r"hanako.*\n.*/2\n", "hato inbox"
"""What is in each of the tour's frames that are run here, and in no other."""
SERVING = ".venv/bin/hato serve\n"
UNPRIVILEGED = ("nobody", "nogroup")

pytestmark = needs("dovecot", "curl")


@dataclass
class Tour:
    """One language's tour, in a folder and on ports of its own."""

    text: str
    folder: Path
    language: str

    def frame(self, word: str) -> str:
        """Return the commands in which `word`, an expression, is found."""
        (found,) = (one for one in typed(self.text) if re.search(word, one))
        return found

    def told(self) -> list[str]:
        """Return the lines that the tour says are printed."""
        (frame,) = printed(self.text)
        return frame.splitlines()

    def type(self, commands: str, *prefix: str) -> str:
        """Run commands in the folder, and return all that they said.

        Into a file: a pipe would not end before the server does that was started.
        """
        said = self.folder / "said"
        with said.open("w") as output:
            done = subprocess.run(
                [*prefix, "sh", "-eu"],
                input=commands,
                cwd=self.folder,
                env=environment(self.folder, {"LC_ALL": self.language}),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        assert done.returncode == 0, said.read_text()
        return said.read_text()


def free_ports() -> dict[str, str]:
    """Return a free port for each of the tour's.

    None that the system gives to whoever asks for any: somebody could be given it meanwhile.
    """
    free = (port for port in random.sample(range(20_000, 32_000), 1_000) if is_free(port))
    return {old: str(port) for old, port in zip(PORTS, free, strict=False)}


def is_free(port: int) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket() as plug, contextlib.suppress(OSError):
        plug.bind(("127.0.0.1", port))
        return True
    return False


@pytest.fixture(params=[("README.md", "C.UTF-8"), ("README.ja.md", "ja_JP.UTF-8")])
def tour(request: pytest.FixtureRequest) -> Iterator[Tour]:
    """The tour, up to where the own server is set up.

    In a folder with a short name: those of Dovecot's sockets are limited to a hundred octets.
    """
    name, language = request.param
    text = (ROOT / name).read_text()
    for old, new in free_ports().items():
        text = text.replace(old, new)
    with tempfile.TemporaryDirectory(prefix="hato-") as name:
        folder = Path(name)
        make_own_certificate(folder / "hato-data" / "tls", int(time.time()))
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        tour = Tour(text, folder, language)
        tour.type(tour.frame(OWN).replace(SERVING, "").replace("unset HATO_CONFIG\n", ""))
        yield tour


@pytest.fixture
def provider(tour: Tour) -> Iterator[None]:
    """The tour's Dovecot, with a folder that an ordinary user may write."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        user, group = UNPRIVILEGED
        (tour.folder / "provider").mkdir()
        for path in (tour.folder / "provider", *(tour.folder / "hato-data").rglob("*")):
            shutil.chown(path, user, group)
        for path in (tour.folder, tour.folder / "hato-data"):
            path.chmod(0o711)
        prefix = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
    tour.type(tour.frame(PROVIDER), *prefix)
    yield
    pid = tour.folder / "provider" / "run" / "master.pid"
    if pid.exists():
        tour.type("/usr/sbin/dovecot -c provider/dovecot.conf stop")


@contextlib.contextmanager
def served(tour: Tour) -> Iterator[None]:
    """Run the own server, ready."""
    process = subprocess.Popen(
        [tour.folder / ".venv" / "bin" / "hato", "serve"],
        cwd=tour.folder,
        env=environment(tour.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert any(line.startswith("ready") for line in process.stdout)
        yield
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.mark.usefixtures("provider")
def test_the_tour_fetches_from_dovecot_and_reads_from_hato(tour: Tour) -> None:
    assert tour.type(tour.frame(FETCH)).splitlines() == tour.told()
    with served(tour):
        assert "A letter at a provider." in tour.type(tour.frame(READ))
        inbox, draft = tour.type(tour.frame(MAIL)).split("A letter at a provider.", 1)
        assert "tea" in inbox.splitlines()[0]
        assert "Ken <ken@example.net>" in inbox
        assert "Re: tea" in draft
        assert "At five!" in draft
        assert "> A letter at a provider." in draft
