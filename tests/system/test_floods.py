"""Many clients at once: those who say nothing, and those who come too often."""

from __future__ import annotations

import itertools
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.system.fixtures import (
    ONLY_LINUX,
    Connect,
    SourceAddresses,
    deliver_letters,
    open_mailbox,
    open_wire,
    stored_letters,
)
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.wire import Wire, WireError

pytestmark = ONLY_LINUX

SILENT_CLIENTS = 1000
CLIENTS_OF_ONE_ADDRESS = 50
OCTETS_FOR_ONE = 32_768
"""What one silent connection may cost, its share of everything included."""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let this process and the servers that it starts hold many sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * SILENT_CLIENTS if hard == resource.RLIM_INFINITY else min(4 * SILENT_CLIENTS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_silent_connections_cost_little_and_keep_nobody_out(
    own_server: Callable[..., HatoServer], connections: ExitStack, many_descriptors: None
) -> None:
    server = own_server()
    ada = Person("ada@example.org", "open sesame")
    server.add_person(ada)
    deliver_letters(server, ada, LETTERS["plain"])
    before = server.resident_octets()
    for number in range(SILENT_CLIENTS):
        source = f"127.2.0.{number // CLIENTS_OF_ONE_ADDRESS + 1}"
        wire = connections.enter_context(open_wire(server, "pop3", source=source))
        wire.read_line()
    assert (server.resident_octets() - before) / SILENT_CLIENTS < OCTETS_FOR_ONE
    assert len(stored_letters(server, ada)) == 1


def test_connections_of_one_address_are_bounded(
    own_server: Callable[..., HatoServer], connect: Connect, connections: ExitStack
) -> None:
    server = own_server(workers=2, limits={"connections_per_address": 5})  # for both together
    held = [connect("pop3", source="127.2.0.1", to=server) for _ in range(5)]
    for wire in held:
        wire.read_line()
    refused = connect("pop3", source="127.2.0.1", to=server)
    answer = refused.read_to_close()
    assert answer == b"" or answer.startswith(b"-ERR [SYS/TEMP] "), answer
    # Others are not concerned, and a place that becomes free is free.
    Pop3Client(connect("pop3", source="127.2.0.2", to=server)).quit()
    held.pop().hang_up()
    _await_place(server, "127.2.0.1")


def _await_place(server: HatoServer, source: str) -> None:
    for _ in range(200):
        with open_wire(server, "pop3", source=source) as wire:
            try:
                client = Pop3Client(wire)
                if client.greeting.ok:
                    client.quit()
                    return
            except (WireError, ConnectionError):
                continue
    pytest.fail("the place of a client that hung up was not given to the next")


def test_a_hundred_wrong_logins_at_once_do_not_stop_a_download(
    own_server: Callable[..., HatoServer], connections: ExitStack, sources: SourceAddresses
) -> None:
    server = own_server()
    ada = Person("ada@example.org", "open sesame")
    server.add_person(ada)
    deliver_letters(server, ada, LETTERS["plain"])
    with open_mailbox(server, ada) as honest:
        guessers: list[Wire] = []
        for number in range(100):
            wire = open_wire(server, "pop3", source=sources.trusted())
            guessers.append(connections.enter_context(wire))
            wire.read_line()
            wire.send(f"USER nobody{number}@example.org\r\nPASS guess\r\n".encode())
        for _ in range(20):
            assert honest.retrieve(1).endswith(LETTERS["plain"])
        for wire in guessers:
            assert wire.read_line().startswith(b"+OK")
            assert wire.read_line().startswith(b"-ERR")
        honest.quit()


def test_sessions_of_many_people_at_once(
    server: HatoServer, make_person: Callable[[], Person], connections: ExitStack
) -> None:
    people = [make_person() for _ in range(8)]
    sessions = []
    for number, person in enumerate(people):
        deliver_letters(server, person, b"Subject: %d\r\n\r\nfor you\r\n" % number)
        sessions.append(connections.enter_context(open_mailbox(server, person)))
    for number, session in itertools.chain(enumerate(sessions), enumerate(sessions)):
        assert b"Subject: %d\r\n" % number in session.retrieve(1)
    for session in sessions:
        session.quit()
