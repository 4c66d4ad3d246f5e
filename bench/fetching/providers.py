"""The servers that mail is fetched from: a floor, Dovecot, and our own.

Called by the scenarios: each maildrop has so many letters of one size, numbered from 1.
Never changes a letter: `arrived` compares octets (Hato's and Dovecot's own header lines are none
here, since the letters are laid into their stores).
Standards: RFC 1939, as much as the collectors need.
Fails with BenchError when a server does not start.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bench import generator
from bench.hato_server import Hato
from bench.letters import Group, letter, password_of, write_letters
from bench.peer_dovecot import Dovecot
from bench.server import accepts, free_ports, stop_process, wait_until

DIFFERENT_LETTERS = 1000
"""Of a maildrop with more, letters come again: they are known by the rest of the division."""


@dataclass(frozen=True)
class Maildrop:
    """Mail that lies ready at a provider."""

    port: int
    login: str
    password: str
    letters: int
    letter_octets: int


class Provider(Protocol):
    """A server with maildrops."""

    name: str

    def maildrop(self, letters: int, octets: int, *, tls: bool = False) -> Maildrop:
        """Return a maildrop of so many letters; the same one for the same numbers."""
        ...

    def stop(self) -> None:
        """Stop, and return once every process is gone."""
        ...


class FloorProvider:
    """Answers from memory: the collector is the bottleneck, whatever it is."""

    name = "floor"

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        """Compile the server; one process for each maildrop is started when it is wanted."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._certificate = certificate
        self._binary = generator.build_floor(folder)
        self._running: dict[tuple[int, int, bool], tuple[subprocess.Popen[bytes], Maildrop]] = {}

    def maildrop(self, letters: int, octets: int, *, tls: bool = False) -> Maildrop:
        """Return a maildrop of so many letters; the same one for the same numbers."""
        known = self._running.get((letters, octets, tls))
        if known:
            return known[1]
        file = self._folder / f"{letters}x{octets}.letters"
        write_letters(
            file, Group("fetch", 1, letters, octets, letters=min(letters, DIFFERENT_LETTERS))
        )
        port = free_ports().pop3
        command = [str(self._binary), str(port), str(letters), str(file), str(octets)]
        process = subprocess.Popen([*command, *(map(str, self._certificate) if tls else ())])
        wait_until(lambda: accepts(port), process, self._folder / "floor.log")
        made = Maildrop(port, "fetch@bench.example", "open-fetch-sesame", letters, octets)
        self._running[letters, octets, tls] = (process, made)
        return made

    def stop(self) -> None:
        """Stop, and return once every process is gone."""
        for process, _ in self._running.values():
            stop_process(process)


def _lay_into(maildir: Path, letters: int, octets: int) -> None:
    """Write a Maildir of so many letters."""
    for place in ("new", "cur", "tmp"):
        (maildir / place).mkdir(parents=True)
    different = [letter(number, octets) for number in range(min(letters, DIFFERENT_LETTERS))]
    for number in range(letters):
        data = different[number % len(different)].replace(b"\r\n", b"\n")
        name = f"{1_700_000_000 + number}.M{number}.bench,S={len(data)},W={octets}:2,"
        (maildir / "cur" / name).write_bytes(data)


class DovecotProvider:
    """Debian's Dovecot, tuned as in the other scenarios."""

    name = "Dovecot"

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        """Prepare a server that knows nobody; it is started with the first maildrop."""
        self._folder = folder
        self._server = Dovecot(folder, certificate, "maildir")
        self._groups: dict[tuple[int, int], Group] = {}
        self._runs = False

    def maildrop(self, letters: int, octets: int, *, tls: bool = False) -> Maildrop:
        """Return a maildrop of so many letters; the same one for the same numbers."""
        group = self._groups.get((letters, octets))
        if group is None:
            group = Group(f"fetch{letters}x{octets}u", 1, letters, octets)
            self._groups[letters, octets] = group
            self._server.prepare(list(self._groups.values()))
            maildir = self._folder / "mail" / group.names()[0].partition("@")[0]
            _lay_into(maildir, letters, octets)
            for path in (maildir, *maildir.rglob("*")):
                shutil.chown(path, "mail", "mail")
        if not self._runs:
            self._server.start()
            self._runs = True
        ports, name = self._server.ports, group.names()[0]
        port = ports.pop3s if tls else ports.pop3
        return Maildrop(port, name, password_of(name), letters, octets)

    def stop(self) -> None:
        """Stop, and return once every process is gone."""
        self._server.stop()


class HatoProvider:
    """Our own server, filled by `hato import`."""

    name = "Hato"

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        """Prepare a server that knows nobody; it is started with the first maildrop."""
        self._folder = folder
        self._server = Hato(folder / "provider", certificate)
        self._known: dict[tuple[int, int], str] = {}

    def maildrop(self, letters: int, octets: int, *, tls: bool = False) -> Maildrop:
        """Return a maildrop of so many letters; the same one for the same numbers."""
        name = self._known.get((letters, octets))
        if name is None:
            group = Group(f"fetch{letters}x{octets}u", 1, letters, octets)
            name = self._known[letters, octets] = group.names()[0]
            if len(self._known) == 1:
                self._server.prepare([group])
                self._server.start()
            else:
                self._server.add([group])
            maildir = self._folder / f"{letters}x{octets}.maildir"
            _lay_into(maildir, letters, octets)
            self._server.command("import", name, "maildir", str(maildir))
        ports = self._server.ports
        port = ports.pop3s if tls else ports.pop3
        return Maildrop(port, name, password_of(name), letters, octets)

    def stop(self) -> None:
        """Stop, and return once every process is gone."""
        self._server.stop()


PROVIDERS: Final[dict[str, Callable[[Path, tuple[Path, Path]], Provider]]] = {
    "floor": FloorProvider,
    "dovecot": DovecotProvider,
    "hato": HatoProvider,
}
