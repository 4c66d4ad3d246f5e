"""Letters whose lines do not all end in CRLF are refused, for each recipient, with 550 5.6.0.

RFC 5321 §2.3.8: CR and LF travel only together; RFC 5321 §4.1.1.4: only CRLF.CRLF ends a message.
"""

from __future__ import annotations

import pytest

from tests.interop.conftest import read_all
from tests.interop.corpus import CORPORA, Letter, letters
from tests.system.fixtures import open_wire, unique_sender
from tests.system.lmtp import LmtpClient
from tests.system.people import PeoplePool, Person
from tests.system.server_process import HatoServer

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not CORPORA.is_dir(), reason="the mail corpora do not lie beside the project"
    ),
]


def refuse(server: HatoServer, recipients: list[Person], letter: Letter) -> None:
    """Send a letter as it lies on the disk; it must be refused, and the connection closed."""
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        octets = letter.octets if letter.octets.endswith(b"\r\n") else letter.octets + b"\r\n"
        parameters = "" if octets.isascii() else " BODY=8BITMIME"
        addresses = [person.address for person in recipients]
        for reply in client.deliver(unique_sender(), addresses, octets, parameters):
            assert (reply.code, reply.enhanced) == (550, "5.6.0"), letter.name
        client.expect_close()


def test_a_letter_that_mixes_line_ends_is_refused(server: HatoServer, people: PeoplePool) -> None:
    ada, ben = people.new("ada"), people.new("ben")
    mixed = [letter for letter in letters() if letter.mixes_line_ends]
    assert len(mixed) > 10
    for letter in mixed:
        refuse(server, [ada, ben], letter)
    assert read_all(server, ada) == read_all(server, ben) == ()


def test_a_letter_with_the_line_ends_of_a_disk_is_refused(
    server: HatoServer, new_person: Person
) -> None:
    """Whoever hands a file over makes its lines whole first, as `hato deliver` does."""
    bare = [letter for letter in letters() if letter.octets and b"\r" not in letter.octets]
    assert len(bare) > 100
    for letter in bare[::10]:
        refuse(server, [new_person], letter)
    assert read_all(server, new_person) == ()
