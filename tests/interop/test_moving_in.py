"""A person leaves fetchmail, getmail6 or mpop: what they fetched is not fetched again by Hato.

The programs run for real and write their own memories; `hato account import` reads these.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hato.app import Composition
from hato.core.clock import SystemClock
from hato.core.settings_file import read_settings
from hato.services.fetching.fetch_round import fetch_round
from hato.services.fetching.poll_outcome import Outcome, Tally
from tests.interop.clients import fetchmail, getmail, mpop
from tests.interop.clients.account import Client, MailAccount
from tests.interop.conftest import Mailbox, read_all
from tests.interop.programs import needs
from tests.system.people import PeoplePool, Person
from tests.system.server_process import HatoServer

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


@pytest.fixture
def owner(people: PeoplePool) -> Person:
    """Somebody with an empty mailbox, who moves her accounts in."""
    return people.new("owner")


def move_in(server: HatoServer, owner: Person, path: Path) -> dict[str, Any]:
    """`hato account import`, and what it says to programs."""
    done = server.run("account", "import", str(path), "--owner", owner.address, "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["left_out"] == []
    return told


def poll(server: HatoServer, owner: Person, source_id: str) -> Outcome:
    """Fetch from one source, once."""

    async def work() -> Outcome:
        ways = Composition()
        settings = read_settings(server.config_file)
        store = await ways.open_store(settings)
        try:
            person = await ways.accounts(store, settings).person(owner.address)
            account = await store.account(person.account_id)
            sources = ways.sources(account, settings)
            source = await sources.find(source_id)
            return await fetch_round(
                account,
                source,
                await sources.secret(source),
                delivery=ways.delivery(store, settings),
                clock=SystemClock(),
                tally=Tally(),
            )
        finally:
            await store.close()

    outcome = asyncio.run(work())
    assert outcome.error is None
    assert outcome.failed == 0
    return outcome


@pytest.mark.parametrize(("client", "fetch", "file"), LEAVING)
def test_what_the_old_program_fetched_is_not_fetched_again_and_moving_in_twice_changes_nothing(
    small_mailbox: Mailbox,
    owner: Person,
    deliver_one_more: Callable[[Mailbox], bytes],
    client: Client,
    fetch: Callable[..., list[bytes]],
    file: str,
    tmp_path: Path,
) -> None:
    server = small_mailbox.server
    account = MailAccount.at(server, client.services[-1], small_mailbox.person)
    count = len(fetch(account, tmp_path))
    assert count == len(small_mailbox.served)
    told = move_in(server, owner, tmp_path / file)
    (moved,) = told["moved"]
    assert (moved["address"], moved["known"]) == (small_mailbox.person.address, count)
    assert moved["has_secret"]
    outcome = poll(server, owner, moved["source_id"])
    assert (outcome.new, outcome.on_server) == (0, count)
    letter = deliver_one_more(small_mailbox)
    assert poll(server, owner, moved["source_id"]).new == 1
    (fetched,) = read_all(server, owner)
    assert fetched.endswith(letter)
    assert len(read_all(server, small_mailbox.person)) == count + 1
    again = move_in(server, owner, tmp_path / file)
    assert (again["moved"], again["here"]) == ([], [moved["address"]])


@pytest.mark.parametrize(("client", "fetch", "file"), LEAVING)
def test_what_the_old_program_fetched_is_never_deleted_by_hato(
    small_mailbox: Mailbox,
    owner: Person,
    deliver_one_more: Callable[[Mailbox], bytes],
    client: Client,
    fetch: Callable[..., list[bytes]],
    file: str,
    tmp_path: Path,
) -> None:
    server = small_mailbox.server
    account = MailAccount.at(server, client.services[-1], small_mailbox.person)
    fetch(account, tmp_path)
    settings = tmp_path / file
    settings.write_text(settings.read_text("utf-8").replace(*DELETING[file]), "utf-8")
    (moved,) = move_in(server, owner, settings)["moved"]
    assert moved["keeping"] == "delete-when-stored"
    deliver_one_more(small_mailbox)
    outcome = poll(server, owner, moved["source_id"])
    assert (outcome.new, outcome.deleted) == (1, 1)
    assert read_all(server, small_mailbox.person) == small_mailbox.served
    assert len(read_all(server, owner)) == 1


@pytest.mark.parametrize(("client", "fetch", "file"), LEAVING)
def test_a_memory_that_was_not_written_to_its_end_is_not_taken(
    small_mailbox: Mailbox,
    owner: Person,
    client: Client,
    fetch: Callable[..., list[bytes]],
    file: str,
    tmp_path: Path,
) -> None:
    server = small_mailbox.server
    fetch(MailAccount.at(server, client.services[-1], small_mailbox.person), tmp_path)
    (memory,) = [
        one for name in ("ids", "uidls", "oldmail-*") for one in tmp_path.glob(name)
    ]  # fmt: skip
    memory.write_bytes(memory.read_bytes()[:-3])
    done = server.run("account", "import", str(tmp_path / file), "--owner", owner.address, status=1)
    assert "was not written to its end" in done.stderr.decode()
    listed = server.run("account", "list", "--owner", owner.address, "--json")
    assert json.loads(listed.stdout) == []
