"""What anybody can do to the server without a password, one connection at a time."""

from __future__ import annotations

import base64

import pytest

from tests.system.fixtures import (
    ONLY_LINUX,
    Connect,
    Deliver,
    SourceAddresses,
    stored_letters,
)
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.wire import Wire, WireError, sends_until_refused

MEBIBYTE = 1 << 20
COMMAND_OCTETS = 255
"""RFC 2449 §4, CRLF included."""


def answers_until_close(wire: Wire) -> list[bytes]:
    """Everything the server says until it closes, as lines."""
    return wire.read_to_close().splitlines(keepends=True)


@pytest.fixture
def pop3(connect: Connect) -> Pop3Client:
    return Pop3Client(connect("pop3s"))


@ONLY_LINUX
@pytest.mark.parametrize("service", ["pop3", "pop3s", "lmtp"])
@pytest.mark.parametrize("filler", [b"A", b"\0", b"\r", b" "], ids=repr)
def test_a_line_without_end_is_cut_off_in_bounded_memory(
    connect: Connect, server: HatoServer, service: str, filler: bytes
) -> None:
    wire = connect(service)
    wire.read_line()
    before = server.resident_octets()
    sent = sends_until_refused(wire, filler * (64 * MEBIBYTE))
    assert sent < 64 * MEBIBYTE
    assert server.resident_octets() - before < 24 * MEBIBYTE  # a password hash may come between


def test_a_command_of_255_octets_is_read_one_more_is_not(pop3: Pop3Client) -> None:
    name = "u" * (COMMAND_OCTETS - len("USER \r\n"))
    pop3.expect_ok(f"USER {name}")
    pop3.expect_error(f"USER {name}x")
    pop3.expect_ok(f"USER {name}")


def test_a_line_that_is_too_long_is_one_bad_command_whatever_is_in_it(
    connect: Connect, person: Person
) -> None:
    client = Pop3Client(connect("pop3s"))
    client.login(person)
    for octets in (256, 300, 512, 1024, 4096):
        client.expect_error("NOOP " + "x" * (octets - len("NOOP \r\n")))
        client.expect_ok("NOOP")


@pytest.mark.parametrize(
    "request_octets",
    [
        b"GET / HTTP/1.1\r\nHost: mail.example.org\r\nAccept: */*\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 22\r\n\r\nUSER eve\r\nPASS eve\r\n",
        b"CONNECT mail.example.org:110 HTTP/1.0\r\n\r\n",
        b"EHLO client.example.net\r\nMAIL FROM:<a@example.net>\r\nDATA\r\nx\r\n",
        b"a1 CAPABILITY\r\na2 LOGIN eve eve\r\na3 SELECT INBOX\r\na4 NOOP\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n" + bytes(range(128, 256)) * 8 + b"\r\nx\r\ny\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        + bytes(range(128))
        + b"\r\na\r\nb\r\nc\r\n",
    ],
    ids=lambda octets: repr(octets[:12]),
)
def test_other_protocols_on_110_get_a_short_refusal(
    connect: Connect, sources: SourceAddresses, request_octets: bytes
) -> None:
    client = Pop3Client(connect("pop3", source=sources.stranger()))
    client.wire.send(request_octets)
    client.wire.half_close()
    answers = answers_until_close(client.wire)
    assert all(line.startswith(b"-ERR") and line.endswith(b"\r\n") for line in answers)
    assert len(answers) <= 5


@pytest.mark.parametrize("octets", [b"CAPA\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 300])
def test_clear_text_on_the_tls_port_is_answered_by_no_pop3(
    server: HatoServer, octets: bytes
) -> None:
    with Wire.connect(server.addresses["pop3s"]) as wire:
        wire.send(octets)
        wire.half_close()
        rest = wire.read_to_close()
    assert b"+OK" not in rest
    assert b"-ERR" not in rest


def test_bad_commands_before_login_end_the_session_soon(
    connect: Connect, sources: SourceAddresses
) -> None:
    client = Pop3Client(connect("pop3", source=sources.stranger()))
    sends_until_refused(client.wire, b"X\r\n" * 10_000)
    answers = answers_until_close(client.wire)
    assert all(line.startswith(b"-ERR") for line in answers)
    assert len(answers) <= 4


def test_bad_commands_after_login_end_the_session_and_delete_nothing(
    connect: Connect, deliver: Deliver, person: Person, server: HatoServer
) -> None:
    deliver(person, LETTERS["plain"])
    client = Pop3Client(connect("pop3s"))
    client.login(person)
    client.delete(1)
    client.wire.send(b"X\r\n" * 500 + b"QUIT\r\n")
    answers = answers_until_close(client.wire)
    assert all(line.startswith(b"-ERR") for line in answers)
    assert 10 <= len(answers) <= 40
    assert len(stored_letters(server, person)) == 1


def test_refused_logins_end_the_connection_soon(connect: Connect, new_person: Person) -> None:
    client = Pop3Client(connect("pop3s"))
    refusals = 0
    try:
        while refusals < 10:
            assert not client.try_login(new_person.address, "wrong").ok
            refusals += 1
    except (WireError, ConnectionError):
        pass
    assert 1 <= refusals < 10


def test_a_client_that_closes_its_half_gets_all_answers(connect: Connect, person: Person) -> None:
    client = Pop3Client(connect("pop3"))
    client.send(f"USER {person.address}\r\nPASS {person.password}\r\nSTAT\r\nNOOP")
    client.wire.half_close()
    assert [client.read_status().ok for _ in range(4)] == [True] * 4
    client.expect_close()


def test_connections_that_say_nothing_and_go_leave_no_trace(
    connect: Connect,
) -> None:
    for number in range(100):
        wire = connect("pop3")
        if number % 2:
            wire.reset()
        else:
            wire.hang_up()
    Pop3Client(connect("pop3s")).quit()


@pytest.mark.parametrize("octets", [9_000, 12_200])
def test_a_sasl_answer_may_be_long(pop3: Pop3Client, person: Person, octets: int) -> None:
    """RFC 5034 §4: independent of the limit of a command."""
    pop3.send("AUTH PLAIN")
    assert pop3.wire.read_line() == b"+ \r\n"
    pop3.send(base64.b64encode(b"\0ada\0" + b"p" * (octets * 3 // 4 - 8)))
    assert not pop3.read_status().ok
    pop3.login(person)


def test_a_sasl_answer_of_a_mebibyte_is_refused(connect: Connect, server: HatoServer) -> None:
    client = Pop3Client(connect("pop3s"))
    client.send("AUTH PLAIN")
    assert client.wire.read_line() == b"+ \r\n"
    sends_until_refused(client.wire, base64.b64encode(b"x" * MEBIBYTE) + b"\r\n")
    client.wire.unread()
    Pop3Client(connect("pop3s")).quit()


def test_an_initial_response_obeys_the_limit_of_a_command(pop3: Pop3Client, person: Person) -> None:
    """RFC 5034 §4: the 255 octets of a command apply to it."""
    pop3.expect_error(b"AUTH PLAIN " + base64.b64encode(b"\0ada\0" + b"p" * 300))
    pop3.login(person)
