"""Three faults found by running other programs; each must never be ours.

One person read another's mail; DELE and QUIT deleted nothing; `LIST abc` dropped the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.system.fixtures import (
    Connect,
    Pop3Connection,
    deliver_letters,
    open_mailbox,
    stored_letters,
)
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer


def letter_for(person: Person, number: int) -> bytes:
    return f"Subject: secret {number} of {person.address}\r\n\r\nfor {person.address}\r\n".encode()


def all_that_is_shown(client: Pop3Client) -> Iterable[bytes]:
    """Everything a session can learn about the mail in its maildrop."""
    for number in client.sizes():
        yield client.retrieve(number)
        yield client.top(number, 0)
    for command in ("LIST", "UIDL"):
        yield client.body(command)


def test_one_person_never_sees_anothers_mail(
    server: HatoServer, make_person: Callable[[], Person], pop3_connection: Pop3Connection
) -> None:
    """Sessions open at the same time, letters delivered in turn, deletions in between."""
    people = [make_person() for _ in range(4)]
    for number in range(3):
        for person in people:
            deliver_letters(server, person, letter_for(person, number))
    sessions = [pop3_connection(person) for person in people]
    for person, session in zip(people, sessions, strict=True):
        shown = b"".join(all_that_is_shown(session))
        assert shown.count(b"Subject: secret") == 6
        for other in people:
            assert other is person or other.address.encode() not in shown
    for session in sessions[:2]:
        session.delete(1)
        session.delete(2)
    for session in sessions:
        session.quit()
    assert [len(stored_letters(server, person)) for person in people] == [1, 1, 3, 3]


def test_a_second_login_in_the_same_connection_is_impossible(
    server: HatoServer, make_person: Callable[[], Person], pop3_connection: Pop3Connection
) -> None:
    reader, other = make_person(), make_person()
    deliver_letters(server, other, LETTERS["plain"])
    session = pop3_connection(reader)
    session.expect_error(f"USER {other.address}")
    session.expect_error(f"PASS {other.password}")
    assert session.stat().count == 0
    session.expect_error("RETR 1")
    session.quit()


def test_a_failed_login_leaves_nothing_of_the_other_person(
    server: HatoServer, connect: Connect, make_person: Callable[[], Person], new_person: Person
) -> None:
    reader = make_person()
    deliver_letters(server, new_person, LETTERS["plain"])
    client = Pop3Client(connect("pop3s"))
    assert not client.try_login(new_person.address, "wrong").ok
    client.login(reader)
    assert client.stat().count == 0
    client.quit()


@pytest.mark.parametrize("restarts", [False, True])
def test_dele_and_quit_really_delete(own_server: Callable[..., HatoServer], restarts: bool) -> None:
    server = own_server(workers=2)
    ada = Person("ada@example.org", "open sesame")
    server.add_person(ada)
    deliver_letters(server, ada, *[LETTERS["no-message-id"]] * 3, LETTERS["plain"])
    with open_mailbox(server, ada) as client:
        for number in (1, 2, 3):
            client.delete(number)
        client.quit()
    if restarts:
        server.restart()
    (left,) = stored_letters(server, ada)
    assert left.endswith(LETTERS["plain"])


@pytest.mark.parametrize(
    "command",
    [
        "LIST abc",
        "LIST 0",
        "LIST -1",
        "LIST 99999999999999999999",
        "LIST 1 2 3",
        "LIST \u0661",
        "LIST 1e3",
        "LIST 0x10",
        "LIST 1.5",
        "LIST \U0001f54a",
        "UIDL abc",
        "RETR abc",
        "RETR -1",
        "RETR 18446744073709551617",
        "TOP abc 1",
        "TOP 1 abc",
        "TOP 1 -1",
        "TOP 1 18446744073709551617x",
        "DELE abc",
        "DELE 1,2",
        "DELE 1:2",
        "DELE *",
    ],
)
def test_a_bad_argument_is_answered_and_the_connection_lives(
    person: Person, pop3_connection: Pop3Connection, server: HatoServer, command: str
) -> None:
    deliver_letters(server, person, LETTERS["plain"], LETTERS["second"])
    client = pop3_connection(person)
    client.expect_error(command)
    client.expect_ok("NOOP")
    assert client.stat().count == 2
    client.quit()


def test_a_huge_number_of_lines_is_all_of_them(
    person: Person, pop3_connection: Pop3Connection, server: HatoServer
) -> None:
    deliver_letters(server, person, LETTERS["plain"])
    client = pop3_connection(person)
    whole = client.retrieve(1)
    for lines in (2**31 - 1, 2**31, 2**32, 2**63, 2**64, 10**50):
        answer = client.command(f"TOP 1 {lines}")
        if answer.ok:  # a number that long may be refused; it may not be cut
            assert client.read_body() == whole
    client.quit()
