"""Guessing passwords: whoever guesses waits, whoever owns the mailbox does not.

Each test has a server of its own, because what is counted stays counted.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.system.fixtures import ONLY_LINUX, open_wire
from tests.system.people import Person
from tests.system.pop3 import Pop3Client, StatusLine
from tests.system.scram import ScramClient, begin, encode, outcome
from tests.system.server_process import HatoServer
from tests.system.wire import WireError

pytestmark = ONLY_LINUX

ADA = Person("ada@example.org", "open sesame")
BEN = Person("ben@example.org", "open sesame")
GUESSER = "127.2.66.66"
OWNER = "127.2.7.7"
GUESSES = 50
LIMIT_PER_MINUTE = 10


@pytest.fixture
def server(own_server: Callable[..., HatoServer]) -> HatoServer:
    one = own_server(workers=2, limits={"login_failures_per_minute": LIMIT_PER_MINUTE})
    one.add_person(ADA)
    one.add_person(BEN)
    return one


def log_in(server: HatoServer, source: str, name: str, password: str) -> StatusLine | None:
    """One connection, one try; None when the server does not even greet."""
    with open_wire(server, "pop3s", source=source) as wire:
        try:
            client = Pop3Client(wire)
            if not client.greeting.ok:
                return client.greeting
            answer = client.try_login(name, password)
            if answer.ok:
                client.quit()
            return answer
        except (WireError, ConnectionError):
            return None


def is_let_in(answer: StatusLine | None) -> bool:
    return answer is not None and answer.ok


def guess(server: HatoServer, names: list[str]) -> None:
    for number in range(GUESSES):
        answer = log_in(server, GUESSER, names[number % len(names)], f"guess {number}")
        assert not is_let_in(answer)


def test_a_guesser_waits_and_the_owner_does_not(server: HatoServer) -> None:
    guess(server, [ADA.address])
    # Even the right password is not tried for him now ...
    assert not is_let_in(log_in(server, GUESSER, ADA.address, ADA.password))
    # ... but the owner, elsewhere, is not locked out by a stranger.
    assert is_let_in(log_in(server, OWNER, ADA.address, ADA.password))


def test_guessing_many_names_is_guessing_too(server: HatoServer) -> None:
    guess(server, [f"nobody{number}@example.org" for number in range(GUESSES)])
    assert not is_let_in(log_in(server, GUESSER, BEN.address, BEN.password))
    assert is_let_in(log_in(server, OWNER, BEN.address, BEN.password))


def test_who_is_throttled_learns_nothing_from_it(server: HatoServer) -> None:
    guess(server, [ADA.address])
    right = log_in(server, GUESSER, ADA.address, ADA.password)
    wrong = log_in(server, GUESSER, ADA.address, "wrong")
    unknown = log_in(server, GUESSER, "nobody@example.org", "wrong")
    assert right == wrong == unknown


def test_the_counters_survive_a_restart(server: HatoServer) -> None:
    guess(server, [ADA.address])
    server.restart()
    assert not is_let_in(log_in(server, GUESSER, ADA.address, ADA.password))
    assert is_let_in(log_in(server, OWNER, ADA.address, ADA.password))


def test_the_counters_survive_a_kill(server: HatoServer) -> None:
    guess(server, [ADA.address])
    server.kill()
    server.start()
    assert not is_let_in(log_in(server, GUESSER, ADA.address, ADA.password))
    assert is_let_in(log_in(server, OWNER, ADA.address, ADA.password))


def test_a_few_mistakes_are_forgiven(server: HatoServer) -> None:
    for number in range(3):
        assert not is_let_in(log_in(server, OWNER, ADA.address, f"mistake {number}"))
    assert is_let_in(log_in(server, OWNER, ADA.address, ADA.password))


def test_an_open_session_of_the_same_address_goes_on(server: HatoServer) -> None:
    with open_wire(server, "pop3s", source=GUESSER) as wire:
        session = Pop3Client(wire)
        session.login(BEN)
        guess(server, [ADA.address])
        session.expect_ok("NOOP")
        session.quit()


def test_scram_guesses_count_as_well(server: HatoServer) -> None:
    for number in range(LIMIT_PER_MINUTE + 5):
        with open_wire(server, "pop3s", source=GUESSER) as wire:
            try:
                client = Pop3Client(wire)
                scram = ScramClient(ADA.address, f"guess {number}")
                begin(client, scram)
                client.send(encode(scram.final()))
                assert not outcome(client).ok
            except (AssertionError, ConnectionError):
                break  # thrown out already
    assert not is_let_in(log_in(server, GUESSER, ADA.address, ADA.password))
