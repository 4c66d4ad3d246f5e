"""SCRAM-SHA-256-PLUS: the login is bound to the very TLS connection (RFC 5802 §6, RFC 9266)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from OpenSSL import SSL

from tests.system.fixtures import Connect, SourceAddresses
from tests.system.people import Person
from tests.system.pop3 import Pop3Client, parse_status_line
from tests.system.scram import ScramClient, encode, outcome, read_challenge
from tests.system.server_process import HOST_NAME, HatoServer
from tests.system.wire import Wire

HEADER = "p=tls-exporter,,"
LABEL = b"EXPORTER-Channel-Binding"
"""RFC 9266 §2: with an empty context, 32 octets."""


class OpenSslLayer:
    """A TLS connection that can export keying material, as the one of the standard cannot."""

    def __init__(self, sock: socket.socket, authority_file: str) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.load_verify_locations(authority_file)
        context.set_verify(SSL.VERIFY_PEER, lambda *seen: bool(seen[-1]))
        sock.settimeout(None)  # this library cannot wait; the test's own time limit remains
        self.connection = SSL.Connection(context, sock)
        self.connection.set_tlsext_host_name(HOST_NAME.encode())
        self.connection.set_connect_state()
        self.connection.do_handshake()

    def sendall(self, octets: bytes, /) -> object:
        """Send all of it."""
        return self.connection.sendall(octets)

    def recv(self, octets: int, /) -> bytes:
        """Receive at most so much; nothing once it is closed."""
        try:
            return self.connection.recv(octets)
        except SSL.ZeroReturnError:
            return b""

    def close(self) -> None:
        """End the connection."""
        self.connection.close()

    @property
    def binding(self) -> bytes:
        """The channel binding data `tls-exporter`."""
        return self.connection.export_keying_material(LABEL, 32, b"")


@dataclass
class BoundClient:
    """A POP3 client that knows its channel."""

    pop3: Pop3Client
    layer: OpenSslLayer

    def begin(self, scram: ScramClient) -> None:
        """The first messages of both sides."""
        self.pop3.send("AUTH SCRAM-SHA-256-PLUS")
        assert read_challenge(self.pop3) == ""
        self.pop3.send(encode(scram.first))
        scram.server_first = read_challenge(self.pop3)


@pytest.fixture
def bound(server: HatoServer, sources: SourceAddresses) -> Iterator[BoundClient]:
    with Wire.connect(server.addresses["pop3s"], source=sources.stranger()) as wire:
        layer = OpenSslLayer(wire.raw, str(server.certificates.authority_file))
        wire.speak_through(layer)
        client = Pop3Client(wire)
        if "SCRAM-SHA-256-PLUS" not in client.capabilities()["SASL"]:
            pytest.skip("the server does not offer SCRAM-SHA-256-PLUS")
        yield BoundClient(client, layer)


def test_the_right_password_on_the_right_channel_logs_in(
    bound: BoundClient, person: Person
) -> None:
    binding = HEADER.encode() + bound.layer.binding
    scram = ScramClient(person.address, person.password, gs2_header=HEADER, bound_to=binding)
    bound.begin(scram)
    bound.pop3.send(encode(scram.final()))
    assert read_challenge(bound.pop3) == f"v={scram.server_signature()}"
    bound.pop3.expect_ok("")
    bound.pop3.quit()


@pytest.mark.parametrize(
    "binding",
    [b"", b"x" * 32, HEADER.encode(), HEADER.encode() + b"\0" * 32, b"n,,"],
    ids=repr,
)
def test_another_channel_is_refused(bound: BoundClient, new_person: Person, binding: bytes) -> None:
    """Somebody between us would have another exporter on each of his two sides."""
    scram = ScramClient(
        new_person.address, new_person.password, gs2_header=HEADER, bound_to=binding
    )
    bound.begin(scram)
    bound.pop3.send(encode(scram.final()))
    assert not outcome(bound.pop3).ok
    bound.pop3.login(new_person)
    bound.pop3.quit()


@pytest.mark.parametrize(
    "header", ["n,,", "y,,", "p=tls-unique,,", "p=,,", "p=tls-server-end-point,,"]
)
def test_plus_without_its_binding_is_refused(
    bound: BoundClient, new_person: Person, header: str
) -> None:
    """RFC 5802 §6: `n` and `y` belong to the mechanism without -PLUS."""
    scram = ScramClient(new_person.address, new_person.password, gs2_header=header)
    bound.pop3.send(b"AUTH SCRAM-SHA-256-PLUS " + encode(scram.first))
    line = bound.pop3.wire.read_line()
    if line.startswith(b"+ "):
        bound.pop3.send("*")
        pytest.fail(f"{header} was accepted as the beginning of -PLUS")
    assert not parse_status_line(line).ok
    bound.pop3.login(new_person)
    bound.pop3.quit()


def test_binding_asked_of_the_plain_mechanism_is_refused(
    bound: BoundClient, new_person: Person
) -> None:
    scram = ScramClient(new_person.address, new_person.password, gs2_header=HEADER)
    bound.pop3.send(b"AUTH SCRAM-SHA-256 " + encode(scram.first))
    assert not outcome(bound.pop3).ok
    bound.pop3.login(new_person)
    bound.pop3.quit()


def test_plus_is_not_offered_without_tls(connect: Connect, person: Person) -> None:
    client = Pop3Client(connect("pop3"))
    assert "SCRAM-SHA-256-PLUS" not in client.capabilities()["SASL"]
    client.expect_error("AUTH SCRAM-SHA-256-PLUS")
    client.login(person)


def test_a_client_that_gives_up_at_once_and_goes_on_is_not_answered_twice(
    connect: Connect, person: Person
) -> None:
    """As neomutt 20220429 does, which does not read what its `*` was answered with."""
    pop3 = Pop3Client(connect("pop3s"))
    for line in ("AUTH SCRAM-SHA-256-PLUS", "*", f"USER {person.address}"):
        pop3.send(line)
        if line.startswith("AUTH"):
            assert pop3.wire.read_line() == b"+ \r\n"
    assert pop3.read_status().ok
    assert pop3.command(f"PASS {person.password}").ok


def test_a_client_that_gives_up_and_waits_is_answered(connect: Connect) -> None:
    pop3 = Pop3Client(connect("pop3s"))
    pop3.send("AUTH SCRAM-SHA-256-PLUS")
    assert pop3.wire.read_line() == b"+ \r\n"
    assert not pop3.command("*").ok
    assert pop3.command("NOOP").ok is False  # not logged in, and in step
    assert pop3.command("QUIT").ok
