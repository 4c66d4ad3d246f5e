"""Guessing passwords: whoever guesses waits, whoever owns the mailbox does not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.system.fixtures import ONLY_LINUX, open_wire
from tests.system.people import Person
from tests.system.pop3 import Pop3Client, StatusLine
from tests.system.scram import ScramClient, begin, encode, outcome
from tests.system.server_process import Certificates, HatoServer
from tests.system.wire import WireError

pytestmark = ONLY_LINUX

GUESSES = 50
LIMIT_PER_MINUTE = 10


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[HatoServer]:
    """A server of this module's own, which its tests may restart."""
    limits = {"login_failures_per_minute": LIMIT_PER_MINUTE, "failed_login_seconds": 0.01}
    one = HatoServer(tmp_path_factory.mktemp("guessed"), certificates, {"limits": limits})
    one.prepare()
    one.start()
    yield one
    one.stop()
    assert "Traceback" not in one.log(), one.log()[-6000:]


@dataclass(frozen=True, slots=True)
class Scene:
    """Who plays: nobody of another test, for what is counted stays counted."""

    ada: Person
    ben: Person
    guesser: str
    owner: str


_scenes = itertools.count(1)


@pytest.fixture
def scene(guarded: HatoServer) -> Scene:
    number = next(_scenes)
    ada, ben = (Person(f"{name}{number}@example.org", "open sesame") for name in ("ada", "ben"))
    for person in (ada, ben):
        guarded.add_person(person)
    return Scene(ada, ben, f"127.2.66.{number}", f"127.2.77.{number}")


def log_in(guarded: HatoServer, source: str, name: str, password: str) -> StatusLine | None:
    """One connection, one try; None when the server does not even greet."""
    with open_wire(guarded, "pop3s", source=source) as wire:
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


def guess(guarded: HatoServer, scene: Scene, names: list[str]) -> None:
    for number in range(GUESSES):
        answer = log_in(guarded, scene.guesser, names[number % len(names)], f"guess {number}")
        assert not is_let_in(answer)


def test_a_guesser_waits_and_the_owner_does_not(guarded: HatoServer, scene: Scene) -> None:
    guess(guarded, scene, [scene.ada.address])
    # Even the right password is not tried for him now ...
    assert not is_let_in(log_in(guarded, scene.guesser, scene.ada.address, scene.ada.password))
    # ... but the owner, elsewhere, is not locked out by a stranger.
    assert is_let_in(log_in(guarded, scene.owner, scene.ada.address, scene.ada.password))


def test_guessing_at_the_same_moment_is_no_faster(guarded: HatoServer, scene: Scene) -> None:
    def try_one(number: int) -> bool:
        name = scene.ada.address
        return is_let_in(log_in(guarded, scene.guesser, name, f"at once {number}"))

    with ThreadPoolExecutor(GUESSES) as guessers:
        assert not any(guessers.map(try_one, range(GUESSES)))
    guesser = re.compile(rf"{re.escape(scene.guesser)}\b")
    lines = [line for line in guarded.log().splitlines() if guesser.search(line)]
    checked = sum("wrong-password" in line for line in lines)
    refused = sum("throttled" in line for line in lines)
    assert (checked, refused) == (LIMIT_PER_MINUTE, GUESSES - LIMIT_PER_MINUTE)


def test_guessing_many_names_is_guessing_too(guarded: HatoServer, scene: Scene) -> None:
    guess(guarded, scene, [f"nobody{number}@example.org" for number in range(GUESSES)])
    assert not is_let_in(log_in(guarded, scene.guesser, scene.ben.address, scene.ben.password))
    assert is_let_in(log_in(guarded, scene.owner, scene.ben.address, scene.ben.password))


def test_who_is_throttled_learns_nothing_from_it(guarded: HatoServer, scene: Scene) -> None:
    guess(guarded, scene, [scene.ada.address])
    right = log_in(guarded, scene.guesser, scene.ada.address, scene.ada.password)
    wrong = log_in(guarded, scene.guesser, scene.ada.address, "wrong")
    unknown = log_in(guarded, scene.guesser, "nobody@example.org", "wrong")
    assert right == wrong == unknown


def test_the_counters_survive_a_restart(guarded: HatoServer, scene: Scene) -> None:
    guess(guarded, scene, [scene.ada.address])
    guarded.restart()
    assert not is_let_in(log_in(guarded, scene.guesser, scene.ada.address, scene.ada.password))
    assert is_let_in(log_in(guarded, scene.owner, scene.ada.address, scene.ada.password))


def test_the_counters_survive_a_kill(guarded: HatoServer, scene: Scene) -> None:
    guess(guarded, scene, [scene.ada.address])
    guarded.kill()
    guarded.start()
    assert not is_let_in(log_in(guarded, scene.guesser, scene.ada.address, scene.ada.password))
    assert is_let_in(log_in(guarded, scene.owner, scene.ada.address, scene.ada.password))


def test_a_few_mistakes_are_forgiven(guarded: HatoServer, scene: Scene) -> None:
    for number in range(3):
        assert not is_let_in(log_in(guarded, scene.owner, scene.ada.address, f"mistake {number}"))
    assert is_let_in(log_in(guarded, scene.owner, scene.ada.address, scene.ada.password))


def test_an_open_session_of_the_same_address_goes_on(guarded: HatoServer, scene: Scene) -> None:
    with open_wire(guarded, "pop3s", source=scene.guesser) as wire:
        session = Pop3Client(wire)
        session.login(scene.ben)
        guess(guarded, scene, [scene.ada.address])
        session.expect_ok("NOOP")
        session.quit()


def test_scram_guesses_count_as_well(guarded: HatoServer, scene: Scene) -> None:
    for number in range(LIMIT_PER_MINUTE + 5):
        with open_wire(guarded, "pop3s", source=scene.guesser) as wire:
            try:
                client = Pop3Client(wire)
                scram = ScramClient(scene.ada.address, f"guess {number}")
                begin(client, scram)
                client.send(encode(scram.final()))
                assert not outcome(client).ok
            except (AssertionError, ConnectionError):
                break  # thrown out already
    assert not is_let_in(log_in(guarded, scene.guesser, scene.ada.address, scene.ada.password))
