"""One session for a maildrop, over all ports and processes (RFC 1939 §4, RFC 2449 §8.1.2)."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.system.fixtures import (
    Connect,
    Deliver,
    Pop3Connection,
    deliver_letters,
    open_mailbox,
    stored_letters,
)
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer

ADA = Person("ada@example.org", "open sesame")


def test_every_second_session_is_told_whichever_worker_it_meets(
    connect: Connect, person: Person, pop3_connection: Pop3Connection, deliver: Deliver
) -> None:
    deliver(person, LETTERS["plain"])
    first = pop3_connection(person)
    others = [Pop3Client(connect("pop3s" if number % 2 else "pop3")) for number in range(8)]
    for other in others:
        other.send(f"USER {person.address}\r\nPASS {person.password}")
    for other in others:
        assert other.read_status().ok
        assert other.read_status().code == "IN-USE"
    assert first.retrieve(1).endswith(LETTERS["plain"])
    first.delete(1)
    first.quit()


def test_auth_is_told_as_pass_is(
    connect: Connect, person: Person, pop3_connection: Pop3Connection
) -> None:
    first = pop3_connection(person)
    second = Pop3Client(connect("pop3s"))
    plain = base64.b64encode(f"\0{person.address}\0{person.password}".encode())
    assert second.command(b"AUTH PLAIN " + plain).code == "IN-USE"
    first.quit()


def test_a_wrong_password_does_not_learn_that_the_owner_is_here(
    connect: Connect, new_person: Person, pop3_connection: Pop3Connection
) -> None:
    """IN-USE says that the authentication was successful (RFC 2449 §8.1.2)."""
    first = pop3_connection(new_person)
    answer = Pop3Client(connect("pop3s")).try_login(new_person.address, "wrong")
    assert answer.code == "AUTH"
    first.quit()


def test_being_in_use_is_no_failed_login(
    connect: Connect, person: Person, pop3_connection: Pop3Connection
) -> None:
    first = pop3_connection(person)
    waiting = [Pop3Client(connect("pop3s", source="127.2.99.1")) for _ in range(15)]
    for client in waiting:
        client.send(f"USER {person.address}\r\nPASS {person.password}")
    for client in waiting:
        assert client.read_status().ok
        assert client.read_status().code == "IN-USE"
    first.quit()
    last = Pop3Client(connect("pop3s", source="127.2.99.1"))
    last.login(person)
    last.quit()


def test_a_maildrop_is_free_again_after_quit_at_once(
    connect: Connect, person: Person, pop3_connection: Pop3Connection
) -> None:
    """The lock is released before the client is told goodbye: clients reconnect at once."""
    for _ in range(20):
        pop3_connection(person).quit()


@pytest.mark.parametrize("how", ["hang up", "reset", "half close", "silence in DELE"])
def test_a_session_that_ends_in_any_other_way_deletes_nothing(
    server: HatoServer, person: Person, connect: Connect, deliver: Deliver, how: str
) -> None:
    deliver(person, LETTERS["plain"], LETTERS["second"])
    client = Pop3Client(connect("pop3"))
    client.login(person)
    client.delete(1)
    if how == "hang up":
        client.wire.hang_up()
    elif how == "reset":
        client.wire.send(b"RETR 2\r\n" * 50)
        client.wire.reset()
    elif how == "half close":
        client.wire.half_close()
        client.expect_close()
    else:
        client.wire.send(b"QUIT")
        client.wire.hang_up()
    assert len(stored_letters(server, person)) == 2


def test_quit_that_was_sent_counts_even_if_nobody_reads_the_answer(
    server: HatoServer, person: Person, connect: Connect, deliver: Deliver
) -> None:
    """A client-issued QUIT enters the UPDATE state (RFC 1939 §6)."""
    deliver(person, LETTERS["plain"], LETTERS["second"])
    client = Pop3Client(connect("pop3"))
    client.login(person)
    client.wire.send(b"DELE 1\r\nQUIT\r\n")
    client.wire.half_close()
    assert client.read_status().ok
    assert client.read_status().ok
    client.expect_close()
    assert len(stored_letters(server, person)) == 1


def test_deliveries_go_on_while_the_maildrop_is_locked(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection
) -> None:
    deliver_letters(server, person, LETTERS["plain"])
    session = pop3_connection(person)
    for _ in range(20):
        deliver_letters(server, person, LETTERS["no-message-id"])
        assert session.stat().count == 1
    session.delete(1)
    session.quit()
    assert len(stored_letters(server, person)) == 20


def test_a_killed_server_leaves_no_lock_and_deletes_nothing(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server(workers=2)
    server.add_person(ADA)
    deliver_letters(server, ADA, LETTERS["plain"], LETTERS["second"])
    with open_mailbox(server, ADA) as session:
        session.delete(1)
        server.kill()
        server.start()
        with open_mailbox(server, ADA) as next_session:
            assert next_session.stat().count == 2
            next_session.quit()


def test_deleted_is_deleted_after_a_kill(own_server: Callable[..., HatoServer]) -> None:
    """QUIT is answered when the deletion is durable."""
    server = own_server()
    server.add_person(ADA)
    deliver_letters(server, ADA, LETTERS["plain"], LETTERS["second"])
    with open_mailbox(server, ADA) as session:
        session.delete(1)
        session.quit()
    server.kill()
    server.start()
    (left,) = stored_letters(server, ADA)
    assert left.endswith(LETTERS["second"])
