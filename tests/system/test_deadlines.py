"""Total deadlines and stalled clients, with limits short enough to be awaited.

No test measures time: each waits for the server to act, and fails when it never does.
"""

from __future__ import annotations

import select
from collections.abc import Iterator

import pytest

from tests.system.fixtures import (
    ONLY_LINUX,
    Connect,
    deliver_letters,
    open_mailbox,
    open_wire,
    stored_letters,
)
from tests.system.letters import LETTERS
from tests.system.lmtp import LmtpClient
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HOST_NAME, Certificates, HatoServer
from tests.system.wire import PATIENCE_SECONDS, Wire, WireError

TRICKLE_SECONDS = 0.05
LONGEST_TRICKLE = 400
"""Octets that a client drips before the test says that nobody stops it: twenty times the limit."""

ADA = Person("ada@example.org", "open sesame")
BEN = Person("ben@example.org", "open sesame")


@pytest.fixture(scope="module")
def impatient(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[HatoServer]:
    """A server that gives a client one second wherever it waits for one."""
    limits = {
        "login_seconds": 1.0,
        "tls_handshake_seconds": 1.0,
        "stalled_write_seconds": 1.0,
        "lmtp_idle_seconds": 1.0,
    }
    folder = tmp_path_factory.mktemp("impatient")
    one = HatoServer(folder, certificates, {"limits": limits}, workers=1)
    one.prepare()
    one.add_person(ADA)
    one.add_person(BEN)
    one.start()
    yield one
    one.stop()
    assert "Traceback" not in one.log(), one.log()[-6000:]


def drip(wire: Wire, octet: bytes) -> bytes:
    """Send one octet after the other until the server closes; return what it said."""
    for _ in range(LONGEST_TRICKLE):
        try:
            wire.send(octet)
            readable, _, _ = select.select([wire.raw], [], [], TRICKLE_SECONDS)
            if readable:
                return wire.read_to_close()
        except OSError:
            return b""
    pytest.fail("the server never closed the connection of a client that only drips")


def test_dripping_a_command_does_not_prolong_the_time_to_log_in(
    connect: Connect, impatient: HatoServer
) -> None:
    client = Pop3Client(connect("pop3", to=impatient))
    drip(client.wire, b"U")


def test_dripping_commands_does_not_prolong_it_either(
    connect: Connect, impatient: HatoServer
) -> None:
    client = Pop3Client(connect("pop3", to=impatient))
    for _ in range(LONGEST_TRICKLE):
        try:
            client.send("CAPA")
            client.read_status()
            client.read_body()
            select.select([client.wire.raw], [], [], TRICKLE_SECONDS)
        except (AssertionError, OSError):
            return
    pytest.fail("a client that asks for CAPA again and again stays for ever")


def test_dripping_an_answer_to_auth_is_no_way_around(
    connect: Connect, impatient: HatoServer
) -> None:
    client = Pop3Client(connect("pop3s", to=impatient))
    client.send("AUTH PLAIN")
    assert client.wire.read_line() == b"+ \r\n"
    drip(client.wire, b"A")


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_a_client_that_says_nothing_is_sent_away(
    connect: Connect, impatient: HatoServer, service: str
) -> None:
    client = Pop3Client(connect(service, to=impatient))
    client.wire.read_to_close()


@pytest.mark.parametrize(
    "hello", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100]
)
def test_half_a_handshake_is_not_awaited_for_ever(impatient: HatoServer, hello: bytes) -> None:
    with Wire.connect(impatient.addresses["pop3s"]) as wire:
        if hello:
            wire.send(hello)
        wire.read_to_close()


def test_dripping_a_handshake_ends_too(impatient: HatoServer) -> None:
    with Wire.connect(impatient.addresses["pop3s"]) as wire:
        wire.send(b"\x16\x03\x01\x40\x00")
        drip(wire, b"\x01")


def test_stls_and_then_silence(connect: Connect, impatient: HatoServer) -> None:
    client = Pop3Client(connect("pop3", to=impatient))
    client.expect_ok("STLS")
    client.wire.read_to_close()


def test_who_is_logged_in_has_more_time_than_that(connect: Connect, impatient: HatoServer) -> None:
    """RFC 1939 §3: at least ten minutes."""
    with open_mailbox(impatient, ADA) as session:
        stranger = Pop3Client(connect("pop3", to=impatient))
        stranger.wire.read_to_close()  # the deadline of login has passed now
        session.expect_ok("NOOP")
        session.quit()


@ONLY_LINUX
@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_a_client_that_pipelines_and_never_reads_is_cut_off_in_bounded_memory(
    impatient: HatoServer, service: str
) -> None:
    deliver_letters(impatient, ADA, LETTERS["large"])
    for source in ("127.0.0.1", "127.0.0.2", "127.1.0.1"):
        # What a first download and the hash of a password cost (Argon2id: 19 MiB, which the
        # allocator keeps) is spent before anything is measured; an address known is not hashed.
        with open_mailbox(impatient, ADA, source) as warm:
            warm.retrieve(1)
            warm.quit()
    before = impatient.resident_octets()
    wire = Wire.connect(
        impatient.addresses[service], source="127.1.0.1", receive_buffer_octets=4096
    )
    with wire:
        if service == "pop3s":
            wire.start_tls(impatient.certificates.client_context(), HOST_NAME)
        client = Pop3Client(wire)
        client.login(ADA)
        client.wire.raw.setblocking(False)
        sent = _send_what_fits(wire, b"RETR 1\r\n" * 10_000)
        assert sent > 0
        _await_end_of_session(impatient, ADA)
        assert impatient.resident_octets() - before < 16 << 20
    with open_mailbox(impatient, ADA) as session:
        session.delete(1)
        session.quit()


def test_who_may_be_in_no_longer_does_not_stay_by_not_reading(impatient: HatoServer) -> None:
    deliver_letters(impatient, BEN, *[LETTERS["large"]] * 4)
    made = impatient.run("app-password", "add", BEN.address, "--device", "phone")
    wire = Wire.connect(impatient.addresses["pop3"], source="127.1.0.3", receive_buffer_octets=4096)
    with wire:
        client = Pop3Client(wire)
        client.login(Person(BEN.address, made.stdout.decode().split()[-1]))
        impatient.run("app-password", "revoke", BEN.address, "--device", "phone")
        client.wire.raw.setblocking(False)
        _send_what_fits(wire, b"".join(b"RETR %d\r\n" % number for number in range(1, 5)))
        _await_end_of_session(impatient, BEN)
    with open_mailbox(impatient, BEN) as session:
        for number in range(1, 5):
            session.delete(number)
        session.quit()


@ONLY_LINUX
def test_a_stranger_who_pipelines_and_never_reads_is_cut_off_too(impatient: HatoServer) -> None:
    before = impatient.resident_octets()
    wire = Wire.connect(impatient.addresses["pop3"], source="127.2.0.1", receive_buffer_octets=4096)
    with wire:
        wire.raw.setblocking(False)
        assert _send_what_fits(wire, b"CAPA\r\n" * 500_000) > 0
        assert impatient.resident_octets() - before < 8 << 20
        _await_cut(wire)
        wire.raw.settimeout(PATIENCE_SECONDS)
        answered = wire.read_to_close()
    # What the kernel held when the server closed, and not half a million lists.
    assert answered.count(b"IMPLEMENTATION") < 50_000


def _await_cut(wire: Wire) -> None:
    """Wait, without reading, until the server has reset the connection."""
    poll = select.poll()
    poll.register(wire.raw, select.POLLHUP)
    assert poll.poll(PATIENCE_SECONDS * 1000), "the server never cut the connection"


def _send_what_fits(wire: Wire, octets: bytes) -> int:
    sent = 0
    try:
        while sent < len(octets):
            sent += wire.raw.send(octets[sent : sent + 65_536])
    except OSError:  # the pipe is full: the server reads no further, as it should
        return sent
    return sent


def _await_end_of_session(server: HatoServer, person: Person) -> None:
    """Log in until the lock is free: the session that held it has been cut off."""
    for _ in range(20):
        with Pop3Client(open_wire(server, "pop3s")) as client:
            try:
                answer = client.try_login(person.address, person.password)
            except WireError:  # a login waits for the lock longer than this server waits for it
                continue
            if answer.ok:
                client.quit()
                return
            assert answer.code == "IN-USE", answer
    pytest.fail("the session of a client that never reads was not ended")


def test_meanwhile_others_are_served(connect: Connect, impatient: HatoServer) -> None:
    deliver_letters(impatient, ADA, LETTERS["large"])
    greedy = Pop3Client(open_wire(impatient, "pop3", source="127.1.0.2"))
    with greedy:
        greedy.login(ADA)
        greedy.wire.raw.setblocking(False)
        _send_what_fits(greedy.wire, b"RETR 1\r\n" * 2000)
        with open_mailbox(impatient, BEN) as honest:
            assert honest.stat().count == 0
            honest.quit()


def test_lmtp_silence_in_the_middle_of_data_delivers_nothing(impatient: HatoServer) -> None:
    client = LmtpClient(open_wire(impatient, "lmtp"))
    with client:
        client.lhlo()
        client.open_data("mika@example.net", [BEN.address])
        client.wire.send(b"Subject: half\r\n\r\nhalf a letter\r\n")
        rest = client.wire.read_to_close()
    assert b"250" not in rest
    assert stored_letters(impatient, BEN) == []


def test_lmtp_silence_between_commands_is_ended_politely(impatient: HatoServer) -> None:
    with LmtpClient(open_wire(impatient, "lmtp")) as client:
        client.lhlo()
        rest = client.wire.read_to_close()
    assert rest == b"" or rest.startswith(b"421 4.4.2 ")
