"""Somebody's journal was cut or removed behind the server's back: what she, others and we see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.fixtures import deliver_letters, open_mailbox, open_wire, unique_sender
from tests.system.letters import LETTERS
from tests.system.lmtp import LmtpClient, LmtpReply
from tests.system.people import Person
from tests.system.server_process import HatoServer
from tests.system.wire import WireError

PEOPLE = tuple(Person(f"{name}@example.org", "open sesame") for name in ("ada", "ben", "eve"))
ADA = PEOPLE[0]


@pytest.fixture
def server(own_server: Callable[..., HatoServer]) -> HatoServer:
    """A server of three people, each with some letters; it is stopped."""
    server = own_server(workers=2)
    for person in PEOPLE:
        server.add_person(person)
        deliver_letters(server, person, *[LETTERS["plain"]] * 3)
    server.stop()
    return server


def folder_of(server: HatoServer, person: Person) -> Path:
    """Where the mail of somebody is."""
    (found,) = json.loads(server.run("verify", person.address, "--json").stdout)
    return server.data_folder / "accounts" / str(found["account"])


def journal_of(server: HatoServer, person: Person) -> Path:
    return folder_of(server, person) / "000001.log"


def answer_to_letter(server: HatoServer, person: Person) -> LmtpReply:
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        (reply,) = client.deliver(unique_sender(), [person.address], LETTERS["plain"])
        return reply


def unique_ids(server: HatoServer, person: Person) -> list[str]:
    with open_mailbox(server, person) as client:
        ids = list(client.unique_ids().values())
        client.quit()
    return ids


def remove(journal: Path) -> None:
    journal.unlink()


def empty(journal: Path) -> None:
    journal.write_bytes(b"")


def rename(journal: Path) -> None:
    journal.rename(journal.with_name("000007.log"))


@pytest.mark.parametrize("lose", [remove, empty, rename])
def test_a_lost_journal_concerns_its_owner_alone(
    server: HatoServer, lose: Callable[[Path], None]
) -> None:
    lose(journal_of(server, ADA))
    server.start()
    for person in PEOPLE[1:]:
        assert answer_to_letter(server, person).ok
        assert len(unique_ids(server, person)) == 4
    for _ in range(2):
        with pytest.raises(WireError, match=r"SYS/PERM"):
            open_mailbox(server, ADA)
        assert answer_to_letter(server, ADA).code == 451
    server.stop()
    assert "worker-died" not in server.log()
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("lose", [remove, empty, rename])
def test_verify_names_the_damaged_and_goes_on_with_the_others(
    server: HatoServer, lose: Callable[[Path], None]
) -> None:
    journal = journal_of(server, ADA)
    lose(journal)
    before = sorted(path.name for path in journal.parent.glob("*.log"))
    said = server.run("verify", status=1)
    (line,) = said.stdout.decode().splitlines()
    assert line.startswith(f"{ADA.address}: account {journal.parent.name} is damaged (")
    assert said.stderr == b""
    told = json.loads(server.run("verify", "--json", status=1).stdout)
    assert sorted(one["name"] for one in told) == sorted(person.address for person in PEOPLE)
    assert [one["name"] for one in told if one["report"] is None] == [ADA.address]
    assert sorted(path.name for path in journal.parent.glob("*.log")) == before
    assert server.run("verify", PEOPLE[1].address).stdout


def test_verify_misses_an_account_that_was_removed(server: HatoServer) -> None:
    folder = folder_of(server, ADA)
    folder.rename(server.folder / "away")
    said = server.run("verify", status=1).stdout.decode()
    assert said.startswith(f"{ADA.address}: account {folder.name} is not there")
    (server.folder / "away").rename(folder)
    assert server.run("verify").stdout


def test_letters_that_a_journal_lost_are_told_and_their_unique_ids_stay_theirs(
    server: HatoServer,
) -> None:
    server.start()
    deliver_letters(server, ADA, *[LETTERS["plain"]] * 7)
    given = unique_ids(server, ADA)
    assert len(given) == 10
    server.stop()
    journal = journal_of(server, ADA)
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size // 2)
    assert server.run("verify", status=1).stdout.startswith(f"{ADA.address}: on ".encode())
    server.start()
    deliver_letters(server, ADA, *[LETTERS["plain"]] * 7)
    now = unique_ids(server, ADA)
    kept = len(now) - 7
    assert 0 < kept < 10
    assert now[:kept] == given[:kept]
    assert not set(now[kept:]) & set(given)
    server.stop()
    assert server.log().count("journal-lost-its-end") == 1
    assert f"{10 - kept} messages".encode() in server.run("verify", status=1).stdout
    assert b"acknowledged" in server.run("verify", "--repair").stdout
    assert b"every checksum is right" in server.run("verify").stdout
