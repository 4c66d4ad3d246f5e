"""Fixtures around a real server: `server`, `person`, `deliver`, `connect`, `pop3_connection`.

A pytest plugin, named by tests/conftest.py: tests/system, sessions, interop and faults use it.
Never shares a person between two tests; the server is shared by all tests of one xdist worker.
Standards: none.
Fails with ServerError or WireError; a traceback in the server's log fails the test it came with.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.system.letters import header_and_body
from tests.system.lmtp import LmtpClient
from tests.system.people import PeoplePool, Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HOST_NAME, Certificates, HatoServer
from tests.system.wire import Pace, Wire, WireError

ONLY_LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="needs /proc and all of 127.0.0.0/8 on loopback (Linux)"
)

_senders = itertools.count(1)
_SHARED: pytest.StashKey[HatoServer] = pytest.StashKey()


def unique_sender() -> str:
    """An envelope sender never used before: a repeated letter is then no retry of the first."""
    return f"sender{next(_senders)}@example.net"


class SourceAddresses:
    """Loopback addresses to come from, so that one test's failures do not throttle another's."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def trusted(self) -> str | None:
        """An address that may log in without TLS."""
        return self._next(1)

    def stranger(self) -> str | None:
        """An address that needs TLS to log in."""
        return self._next(2)

    def _next(self, network: int) -> str | None:
        if sys.platform != "linux":
            return None
        high, low = divmod(next(self._numbers), 250)
        return f"127.{network}.{high}.{low + 1}"


class Connect(Protocol):
    """Open a connection that is closed when the test ends."""

    def __call__(
        self,
        service: str,
        *,
        source: str | None = None,
        pace: Pace = Pace.WHOLE,
        to: HatoServer | None = None,
    ) -> Wire:
        """Connect to `pop3`, `pop3s` (with its handshake) or `lmtp`."""
        ...


class Deliver(Protocol):
    """Put letters into a mailbox."""

    def __call__(self, person: Person, *letters: bytes, to: HatoServer | None = None) -> None:
        """Deliver each letter over LMTP; each must be accepted."""
        ...


class Pop3Connection(Protocol):
    """Open a POP3 session of a person."""

    def __call__(
        self, person: Person, *, service: str = "pop3s", to: HatoServer | None = None
    ) -> Pop3Client:
        """Connect and log in."""
        ...


def open_wire(
    server: HatoServer,
    service: str,
    *,
    source: str | None = None,
    pace: Pace = Pace.WHOLE,
) -> Wire:
    """Connect to one of the server's ports; on `pop3s` shake hands too."""
    wire = Wire.connect(server.addresses[service], source=source, pace=pace)
    if service == "pop3s":
        wire.start_tls(server.certificates.client_context(), HOST_NAME)
    return wire


def open_mailbox(server: HatoServer, person: Person, source: str | None = None) -> Pop3Client:
    """Log in over implicit TLS."""
    wire = open_wire(server, "pop3s", source=source)
    try:
        client = Pop3Client(wire)
        client.login(person)
    except WireError:
        wire.hang_up()
        raise
    return client


def deliver_letters(server: HatoServer, person: Person, *letters: bytes) -> None:
    """Deliver over LMTP, one transaction for each letter."""
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        for letter in letters:
            (reply,) = client.deliver(
                unique_sender(), [person.address], letter, mail_parameters(letter)
            )
            if not reply.ok:
                raise WireError(f"a letter for {person.address} was answered {reply}")


def mail_parameters(letter: bytes) -> str:
    """What MAIL must declare about a letter (RFC 6152 §2, RFC 6531 §3.4)."""
    if letter.isascii():
        return ""
    header, _ = header_and_body(letter)
    try:
        internationalized = not header.decode("utf-8").isascii()
    except UnicodeDecodeError:  # a legacy letter with raw octets in its header
        internationalized = False
    return " BODY=8BITMIME SMTPUTF8" if internationalized else " BODY=8BITMIME"


def stored_letters(server: HatoServer, person: Person) -> list[bytes]:
    """All of a person's mail, as RETR gives it, in UTF-8 mode."""
    with Pop3Client(open_wire(server, "pop3s")) as client:
        client.expect_ok("UTF8")
        client.login(person)
        letters = [client.retrieve(number) for number in client.sizes()]
        client.quit()
    return letters


def empty_mailbox(server: HatoServer, person: Person) -> bool:
    """Delete all mail of a person; False when the mailbox cannot be opened."""
    try:
        with open_mailbox(server, person) as client:
            for number in client.sizes():
                client.delete(number)
            client.quit()
    except (WireError, OSError):
        return False
    return True


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate authority that the tests trust, and the server's certificate from it."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
) -> Iterator[HatoServer]:
    """The server that all tests of this worker share; it must neither stop nor be restarted."""
    shared = HatoServer(tmp_path_factory.mktemp("hato"), certificates)
    shared.prepare()
    shared.start()
    request.config.stash[_SHARED] = shared
    yield shared
    shared.stop()


@pytest.fixture(autouse=True)
def no_traceback(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test during which the shared server logged a traceback."""
    before = _octets_logged(request.config)
    yield
    shared = request.config.stash.get(_SHARED, None)
    if shared is not None and _octets_logged(request.config) > before:
        written = shared.log_file.read_bytes()[before:].decode(errors="replace")
        assert "Traceback" not in written, f"the server logged a traceback:\n{written[-6000:]}"


def _octets_logged(config: pytest.Config) -> int:
    shared = config.stash.get(_SHARED, None)
    return shared.log_file.stat().st_size if shared is not None else 0


@pytest.fixture
def own_server(tmp_path: Path, certificates: Certificates) -> Iterator[Callable[..., HatoServer]]:
    """Make servers for this test alone: `own_server(workers=1, limits={"login_seconds": 1.0})`."""
    made: list[HatoServer] = []

    def make(*, workers: int = 1, start: bool = True, **tables: dict[str, object]) -> HatoServer:
        one = HatoServer(tmp_path / f"hato{len(made)}", certificates, tables, workers=workers)
        made.append(one)
        one.prepare()
        if start:
            one.start()
        return one

    yield make
    for one in made:
        if one.runs:
            one.stop()
        assert "Traceback" not in one.log(), one.log()[-6000:]


@pytest.fixture(scope="session")
def sources() -> SourceAddresses:
    """Loopback addresses that no other test of this worker comes from."""
    return SourceAddresses()


@pytest.fixture(scope="session")
def people(server: HatoServer) -> PeoplePool:
    """The people of the shared server."""
    return PeoplePool(server.add_person, lambda person: empty_mailbox(server, person))


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    """Whatever is entered here is closed when the test ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make_person(people: PeoplePool, connections: ExitStack) -> Iterator[Callable[[], Person]]:
    """Lend as many people as the test asks for, each with an empty mailbox."""
    lent: list[Person] = []

    def lend() -> Person:
        lent.append(people.lend())
        return lent[-1]

    yield lend
    connections.close()  # sessions that are still open would lock the mailboxes
    for person in lent:
        people.take_back(person)


@pytest.fixture
def person(make_person: Callable[[], Person]) -> Person:
    """Somebody with an empty mailbox."""
    return make_person()


@pytest.fixture
def new_person(people: PeoplePool) -> Person:
    """Somebody for this test alone, whom it may spoil."""
    return people.new("fresh")


@pytest.fixture
def connect(
    request: pytest.FixtureRequest, connections: ExitStack, sources: SourceAddresses
) -> Connect:
    """Open connections to the shared server, or to another one given as `to`.

    Each comes from an address of its own, on `pop3` from one that may log in without TLS.
    """

    def open_one(
        service: str,
        *,
        source: str | None = None,
        pace: Pace = Pace.WHOLE,
        to: HatoServer | None = None,
    ) -> Wire:
        target = to or request.getfixturevalue("server")
        source = source or (sources.trusted() if service == "pop3" else sources.stranger())
        return connections.enter_context(open_wire(target, service, source=source, pace=pace))

    return open_one


@pytest.fixture
def deliver(request: pytest.FixtureRequest) -> Deliver:
    """Deliver letters to the shared server, or to another one given as `to`."""

    def deliver_to(person: Person, *letters: bytes, to: HatoServer | None = None) -> None:
        deliver_letters(to or request.getfixturevalue("server"), person, *letters)

    return deliver_to


@pytest.fixture
def pop3_connection(connect: Connect) -> Pop3Connection:
    """Open POP3 sessions; each is cut off when the test ends, unless it ended itself."""

    def open_session(
        person: Person, *, service: str = "pop3s", to: HatoServer | None = None
    ) -> Pop3Client:
        client = Pop3Client(connect(service, to=to))
        client.login(person)
        return client

    return open_session
