"""LMTP at its limits: sizes, recipients, lines, and peers that are no MTA (RFC 2033, RFC 5321)."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.sessions.player import is_served_form_of
from tests.system.fixtures import (
    ONLY_LINUX,
    deliver_letters,
    open_wire,
    stored_letters,
    unique_sender,
)
from tests.system.letters import LETTERS
from tests.system.lmtp import LmtpClient, read_reply, stuff
from tests.system.people import Person
from tests.system.server_process import Certificates, HatoServer
from tests.system.wire import Wire, sends_until_refused

MESSAGE_OCTETS = 1 << 20
RECIPIENTS = 100
"""RFC 5321 §4.5.3.1.8: at least 100 must be possible."""
ADA = Person("ada@example.org", "open sesame")
BEN = Person("ben@example.org", "open sesame")


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[HatoServer]:
    """A server with a small limit for messages and recipients."""
    limits = {"message_octets": MESSAGE_OCTETS, "recipients_per_message": RECIPIENTS}
    one = HatoServer(tmp_path_factory.mktemp("small"), certificates, {"limits": limits}, workers=1)
    one.prepare()
    one.add_person(ADA)
    one.add_person(BEN)
    one.start()
    yield one
    one.stop()
    assert "Traceback" not in one.log(), one.log()[-6000:]


@pytest.fixture
def small_client(small: HatoServer) -> Iterator[LmtpClient]:
    with LmtpClient(open_wire(small, "lmtp")) as client:
        client.lhlo()
        yield client


@pytest.fixture
def client(server: HatoServer) -> Iterator[LmtpClient]:
    with LmtpClient(open_wire(server, "lmtp")) as lmtp:
        lmtp.lhlo()
        yield lmtp


def letter_of(octets: int) -> bytes:
    head = b"Subject: large\r\n\r\n"
    return head + b"x" * (octets - len(head) - 2) + b"\r\n"


def test_the_limit_is_announced(small: HatoServer) -> None:
    """RFC 1870 §3."""
    with LmtpClient(open_wire(small, "lmtp")) as client:
        assert f"SIZE {MESSAGE_OCTETS}" in client.lhlo()


def test_a_declared_size_over_the_limit_is_refused_at_once(small_client: LmtpClient) -> None:
    """RFC 1870 §6.1."""
    small_client.expect(250, f"MAIL FROM:<a@example.net> SIZE={MESSAGE_OCTETS}")
    small_client.expect(250, "RSET")
    reply = small_client.expect(552, f"MAIL FROM:<a@example.net> SIZE={MESSAGE_OCTETS + 1}")
    assert reply.enhanced == "5.3.4"


def test_a_letter_that_turns_out_larger_is_refused_for_each_recipient(
    small: HatoServer, small_client: LmtpClient
) -> None:
    """RFC 1870 §6.3; the connection can go on."""
    recipients = [ADA.address, BEN.address]
    replies = small_client.deliver("a@example.net", recipients, letter_of(MESSAGE_OCTETS + 1))
    assert [(reply.code, reply.enhanced) for reply in replies] == [(552, "5.3.4")] * 2
    replies = small_client.deliver(unique_sender(), [BEN.address], LETTERS["no-message-id"])
    assert [reply.code for reply in replies] == [250]
    small_client.quit()


def test_a_letter_of_exactly_the_limit_is_accepted(small_client: LmtpClient) -> None:
    """Doubled dots do not count (RFC 1870 §5)."""
    head = b"Subject: dots\r\n\r\n"
    rest = MESSAGE_OCTETS - len(head)
    letter = head + b".\r\n" * (rest // 3) + b"\r\n" * ((rest % 3) // 2)
    (reply,) = small_client.deliver(unique_sender(), [ADA.address], letter)
    assert reply.ok, str(reply)


@ONLY_LINUX
def test_a_letter_without_end_costs_bounded_memory(small: HatoServer) -> None:
    before = small.resident_octets()
    with LmtpClient(open_wire(small, "lmtp")) as client:
        client.lhlo()
        client.open_data("a@example.net", [ADA.address])
        sends_until_refused(client.wire, b"x" * (64 << 20))
        assert small.resident_octets() - before < 24 << 20  # a password hash may come between


def test_as_many_recipients_as_promised_and_not_one_more(small_client: LmtpClient) -> None:
    """RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in a second transaction."""
    small_client.expect(250, "MAIL FROM:<a@example.net>")
    for number in range(RECIPIENTS):
        small_client.expect(250, f"RCPT TO:<ada+{number}@example.org>")
    assert small_client.expect(452, "RCPT TO:<ben@example.org>").enhanced == "4.5.3"
    small_client.expect(354, "DATA")
    small_client.wire.send(stuff(LETTERS["no-message-id"]))
    assert all(reply.ok for reply in small_client.replies(RECIPIENTS))
    small_client.quit()


@pytest.mark.parametrize("octets", [512, 1000, 2000])
def test_a_long_command_is_read(client: LmtpClient, octets: int) -> None:
    """RFC 5321 §4.5.3.1.4: 512 at least, and extensions add to it."""
    command = b"NOOP " + b"x" * (octets - len(b"NOOP \r\n"))
    client.expect(250, command)


@ONLY_LINUX
@pytest.mark.parametrize("filler", [b"A", b"\0", b"\r", b" "], ids=repr)
def test_a_command_without_end_is_cut_off_in_bounded_memory(
    server: HatoServer, client: LmtpClient, filler: bytes
) -> None:
    before = server.resident_octets()
    sent = sends_until_refused(client.wire, filler * (64 << 20))
    assert sent < 64 << 20
    assert server.resident_octets() - before < 24 << 20  # a password hash may come between


def test_a_command_that_is_too_long_is_refused_and_the_session_may_live(
    client: LmtpClient,
) -> None:
    reply = client.command(b"NOOP " + b"x" * 4000)
    assert (reply.code, reply.enhanced[:3]) == (500, "5.5")


def test_ten_thousand_bad_commands_are_not_answered_all(server: HatoServer) -> None:
    with LmtpClient(open_wire(server, "lmtp")) as client:
        sends_until_refused(client.wire, b"X\r\n" * 10_000)
        answers = client.wire.read_to_close().splitlines()
    assert len(answers) < 50
    assert all(re.match(rb"[45][0-9]{2} [45]\.", answer) for answer in answers)


def test_an_http_request_is_no_mail(server: HatoServer) -> None:
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.wire.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n"
            b"LHLO x\r\nMAIL FROM:<a@b>\r\n"
        )
        client.wire.half_close()
        answers = client.wire.read_to_close().splitlines()
    assert answers[0].startswith(b"500 5.5.")


@pytest.mark.parametrize(
    "name",
    [
        b"a b",
        b"<script>",
        b"a\0b",
        b"a\x1bb",
        b"x" * 300,
        b"(comment",
        b"a;b",
        b"\xff\xfe",
        b"a\tb",
    ],
    ids=repr,
)
def test_a_strange_lhlo_name_gets_into_no_header(
    server: HatoServer, person: Person, name: bytes
) -> None:
    """It may be refused; if it is not, the Received field must stay one well-formed field."""
    with LmtpClient(open_wire(server, "lmtp")) as client:
        if not client.command(b"LHLO " + name).ok:
            client.lhlo()
        (reply,) = client.deliver(unique_sender(), [person.address], LETTERS["plain"])
        assert reply.ok
    (served,) = stored_letters(server, person)
    assert is_served_form_of(served, LETTERS["plain"])
    added = served.removesuffix(LETTERS["plain"])
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", added)
    assert max(len(line) for line in added.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "sender",
    [
        b'"a\\\r\nX-Injected: yes"@example.net',
        b'"a\nX-Injected: yes"@example.net',
        b'"a\rX-Injected: yes"@example.net',
        b'"a\0b"@example.net',
        b"a@example.net> X-Injected: <x",
    ],
    ids=repr,
)
def test_a_sender_injects_nothing(server: HatoServer, person: Person, sender: bytes) -> None:
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        assert not client.command(b"MAIL FROM:<" + sender + b">").ok
    deliver_letters(server, person, LETTERS["plain"])
    (served,) = stored_letters(server, person)
    assert b"X-Injected" not in served


def test_replies_to_a_group_come_in_order_however_many(
    server: HatoServer, person: Person, client: LmtpClient
) -> None:
    """RFC 2920 §3.2 and RFC 2033 §4.2: five transactions, each letter with the next envelope."""
    recipients = [person.address, "nobody@example.org", person.address]
    envelope = b"MAIL FROM:<%s>\r\n" + b"".join(
        b"RCPT TO:<%s>\r\n" % to.encode() for to in recipients
    )
    client.wire.send(envelope % unique_sender().encode() + b"DATA\r\n")
    for number in range(5):
        codes = [read_reply(client.wire).code for _ in range(5)]
        assert codes == [250, 250, 550, 250, 354]
        following = envelope % unique_sender().encode() + b"DATA\r\n" if number < 4 else b"QUIT\r\n"
        client.wire.send(stuff(LETTERS["no-message-id"]) + following)
        assert [reply.code for reply in client.replies(2)] == [250, 250]
    assert read_reply(client.wire).code == 221
    client.expect_close()


def test_every_reply_has_an_enhanced_code_of_its_class(client: LmtpClient, person: Person) -> None:
    """RFC 2034 §4: all 2xx, 4xx and 5xx replies but greeting and LHLO."""
    replies = [
        client.command(line)
        for line in (
            "NOOP",
            "RSET",
            "X",
            "MAIL",
            "RCPT TO:<x@example.org>",
            "DATA",
            "MAIL FROM:<a@example.net>",
            "MAIL FROM:<a@example.net>",
            "RCPT TO:<nobody@example.org>",
            f"RCPT TO:<{person.address}>",
            "EHLO x",
            "VRFY x",
            "BDAT 5",
            "RSET",
            "QUIT",
        )
    ]
    for reply in replies:
        assert reply.enhanced[:1] == str(reply.code)[0], str(reply)
        assert all(line.startswith(reply.enhanced) for line in reply.lines), str(reply)


def test_a_client_that_dies_in_data_leaves_nothing_behind(
    server: HatoServer, person: Person
) -> None:
    for octets in (0, 1, 100, 70_000, 300_000):
        with LmtpClient(open_wire(server, "lmtp")) as client:
            client.lhlo()
            client.open_data(unique_sender(), [person.address])
            client.wire.send(stuff(letter_of(400_000))[:octets])
            if octets % 2:
                client.wire.reset()
    deliver_letters(server, person, LETTERS["plain"])
    (served,) = stored_letters(server, person)
    assert served.endswith(LETTERS["plain"])


def test_a_half_closed_client_gets_its_answer(server: HatoServer, person: Person) -> None:
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        client.open_data(unique_sender(), [person.address])
        client.wire.send(stuff(LETTERS["plain"]))
        client.wire.half_close()
        assert client.replies(1)[0].ok
        client.expect_close()


def test_the_same_letter_from_the_same_sender_is_the_same_delivery(
    server: HatoServer, make_person: Callable[[], Person]
) -> None:
    """A retry after a lost 250; anything that differs makes it another delivery."""
    person, sender = make_person(), unique_sender()
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        for letter in (LETTERS["plain"], LETTERS["plain"], LETTERS["second"]):
            assert client.deliver(sender, [person.address], letter)[0].ok
        assert client.deliver(unique_sender(), [person.address], LETTERS["plain"])[0].ok
        assert client.deliver(sender, [person.address], LETTERS["plain"] + b"x\r\n")[0].ok
        for _ in range(2):  # without a Message-ID nobody can tell
            assert client.deliver(sender, [person.address], LETTERS["no-message-id"])[0].ok
    assert len(stored_letters(server, person)) == 6


def test_the_envelope_of_others_is_in_nobodys_letter(
    server: HatoServer, make_person: Callable[[], Person]
) -> None:
    """Who else got it (a blind copy) is not told."""
    people = [make_person() for _ in range(3)]
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        addresses = [person.address for person in people]
        replies = client.deliver(unique_sender(), addresses, LETTERS["plain"])
        assert all(reply.ok for reply in replies)
    for person in people:
        (served,) = stored_letters(server, person)
        for other in people:
            assert other is person or other.address.encode() not in served


@pytest.mark.skipif(sys.platform == "win32", reason="UNIX sockets")
def test_a_unix_socket_takes_mail_too(
    own_server: Callable[..., HatoServer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("s") / "l"
    server = own_server(listen={"lmtp": [f"unix:{path}"]})
    server.add_person(ADA)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(str(path))
    with LmtpClient(Wire(sock)) as client:
        client.lhlo()
        assert client.deliver(unique_sender(), [ADA.address], LETTERS["plain"])[0].ok
        client.quit()
    assert len(stored_letters(server, ADA)) == 1
