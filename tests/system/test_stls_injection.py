"""STLS under attack: what is said before the handshake must not count inside it (RFC 2595 §4).

Somebody between client and server can put octets before the handshake; the server must close, or
discard them, and must never answer them inside TLS.
"""

from __future__ import annotations

import socket
import ssl
import warnings

import pytest

from tests.system.fixtures import Connect, SourceAddresses
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HOST_NAME, HatoServer
from tests.system.wire import WireError

INJECTED = [
    b"CAPA\r\n",
    b"QUIT\r\n",
    b"STLS\r\n",
    b"\r\n",
    b"XJUNK",
    b"XJUNK\r",
    b"\n",
    b"\0" * 64,
    b"USER eve@example.org\r\nPASS open sesame\r\n",
    b"AUTH PLAIN\r\n",
    b"UTF8\r\nLANG ja\r\n",
    b"CAPA\r\n" * 1000,
    b"A" * 70_000,
]


@pytest.fixture
def before_tls(connect: Connect, sources: SourceAddresses) -> Pop3Client:
    """A connection on 110 from an address that needs TLS."""
    return Pop3Client(connect("pop3", source=sources.stranger()))


def shake_hands(client: Pop3Client, server: HatoServer) -> bool:
    """Try the handshake; False when the server closed instead."""
    try:
        client.wire.start_tls(server.certificates.client_context(), HOST_NAME)
    except (ssl.SSLError, ConnectionError):
        return False
    return True


# Where the server has reset the connection already, Python's wrap_socket raises and leaves the
# socket that it made to the garbage collector; nobody else can close it.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize("injected", INJECTED, ids=lambda octets: repr(octets[:24]))
@pytest.mark.parametrize("segments", ["one segment", "two segments"])
def test_what_came_before_the_handshake_is_not_answered_inside_it(
    before_tls: Pop3Client, server: HatoServer, injected: bytes, segments: str
) -> None:
    if segments == "one segment":
        before_tls.wire.send(b"STLS\r\n" + injected)
    else:
        before_tls.wire.send(b"STLS\r\n")
        before_tls.wire.send(injected)
    assert before_tls.read_status().ok
    if not shake_hands(before_tls, server):
        return
    # The first answer inside TLS belongs to our own first command: CAPA, whose list says so.
    capabilities = before_tls.capabilities()
    assert "STLS" not in capabilities
    assert "USER" in capabilities
    # Nobody was logged in, no language was chosen.
    answer = before_tls.expect_error("STAT")
    assert answer.line.isascii()
    before_tls.quit()


def test_clear_text_instead_of_a_handshake_is_not_obeyed(before_tls: Pop3Client) -> None:
    before_tls.expect_ok("STLS")
    before_tls.wire.send(b"CAPA\r\nQUIT\r\n")
    rest = before_tls.wire.read_to_close()
    assert b"+OK" not in rest
    assert b"-ERR" not in rest


def test_a_broken_handshake_ends_the_connection(before_tls: Pop3Client) -> None:
    before_tls.expect_ok("STLS")
    # A TLS record that announces a handshake and holds garbage.
    before_tls.wire.send(b"\x16\x03\x01\x00\x20" + b"\xff" * 32 + b"CAPA\r\n")
    assert b"+OK" not in before_tls.wire.read_to_close()


def test_a_client_that_refuses_our_certificate_gets_nothing(
    before_tls: Pop3Client, person: Person
) -> None:
    before_tls.expect_ok("STLS")
    with pytest.raises(ssl.SSLCertVerificationError):
        before_tls.wire.start_tls(ssl.create_default_context(), HOST_NAME)


def test_the_old_name_does_not_survive_but_the_new_login_works(
    connect: Connect, server: HatoServer, sources: SourceAddresses, person: Person
) -> None:
    client = Pop3Client(connect("pop3", source=sources.trusted()))
    client.expect_ok("USER eve@example.org")
    client.start_tls(server.certificates.client_context(), HOST_NAME)
    client.expect_error(f"PASS {person.password}")
    client.login(person)
    client.quit()


def test_utf8_from_before_tls_is_forgotten(before_tls: Pop3Client, server: HatoServer) -> None:
    """RFC 6856 §2.1 lets the server refuse STLS after UTF8; if it does not, TLS begins anew."""
    before_tls.expect_ok("UTF8")
    if not before_tls.command("STLS").ok:
        before_tls.quit()
        return
    assert shake_hands(before_tls, server)
    assert "UTF8" in before_tls.capabilities()
    before_tls.expect_ok("UTF8")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_tls_before_1_2_is_refused(server: HatoServer, version: ssl.TLSVersion) -> None:
    """RFC 8997 §2."""
    context = server.certificates.client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = version
        context.maximum_version = version
    with (
        socket.create_connection(server.addresses["pop3s"], timeout=20) as sock,
        pytest.raises((ssl.SSLError, ConnectionError)),
        context.wrap_socket(sock, server_hostname=HOST_NAME),
    ):
        pass


def test_the_end_of_a_tls_session_is_said_aloud(connect: Connect) -> None:
    """A close_notify behind the answer to QUIT: nobody cut the connection (RFC 8446 §6.1)."""
    client = Pop3Client(connect("pop3s"))
    client.expect_ok("QUIT")
    try:
        ended = client.wire.raw.recv(100)
    except ssl.SSLEOFError as error:
        raise WireError("the server closed without close_notify") from error
    assert ended == b""
