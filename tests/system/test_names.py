"""Names that are paths, twins or nonsense: nobody gets anywhere with them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from tests.system.fixtures import Connect, open_wire
from tests.system.lmtp import LmtpClient
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.wire import WireError

NAMES = [
    "../x",
    "../../../../etc/passwd",
    "a/b",
    "/",
    "/etc/passwd",
    ".",
    "..",
    "...",
    "~root",
    "a\\b",
    "C:\\x",
    "con",
    "a" * 300,
    "a" * 70_000,
    "x\u202egpj.exe",
    "x\u200by",
    "%2e%2e%2fx",
    "x\r\nSTLS",
    "x;rm -rf y",
    "$(touch y)",
    "`touch y`",
    "*",
    "?",
    "-rf",
    "--help",
    "",
]


def files_beside_the_data(server: HatoServer) -> set[Path]:
    """All names around the data folder, but not inside it."""
    return {
        path
        for folder in (server.folder, server.folder.parent)
        for path in folder.iterdir()
        if path != server.data_folder
    }


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:20]))
@pytest.mark.parametrize("domain", ["", "@example.org"])
def test_no_name_leads_out_of_the_data_folder(
    server: HatoServer, connect: Connect, person: Person, name: str, domain: str
) -> None:
    before = files_beside_the_data(server)
    client = Pop3Client(connect("pop3s"))
    if len(name) < 240 and "\n" not in name:
        assert not client.try_login(name + domain, "x").ok
        client.login(person)
    else:
        client.send(f"USER {name}{domain}")
        client.read_status()
    assert files_beside_the_data(server) == before


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:20]))
def test_no_recipient_leads_out_of_the_data_folder(server: HatoServer, name: str) -> None:
    before = files_beside_the_data(server)
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        client.expect(250, "MAIL FROM:<mika@example.net>")
        for written in (name, f'"{name}"'):
            try:
                reply = client.command(f"RCPT TO:<{written}@example.org>")
            except (WireError, ConnectionError):
                assert len(name) > 2000  # beyond the longest command the server may close
                break
            assert not reply.ok
            if "\n" in name or len(name) > 2000:
                break  # what follows the line end answers for itself
    assert files_beside_the_data(server) == before


@pytest.mark.parametrize(
    "name",
    ["../x@example.org", "a/b@example.org", "x\ny@example.org", "@example.org", "x@", "a" * 400],
)
def test_a_name_that_is_no_address_is_not_added(server: HatoServer, name: str) -> None:
    """Or it is, for a local part may hold nearly anything; but never outside the data folder."""
    before = files_beside_the_data(server)
    done = server.run("user", "add", name, "--password-stdin", standard_input=b"pw\n", status=None)
    assert b"Traceback" not in done.stderr
    assert files_beside_the_data(server) == before
    if done.returncode == 0:
        server.run("user", "remove", name)


def test_composed_and_decomposed_spellings_are_one_person(
    server: HatoServer, connect: Connect
) -> None:
    composed = unicodedata.normalize("NFC", "zoë@example.org")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    server.add_person(Person(composed, "open sesame"))
    second = server.run(
        "user", "add", decomposed, "--password-stdin", standard_input=b"other\n", status=None
    )
    assert second.returncode != 0
    Pop3Client(connect("pop3s")).login(Person(decomposed, "open sesame"))


def test_the_domain_has_no_case_for_the_command_line_either(
    server: HatoServer, new_person: Person
) -> None:
    shouting = f"{new_person.local_part}@EXAMPLE.ORG"
    done = server.run(
        "user", "add", shouting, "--password-stdin", standard_input=b"other\n", status=None
    )
    assert done.returncode != 0
