"""`hato fetch` among hostile providers: each gets its sentence, the others are fetched."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fetch_faults.collector import OWNER
from tests.fetch_faults.mailboxes import stored_letters
from tests.fetching.hostile import ALL, ESCAPES, Hostile
from tests.fetching.maildrop import PASSWORD, Answer, Maildrop, letters, rows
from tests.fetching.provider import Behaviour, Provider
from tests.system.fixtures import ONLY_LINUX
from tests.system.server_process import HATO, Certificates, HatoServer

pytestmark = [pytest.mark.slow, ONLY_LINUX]

MEMORY_OCTETS = 450_000_000


class Person:
    """Somebody with several accounts elsewhere, each at a provider that turns bad later."""

    def __init__(self, folder: Path, providers: contextlib.ExitStack) -> None:
        self.hato = HatoServer(folder, Certificates(folder / "certificates"))
        self.hato.prepare()
        self.hato.add_person(OWNER)
        self._providers = providers
        self._behaviours: dict[str, Behaviour] = {}

    def add(self, address: str, *policy: str) -> Provider:
        """Add a source at a good provider, which is empty."""
        self._behaviours[address] = Maildrop()
        provider = self._providers.enter_context(
            Provider(lambda peer: self._behaviours[address](peer))  # noqa: PLW0108 - it changes
        )
        self.hato.run(
            *("account", "add", address, "--owner", OWNER.address, "--protocol", "pop3"),
            *("--host", "127.0.0.1", "--port", str(provider.port), "--tls", "none"),
            *("--login", address, "--password-stdin", *policy),
            standard_input=PASSWORD.encode() + b"\n",
        )
        provider.heard.clear()
        return provider

    def change(self, address: str, behaviour: Behaviour) -> None:
        """Let a provider behave otherwise from now on."""
        self._behaviours[address] = behaviour

    def fetch(self, *more: str) -> tuple[int, str]:
        """Run `hato fetch`; return its status and all that it said."""
        done = self.hato.run("fetch", "--owner", OWNER.address, *more, status=None)
        words = (done.stdout + done.stderr).decode()
        assert "Traceback" not in words, words
        return done.returncode, words

    def fetch_json(self) -> dict[str, dict[str, Any]]:
        """Run `hato fetch --json`; return what it tells of each account."""
        done = self.hato.run("fetch", "--owner", OWNER.address, "--json", status=None)
        said = json.loads(done.stdout)
        return {row["address"]: row for row in said["accounts"]}

    def letters(self) -> list[bytes]:
        return stored_letters(self.hato.data_folder)


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with contextlib.ExitStack() as providers:
        yield Person(tmp_path / "here", providers)


QUICK_TO_END = tuple(one for one in ALL if not one.is_endless)
GROUPS = [QUICK_TO_END[start::4] for start in range(4)]


@pytest.mark.parametrize("group", GROUPS, ids=["one", "two", "three", "four"])
def test_the_others_go_on(person: Person, group: tuple[Hostile, ...]) -> None:
    """Between two good providers, many bad ones: both are fetched, each bad one is told."""
    names = [f"bad{number}@provider.example" for number in range(len(group))]
    addresses = ["first@provider.example", *names, "last@provider.example"]
    for address in addresses:
        person.add(address)
    for name, hostile in zip(names, group, strict=True):
        person.change(name, hostile.make())
    first, last = Maildrop(letters(3)), Maildrop(letters(3, first=4))
    person.change(addresses[0], first)
    person.change(addresses[-1], last)
    told = person.fetch_json()
    assert sorted(person.letters()) == sorted([*first.letters.values(), *last.letters.values()])
    for name, hostile in zip(names, group, strict=True):
        trouble = told[name]["trouble"]
        assert trouble is not None, hostile.name
        assert trouble["text"].isprintable(), hostile.name
    assert told[addresses[0]]["trouble"] is told[addresses[-1]]["trouble"] is None


def test_nothing_raw_and_nothing_secret_is_printed_or_kept(person: Person) -> None:
    """Not to the terminal, not in JSON, not in the log of the account, not in any file."""
    address = "ada@provider.example"
    person.add(address)
    said = b"-ERR [AUTH] " + ESCAPES + b"\r\n"
    person.change(address, Maildrop(letters(1), {"PASS": said}))
    status, words = person.fetch()
    _, listed = 0, person.hato.run("account", "list", "--owner", OWNER.address).stdout.decode()
    log = person.hato.run("account", "log", "--owner", OWNER.address, status=None)
    assert status == 1
    for text in (words, listed, log.stdout.decode(), log.stderr.decode()):
        assert PASSWORD not in text
        for character in "\x1b\x07\x9b\u202e\x00\x08":
            assert character not in text
    for file in person.hato.data_folder.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file


def test_a_path_for_a_unique_id_makes_no_file(person: Person) -> None:
    address = "ada@provider.example"
    person.add(address)
    names = ("../../../../escaped", "/tmp/escaped-by-uidl", "..", "a/b/c")
    drop = Maildrop(dict(zip(names, letters(4).values(), strict=True)))
    person.change(address, drop)
    before = {file for file in person.hato.folder.rglob("*") if file.is_file()}
    assert person.fetch()[0] == 0
    assert person.letters() == list(drop.letters.values())
    made = {file for file in person.hato.folder.rglob("*") if file.is_file()} - before
    assert not [file for file in made if "escaped" in file.name or file.name in {"b", "c"}]
    assert not Path("/tmp/escaped-by-uidl").exists()


ENDLESS: dict[str, dict[str, Answer]] = {
    "unique-ids": {"UIDL": lambda s, _: _endless(s.peer.say, b"1 a\r\n")},
    "different unique-ids": {"UIDL": lambda s, _: _numbered(s.peer.say)},
    "a letter": {
        "UIDL": rows(["1 a"]),
        "LIST": rows(["1 100"]),
        "RETR": lambda s, _: _endless(s.peer.say, b"x" * 70 + b"\r\n"),
    },
}


def _endless(say: Callable[[bytes], None], row: bytes) -> bytes | None:
    say(b"+OK\r\n")
    while True:
        say(row * 8192)


def _numbered(say: Callable[[bytes], None]) -> bytes | None:
    say(b"+OK\r\n")
    number = 0
    while True:
        block = range(number + 1, number + 5001)
        say("".join(f"{n} {n:064x}\r\n" for n in block).encode())
        number += 5000


_PEAK_OF_CHILD = (
    "import resource, subprocess, sys; status = subprocess.call(sys.argv[1:]);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(status)"
)
"""Something small starts the program: a child's peak begins with the memory of who started it."""


@pytest.mark.parametrize("answers", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_has_no_end_costs_bounded_memory(person: Person, answers: dict[str, Answer]) -> None:
    address = "ada@provider.example"
    person.add(address)
    person.change(address, Maildrop(letters(1), answers))
    done = subprocess.run(
        [
            *(sys.executable, "-c", _PEAK_OF_CHILD),
            *(str(HATO), "--config", str(person.hato.config_file), "fetch"),
        ],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert int(done.stdout.split()[-1]) * 1024 < MEMORY_OCTETS
