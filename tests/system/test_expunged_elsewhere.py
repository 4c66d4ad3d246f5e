"""What another program expunges while a POP3 session is open (RFC 1939 §4, RFC 1939 §6).

No program of this version does so beside a POP3 session, but IMAP will; here the test itself opens
the data folder, as a second process may. The session keeps its numbering, answers -ERR to RETR of
what is gone, never shows a wrong message, and its QUIT is not spoiled.
"""

from __future__ import annotations

import asyncio

from hato.app import Composition
from hato.core.ids import Uid
from hato.core.settings_file import read_settings
from hato.store.changes import Expunge
from tests.system.fixtures import Pop3Connection, deliver_letters, stored_letters
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.server_process import HatoServer


def expunge(server: HatoServer, person: Person, *indexes: int) -> None:
    """Expunge messages from INBOX, from this process."""

    async def work() -> None:
        store = await Composition().open_store(read_settings(server.config_file))
        try:
            known = await store.directory.find_person(person.address)
            assert known is not None
            account = await store.account(known.account_id)
            snapshot = await account.snapshot(account.inbox)
            uids = tuple(Uid(snapshot.uids[index]) for index in indexes)
            await account.commit([Expunge(account.inbox, uids)])
        finally:
            await store.close()

    asyncio.run(work())


def test_what_is_gone_is_refused_and_the_rest_keeps_its_numbers(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection
) -> None:
    deliver_letters(server, person, LETTERS["plain"], LETTERS["second"], LETTERS["third"])
    session = pop3_connection(person)
    before = session.unique_ids()
    expunge(server, person, 0)
    for command in ("RETR 1", "TOP 1 0"):
        session.expect_error(command)
    assert session.retrieve(2).endswith(LETTERS["second"])
    assert session.retrieve(3).endswith(LETTERS["third"])
    assert session.command("UIDL 3").words == ["3", before[3]]
    session.quit()
    assert [
        served.endswith(LETTERS[name])
        for name, served in zip(("second", "third"), stored_letters(server, person), strict=True)
    ] == [True, True]


def test_quit_deletes_the_rest_though_one_is_gone_already(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection
) -> None:
    deliver_letters(server, person, LETTERS["plain"], LETTERS["second"], LETTERS["third"])
    session = pop3_connection(person)
    session.delete(1)
    session.delete(2)
    expunge(server, person, 0)
    session.quit()
    (left,) = stored_letters(server, person)
    assert left.endswith(LETTERS["third"])


def test_pipelined_downloads_go_on_around_what_is_gone(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection
) -> None:
    names = ("plain", "second", "third", "dots")
    deliver_letters(server, person, *(LETTERS[name] for name in names))
    session = pop3_connection(person)
    expunge(server, person, 1, 2)
    session.send("RETR 1\r\nRETR 2\r\nRETR 3\r\nRETR 4\r\nNOOP")
    assert session.read_status().ok
    assert session.read_body().endswith(LETTERS["plain"])
    assert not session.read_status().ok
    assert not session.read_status().ok
    assert session.read_status().ok
    assert session.read_body().endswith(LETTERS["dots"])
    assert session.read_status().ok
    session.quit()


def test_everything_gone_still_ends_well(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection
) -> None:
    deliver_letters(server, person, LETTERS["plain"])
    session = pop3_connection(person)
    session.delete(1)
    expunge(server, person, 0)
    session.expect_ok("RSET")
    session.expect_error("RETR 1")
    session.quit()
    assert stored_letters(server, person) == []
