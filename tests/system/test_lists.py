"""What the command line lists: rows for programs, a heading above them for eyes."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable

import pytest

from tests.system.people import Person
from tests.system.server_process import HATO, HatoServer

ADA = Person("ada@example.org", "open sesame")


def at_a_terminal(server: HatoServer, *verb: str, language: str = "C.UTF-8") -> list[str]:
    """What somebody sees who types a verb."""
    ours, theirs = pty.openpty()
    command = [str(HATO), "--config", str(server.config_file), *verb]
    environment = {**os.environ, "LC_ALL": language}
    done = subprocess.run(command, stdout=theirs, env=environment, check=True)
    os.close(theirs)
    assert done.returncode == 0
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        return terminal.read(65_536).decode().splitlines()


@pytest.fixture
def one(own_server: Callable[..., HatoServer]) -> HatoServer:
    server = own_server(start=False)
    server.add_person(ADA)
    server.run("app-password", "add", ADA.address, "--device", "phone")
    return server


@pytest.mark.parametrize(
    ("verb", "heading"),
    [
        (("user", "list"), "NAME"),
        (("domain", "list"), "DOMAIN"),
        (("address", "list"), "ADDRESS"),
        (("app-password", "list", ADA.address), "DEVICE"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_list_has_a_heading_for_eyes_only(
    one: HatoServer, verb: tuple[str, ...], heading: str
) -> None:
    rows = one.run(*verb).stdout.decode().splitlines()
    seen = at_a_terminal(one, *verb)
    assert seen[0].split("\t")[0] == heading
    assert seen[1:] == rows
    assert rows
    assert at_a_terminal(one, *verb, language="ja_JP.UTF-8")[0] != seen[0]
