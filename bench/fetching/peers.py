"""fetchmail, getmail6 and mpop, each into a Maildir, durably, as fast as it can be set up.

Called by the scenarios.
Never reads a configuration of this machine: each has a folder of its own, and each keeps what it
fetched on the server, so that its memory of what it has is part of the work.
Standards: none.
Fails with BenchError when a program is missing or fails.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from bench.fetching.arrived import in_maildir
from bench.fetching.process import Ran, run
from bench.fetching.providers import Maildrop
from bench.server import BenchError

PACKAGES: Final = ("fetchmail", "getmail6", "mpop")
_UNPRIVILEGED: Final = "mail"
"""getmail6 refuses to write mail as root; the others run as the same person then."""


class Collector(Protocol):
    """A program that fetches mail, set up for one person."""

    name: str
    pipelines: bool
    """Whether it asks for letters before the last one has come, where the server allows it."""

    def set_up(self, folder: Path, maildrop: Maildrop, port: int) -> None:
        """Begin anew in `folder`, with mail to fetch from 127.0.0.1:`port`."""
        ...

    def know_all(self) -> None:
        """Believe that everything which lies there was fetched before."""
        ...

    def collect(self) -> Ran:
        """Fetch what is new, as the whole program that a person starts."""
        ...

    def arrived(self) -> Iterator[bytes]:
        """Yield what it has delivered."""
        ...

    def describe(self) -> str:
        """Say version and settings."""
        ...


def _user() -> str | None:
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def unique_ids(maildrop: Maildrop) -> Iterator[str]:
    """Yield the unique-ids of the floor."""
    return (f"{number:016x}" for number in range(1, maildrop.letters + 1))


class _Peer:
    """What the three have in common: a folder, a Maildir, a maildrop."""

    program: str
    folder: Path
    maildrop: Maildrop
    port: int

    def set_up(self, folder: Path, maildrop: Maildrop, port: int) -> None:
        """Begin anew in `folder`, with mail to fetch from 127.0.0.1:`port`."""
        if shutil.which(self.program) is None:
            raise BenchError(f"{self.program} is not installed: run bench/run --install-peer")
        self.folder, self.maildrop, self.port = folder, maildrop, port
        for place in ("new", "cur", "tmp"):
            (folder / "Maildir" / place).mkdir(parents=True)
        (folder / "settings").write_text(self._settings())
        self._own()

    def _own(self) -> None:
        """Let its files be its user's alone: fetchmail wants that."""
        for path in (self.folder, *self.folder.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
            if user := _user():
                shutil.chown(path, user, user)

    def _settings(self) -> str:
        raise AssertionError

    def arrived(self) -> Iterator[bytes]:
        """Yield what it has delivered."""
        return in_maildir(self.folder / "Maildir")


class Fetchmail(_Peer):
    """fetchmail, which leaves delivering to another program."""

    name = "fetchmail"
    program = "fetchmail"
    pipelines = False

    def __init__(self, mda: Path) -> None:
        """Deliver by `mda`, which takes a Maildir as its argument."""
        self._mda = mda
        self._fetches_all = True

    def _settings(self) -> str:
        return (
            f'set idfile "{self.folder}/ids"\n'
            f"poll 127.0.0.1 service {self.port} protocol pop3 uidl auth password timeout 60\n"
            f'  username "{self.maildrop.login}" password "{self.maildrop.password}"\n'
            f'  sslproto "" keep mda "{self._mda} {self.folder}/Maildir"\n'
        )

    def know_all(self) -> None:
        """Believe that everything which lies there was fetched before."""
        who = f"{self.maildrop.login}@127.0.0.1"
        lines = (f"{who} {unique_id}\n" for unique_id in unique_ids(self.maildrop))
        (self.folder / "ids").write_text("".join(lines))
        self._own()

    def collect(self) -> Ran:
        """Fetch what is new.

        The first time with `fetchall`, which spares it the question for each letter's size and
        lets it take RETR, the fastest that it has; afterwards without, or it would take all again.
        """
        is_first = not (self.folder / "ids").exists()
        command = ["fetchmail", "-f", str(self.folder / "settings"), "--nodetach", "--nosyslog"]
        command += ["--silent", "--pidfile", str(self.folder / "pid")]
        command += ["--fetchall"] if is_first else []
        environment = {"HOME": str(self.folder), "FETCHMAILHOME": str(self.folder)}
        # 1: there was nothing to fetch
        return run(command, user=_user(), environment=environment, good_codes=(0, 1))

    def describe(self) -> str:
        """Say version and settings."""
        said = run(["fetchmail", "--version"], good_codes=tuple(range(256))).output
        version = next((one for one in said.split() if one[:2] == "6."), "")
        return (
            f"fetchmail {version.split('+')[0]}: keep, uidl, fetchall at first; delivers by a "
            "static C program of ours (write, fsync, rename, fsync of the folder)"
        )


class Getmail(_Peer):
    """getmail6 into its own Maildir destination."""

    name = "getmail6"
    program = "getmail"
    pipelines = False

    def _settings(self) -> str:
        return (
            "[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\n"
            f"port = {self.port}\nusername = {self.maildrop.login}\n"
            f"password = {self.maildrop.password}\n"
            f"[destination]\ntype = Maildir\npath = {self.folder}/Maildir/\n"
            "[options]\nread_all = false\ndelete = false\nverbose = 0\n"
            "received = false\ndelivered_to = false\n"
        )

    def know_all(self) -> None:
        """Believe that everything which lies there was fetched before."""
        now = int(time.time())
        lines = (f"{unique_id}\0{now}\n" for unique_id in unique_ids(self.maildrop))
        name = f"oldmail-127.0.0.1-{self.port}-{self.maildrop.login}"
        (self.folder / name).write_text("".join(lines))
        self._own()

    def collect(self) -> Ran:
        """Fetch what is new."""
        command = ["getmail", f"--getmaildir={self.folder}", "--rcfile=settings", "--quiet"]
        return run(command, user=_user(), environment={"HOME": str(self.folder)})

    def describe(self) -> str:
        """Say version and settings."""
        version = run(["getmail", "--version"]).output.split()[-1]
        return f"getmail6 {version}: Maildir, read_all=false, delete=false, no header lines added"


class Mpop(_Peer):
    """mpop into its own Maildir delivery."""

    name = "mpop"
    program = "mpop"
    pipelines = True

    def _settings(self) -> str:
        return (
            f"account bench\nhost 127.0.0.1\nport {self.port}\nuser {self.maildrop.login}\n"
            f"password {self.maildrop.password}\nauth user\ntls off\nkeep on\n"
            f"received_header off\npipelining auto\ndelivery maildir {self.folder}/Maildir\n"
            f"uidls_file {self.folder}/uidls\n"
        )

    def know_all(self) -> None:
        """Believe that everything which lies there was fetched before."""
        head = f" {self.maildrop.letters} 127.0.0.1 {self.maildrop.login}\n"
        lines = (f"{unique_id}\n" for unique_id in unique_ids(self.maildrop))
        (self.folder / "uidls").write_text(head + "".join(lines))
        self._own()

    def collect(self) -> Ran:
        """Fetch what is new."""
        command = ["mpop", "--file", str(self.folder / "settings"), "--quiet", "bench"]
        return run(command, user=_user(), environment={"HOME": str(self.folder)})

    def describe(self) -> str:
        """Say version and settings."""
        version = run(["mpop", "--version"]).output.split()[2]
        return f"mpop {version}: Maildir (an fsync each), pipelining auto, no Received line"
