"""Every transcript of this folder, against a real server process over real sockets.

Each is played with whole segments, with one octet in a segment, and over implicit TLS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sessions.player import Player
from tests.sessions.transcript import Transcript, read_transcript
from tests.system.fixtures import (
    SourceAddresses,
    deliver_letters,
    open_wire,
    stored_letters,
)
from tests.system.people import PeoplePool, Person
from tests.system.server_process import HOST_NAME, HatoServer
from tests.system.wire import Pace, Wire

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs all of 127.0.0.0/8 on loopback (Linux)"
)

HERE = Path(__file__).parent


@dataclass
class RealStage:
    """The shared server of this worker as a stage."""

    server: HatoServer
    people: PeoplePool
    lend: Callable[[], Person]
    sources: SourceAddresses

    def __post_init__(self) -> None:
        self._addresses = {
            "trusted": self.sources.trusted(),
            "stranger": self.sources.stranger(),
        }

    def open(self, service: str, source: str, pace: Pace) -> Wire:
        """Connect from an address that no other test uses."""
        return open_wire(self.server, service, source=self._addresses[source], pace=pace)

    def shake_hands(self, wire: Wire) -> None:
        """Begin TLS, with the certificate checked."""
        wire.start_tls(self.server.certificates.client_context(), HOST_NAME)

    def person(self, *, spoiled: bool) -> Person:
        """Lend somebody, or make somebody new who is not lent again."""
        return self.people.new("spoiled") if spoiled else self.lend()

    def deliver(self, person: Person, letter: bytes) -> None:
        """Deliver over LMTP."""
        deliver_letters(self.server, person, letter)

    def stored(self, person: Person) -> list[bytes]:
        """Read the whole mailbox."""
        return stored_letters(self.server, person)


@pytest.fixture
def stage(
    server: HatoServer,
    people: PeoplePool,
    make_person: Callable[[], Person],
    sources: SourceAddresses,
) -> RealStage:
    """Where the transcripts are played."""
    return RealStage(server, people, make_person, sources)


def _performances() -> Iterator[object]:
    for path in sorted(HERE.glob("*/*.txt")):
        transcript = read_transcript(path)
        for service in transcript.services:
            for pace in transcript.paces:
                # Over TLS a segment is a record: one way of cutting is enough there, unless
                # the transcript is about TLS alone.
                if service == "pop3s" and pace == "bytes" and len(transcript.services) > 1:
                    continue
                name = f"{transcript.protocol}/{path.stem}-{service}-{pace}"
                yield pytest.param(transcript, service, Pace(pace), id=name)


@pytest.mark.parametrize(("transcript", "service", "pace"), list(_performances()))
def test_session(transcript: Transcript, service: str, pace: Pace, stage: RealStage) -> None:
    Player(transcript, stage, service, pace).play()
