"""swaks hands mail over by LMTP: TCP and UNIX socket, several recipients, too large, eight bits.

RFC 2033 §4.2 (a reply for each recipient), RFC 1870 §4 (SIZE), RFC 6152 §2 (8BITMIME).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.interop.conftest import read_all
from tests.interop.programs import needs, run
from tests.system.fixtures import unique_sender
from tests.system.people import DOMAIN, Person
from tests.system.server_process import HatoServer

pytestmark = [pytest.mark.interop, needs("swaks")]

LETTER = b"From: mika@example.net\nSubject: from swaks\n\nThe pigeon came home.\n.\n..\n"
NO_RECIPIENT, REFUSED = 24, 26
"""swaks' exit statuses: no RCPT was accepted; the message was not."""

_REPLY = re.compile(r"^<(?:-|~|\*\*) {1,2}(.*)$", re.MULTILINE)


def swaks(
    way: Sequence[str],
    folder: Path,
    people: Sequence[str],
    letter: bytes = LETTER,
    *options: str,
    statuses: Sequence[int] = (0,),
) -> list[str]:
    """Hand a letter over; return all reply lines of the server."""
    said = run(
        [
            *("swaks", *way, "--protocol", "LMTP", "--ehlo", "client.example.net"),
            *("--from", unique_sender(), "--to", ",".join(people), "--data", "-", *options),
        ],
        folder,
        standard_input=letter.removesuffix(b"\n"),  # swaks itself ends the last line
        statuses=statuses,
    )
    return _REPLY.findall(said)


def at(server: HatoServer) -> tuple[str, ...]:
    """How swaks reaches a server by TCP."""
    host, port = server.addresses["lmtp"]
    return ("--server", host, "--port", str(port))


def letter_in(served: bytes, client: str) -> bytes:
    """The letter behind the fields that delivery added, which tell of `client`."""
    prefix = re.match(
        rb"Return-Path: <sender[0-9]+@example\.net>\r\nDelivered-To: [!-~]+\r\n"
        rb"Received: from client\.example\.net%s\r\n"
        rb"\tby mail\.example\.org with LMTP id [!-~]+\r\n\tfor <[!-~]+>; [ -~]+\r\n"
        % re.escape(client.encode()),
        served,
    )
    assert prefix is not None, served
    return served[prefix.end() :]


@pytest.mark.parametrize("options", [(), ("--pipeline",)], ids=["lock-step", "pipelined"])
def test_swaks_delivers_over_tcp(
    server: HatoServer, make_person: Callable[[], Person], options: tuple[str, ...], tmp_path: Path
) -> None:
    people = [make_person(), make_person()]
    addresses = [person.address for person in people]
    replies = swaks(at(server), tmp_path, addresses, LETTER, *options)
    assert {"250-PIPELINING", "250-8BITMIME"} <= set(replies)
    assert sum(reply.startswith("250 2.0.0") for reply in replies) == len(people)
    assert sum(reply.startswith("250 2.1.5") for reply in replies) == len(people)
    for person in people:
        (served,) = read_all(server, person)
        assert letter_in(served, " ([127.0.0.1])") == LETTER.replace(b"\n", b"\r\n")


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """A path that is short enough for a UNIX socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "lmtp")


def test_swaks_delivers_over_a_unix_socket(
    own_server: Callable[..., HatoServer], socket_path: Path, tmp_path: Path
) -> None:
    server = own_server(listen={"lmtp": [f"unix:{socket_path}"]})
    ada = Person(f"ada@{DOMAIN}", "open sesame")
    server.add_person(ada)
    swaks(("--socket", str(socket_path)), tmp_path, [ada.address])
    (served,) = read_all(server, ada)
    assert letter_in(served, "") == LETTER.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("options", [(), ("--pipeline",)], ids=["lock-step", "pipelined"])
def test_each_recipient_has_a_reply_of_her_own(
    server: HatoServer, make_person: Callable[[], Person], options: tuple[str, ...], tmp_path: Path
) -> None:
    """One who is unknown does not spoil the mail of the others."""
    ada, ben = make_person(), make_person()
    addresses = [ada.address, f"nobody@{DOMAIN}", ben.address, "mika@elsewhere.example"]
    replies = swaks(at(server), tmp_path, addresses, LETTER, *options)
    assert sum(reply.startswith("250 2.1.5") for reply in replies) == 2
    assert sum(reply.startswith("550 5.1.1") for reply in replies) == 2
    assert sum(reply.startswith("250 2.0.0") for reply in replies) == 2
    for person in (ada, ben):
        assert len(read_all(server, person)) == 1


def test_mail_for_nobody_is_refused_at_once(server: HatoServer, tmp_path: Path) -> None:
    addresses = [f"nobody@{DOMAIN}"]
    replies = swaks(at(server), tmp_path, addresses, statuses=(NO_RECIPIENT,))
    assert any(reply.startswith("550 5.1.1") for reply in replies)


def test_a_letter_that_is_too_large_is_refused_for_each_recipient(
    own_server: Callable[..., HatoServer], tmp_path: Path
) -> None:
    """No size is declared: the letter is read to its end, and nobody gets it."""
    server = own_server(limits={"message_octets": 50_000})
    ada, ben = Person(f"ada@{DOMAIN}", "open sesame"), Person(f"ben@{DOMAIN}", "open sesame")
    server.add_person(ada)
    server.add_person(ben)
    addresses = [ada.address, ben.address]
    letter = LETTER + b"x" * 70 + b"\n" + (b"y" * 70 + b"\n") * 1000
    replies = swaks(at(server), tmp_path, addresses, letter, statuses=(REFUSED,))
    assert any(reply.endswith("SIZE 50000") for reply in replies)
    assert sum(reply.startswith("552 5.3.4") for reply in replies) == len(addresses)
    assert read_all(server, ada) == read_all(server, ben) == ()


def test_eight_bits_arrive_as_eight_bits(
    server: HatoServer, make_person: Callable[[], Person], tmp_path: Path
) -> None:
    ada = make_person()
    letter = "Subject: x\n\n鳩が帰ってきた。\n".encode() + bytes(range(128, 256)) + b"\n"
    swaks(at(server), tmp_path, [ada.address], letter)
    (served,) = read_all(server, ada)
    assert letter_in(served, " ([127.0.0.1])") == letter.replace(b"\n", b"\r\n")
