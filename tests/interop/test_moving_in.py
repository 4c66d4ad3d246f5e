"""A person leaves fetchmail, getmail6 or mpop: what they fetched is not fetched again by Hato.

The programs run for real and write their own memories; `hato account import` reads these.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interop.clients import fetchmail, getmail, mpop
from tests.interop.clients.account import Client, MailAccount
from tests.interop.conftest import Mailbox, read_all
from tests.interop.programs import needs
from tests.system.people import Person
from tests.system.server_process import Certificates, HatoServer

pytestmark = pytest.mark.interop

LEAVING = [
    pytest.param(client, fetch, file, id=client.name, marks=needs(*client.programs))
    for client, fetch, file in (
        (fetchmail.FETCHMAIL, fetchmail.fetch, "fetchmailrc"),
        (getmail.GETMAIL, getmail.fetch, "getmailrc"),
        (mpop.MPOP, mpop.fetch, "mpoprc"),
    )
]
DELETING = {
    "fetchmailrc": ("\n  keep\n", "\n  no keep\n"),
    "getmailrc": ("delete = false", "delete = true"),
    "mpoprc": ("keep on", "keep off"),
}
"""What the person changes in the settings so that letters are deleted at the server."""


class Home:
    """Where somebody moves in: a Hato of her own, which does not run."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self._hato = HatoServer(folder, certificates)
        self._hato.prepare()
        self._hato.add_person(Person("owner@example.org", "open sesame"))

    def import_from(self, path: Path, *, status: int = 0) -> dict[str, Any]:
        """`hato account import`, and what it says to programs."""
        done = self._hato.run("account", "import", str(path), "--json", status=status)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def fetch(self) -> dict[str, Any]:
        """`hato fetch`, and what it says to programs."""
        told: dict[str, Any] = json.loads(self._hato.run("fetch", "--json").stdout)
        assert told["failed"] == 0
        return told

    def messages(self) -> int:
        """How many letters she has."""
        (owner,) = json.loads(self._hato.run("user", "list", "--json").stdout)
        return int(owner["messages"])

    def accounts(self) -> list[dict[str, Any]]:
        """`hato account list`."""
        told: list[dict[str, Any]] = json.loads(self._hato.run("account", "list", "--json").stdout)
        return told


@pytest.fixture
def home(tmp_path: Path, certificates: Certificates) -> Home:
    """Somebody with an empty mailbox, who moves her accounts in."""
    return Home(tmp_path / "home", certificates)


@pytest.mark.parametrize(("client", "fetch", "file"), LEAVING)
def test_what_the_old_program_fetched_is_not_fetched_again_and_moving_in_twice_changes_nothing(
    small_mailbox: Mailbox,
    home: Home,
    deliver_one_more: Callable[[Mailbox], bytes],
    client: Client,
    fetch: Callable[..., list[bytes]],
    file: str,
    tmp_path: Path,
) -> None:
    server, person = small_mailbox.server, small_mailbox.person
    count = len(fetch(MailAccount.at(server, client.services[-1], person), tmp_path))
    assert count == len(small_mailbox.served)
    told = home.import_from(tmp_path / file)
    (moved,) = told["moved"]
    assert (moved["address"], moved["known"]) == (person.address, count)
    assert moved["has_secret"]
    assert told["left_out"] == []
    told = home.fetch()
    assert (told["new"], told["again"], home.messages()) == (0, 0, 0)
    deliver_one_more(small_mailbox)
    assert home.fetch()["new"] == 1
    assert home.messages() == 1
    assert len(read_all(server, person)) == count + 1
    again = home.import_from(tmp_path / file)
    assert (again["moved"], again["here"]) == ([], [person.address])
    assert home.fetch()["new"] == 0


@pytest.mark.parametrize(("client", "fetch", "file"), LEAVING)
def test_what_the_old_program_fetched_is_never_deleted_by_hato(
    small_mailbox: Mailbox,
    home: Home,
    deliver_one_more: Callable[[Mailbox], bytes],
    client: Client,
    fetch: Callable[..., list[bytes]],
    file: str,
    tmp_path: Path,
) -> None:
    server, person = small_mailbox.server, small_mailbox.person
    fetch(MailAccount.at(server, client.services[-1], person), tmp_path)
    settings = tmp_path / file
    settings.write_text(settings.read_text("utf-8").replace(*DELETING[file]), "utf-8")
    (moved,) = home.import_from(settings)["moved"]
    assert moved["keeping"] == "delete-when-stored"
    deliver_one_more(small_mailbox)
    told = home.fetch()
    assert (told["new"], told["deleted"], home.messages()) == (1, 1, 1)
    assert read_all(server, person) == small_mailbox.served


@pytest.mark.parametrize(("client", "fetch", "file"), LEAVING)
def test_a_memory_that_was_not_written_to_its_end_is_not_taken(
    small_mailbox: Mailbox,
    home: Home,
    client: Client,
    fetch: Callable[..., list[bytes]],
    file: str,
    tmp_path: Path,
) -> None:
    server, person = small_mailbox.server, small_mailbox.person
    fetch(MailAccount.at(server, client.services[-1], person), tmp_path)
    (memory,) = (one for name in ("ids", "uidls", "oldmail-*") for one in tmp_path.glob(name))
    memory.write_bytes(memory.read_bytes()[:-3])
    told = home.import_from(tmp_path / file, status=1)
    (left_out,) = told["left_out"]
    assert "was not written to its end" in left_out["reason"]
    assert home.accounts() == []
