"""False ends of DATA: whatever looks like one, only CRLF . CRLF ends a letter (RFC 5321 §4.1.1.4).

Behind each false end stands a whole second transaction. If the server took the false end for the
true one, somebody could write letters in another's name. There must be exactly one final answer for
each recipient; a letter with a bare CR or LF is refused with 550 5.6.0 and the connection closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.sessions.player import is_served_form_of
from tests.system.fixtures import (
    deliver_letters,
    open_wire,
    stored_letters,
    unique_sender,
)
from tests.system.letters import LETTERS
from tests.system.lmtp import LmtpClient, stuff
from tests.system.people import Person
from tests.system.server_process import HatoServer
from tests.system.wire import Pace

FALSE_ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\n.\r",
    b"\r.\r",
    b"\r.\r\n",
    b"\r.\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n",
    b"\n\n.\n\n",
    b"\n\r.\n\r",
    b"\n\r.\r\n",
    b"\r\n .\r\n",
    b"\r\n. \r\n",
    b"\r\n\t.\r\n",
    b"\r\n.\t\r\n",
    b"\r\n..\r\n",
    b"\x85.\x85",
    b"\r\n\x85.\r\n",
    "\u2028.\u2028".encode(),
    b"\x0b.\x0b",
    b"\x0c.\x0c",
    b"\r\n.\x1a\r\n",
    b"\r\n=2E\r\n",
]
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_TRUE_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Attack:
    """A letter with a false end in it and a transaction behind that."""

    wire_form: bytes
    """What is sent after 354, the true end included."""

    @property
    def content(self) -> bytes:
        """The letter that the server must see: dots undone, up to the true end."""
        data = (b"\r\n" + self.wire_form).removesuffix(b".\r\n")
        return re.sub(rb"\r\n\.", b"\r\n", data)[2:]

    @property
    def has_bare_ends(self) -> bool:
        """Whether the letter must be refused."""
        return bool(_BARE.search(self.wire_form))


def attack_with(false_end: bytes, sender: str, victim: Person) -> Attack:
    """Make the letter."""
    inner = (
        f"MAIL FROM:<{sender}>\r\nRCPT TO:<{victim.address}>\r\nDATA\r\n"
        "Subject: smuggled\r\nFrom: boss@example.org\r\n\r\nPay at once.\r\n.\r\n"
    ).encode()
    return Attack(b"Subject: outer\r\n\r\nfirst" + false_end + inner)


@pytest.fixture(params=[Pace.WHOLE, Pace.BYTES], ids=lambda pace: pace.value)
def client(request: pytest.FixtureRequest, server: HatoServer) -> Iterator[LmtpClient]:
    """An LMTP conversation after LHLO."""
    with LmtpClient(open_wire(server, "lmtp", pace=request.param)) as lmtp:
        lmtp.lhlo()
        yield lmtp


@pytest.mark.parametrize("false_end", FALSE_ENDS, ids=repr)
def test_a_false_end_ends_nothing(
    server: HatoServer,
    client: LmtpClient,
    make_person: Callable[[], Person],
    false_end: bytes,
) -> None:
    reader, other, victim = make_person(), make_person(), make_person()
    sender = unique_sender()
    attack = attack_with(false_end, sender, victim)
    assert attack.wire_form.index(_TRUE_END) == len(attack.wire_form) - len(_TRUE_END)
    client.open_data(sender, [reader.address, other.address], " BODY=8BITMIME")
    client.wire.send(attack.wire_form)
    replies = client.replies(2)
    if attack.has_bare_ends:
        assert [(reply.code, reply.enhanced) for reply in replies] == [(550, "5.6.0")] * 2
        client.expect_close()
    else:
        assert all(reply.ok for reply in replies)
        client.quit()  # the very next answer belongs to QUIT
    for person in (reader, other):
        stored = stored_letters(server, person)
        if attack.has_bare_ends:
            assert stored == []
        else:
            (served,) = stored
            assert is_served_form_of(served, attack.content)
    assert stored_letters(server, victim) == []


@pytest.mark.parametrize("cut", range(1, 5))
def test_the_true_end_may_be_cut_anywhere(
    server: HatoServer, client: LmtpClient, person: Person, cut: int
) -> None:
    letter = LETTERS["plain"]
    octets = stuff(letter)
    client.open_data(unique_sender(), [person.address])
    client.wire.send(octets[: cut - 5])
    client.wire.send(octets[cut - 5 :])
    (reply,) = client.replies(1)
    assert reply.ok
    (served,) = stored_letters(server, person)
    assert is_served_form_of(served, letter)


def test_a_bare_cr_directly_before_the_true_end_does_not_hide_it(
    server: HatoServer, client: LmtpClient, person: Person
) -> None:
    """CR CR LF . CR LF holds a true end, and a letter with a bare CR before it."""
    client.open_data(unique_sender(), [person.address])
    client.wire.send(b"Subject: x\r\n\r\nx\r\r\n.\r\nQUIT\r\n")
    (reply,) = client.replies(1)
    assert (reply.code, reply.enhanced) == (550, "5.6.0")
    client.expect_close()
    assert stored_letters(server, person) == []


@pytest.mark.parametrize("edge", [1023, 1024, 4095, 4096, 16_384, 65_535, 65_536, 131_072])
@pytest.mark.parametrize("false_end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n"], ids=repr)
def test_a_false_end_on_the_edge_of_a_buffer_ends_nothing(
    server: HatoServer, make_person: Callable[[], Person], edge: int, false_end: bytes
) -> None:
    person, victim = make_person(), make_person()
    for shift in range(4):
        sender = unique_sender()
        attack = attack_with(false_end, sender, victim)
        filler = edge - len(b"Subject: outer\r\n\r\nfirst") - shift
        padded = attack.wire_form.replace(b"first", b"first" + b"f" * filler, 1)
        with LmtpClient(open_wire(server, "lmtp")) as client:
            client.lhlo()
            client.open_data(sender, [person.address])
            client.wire.send(padded)
            (reply,) = client.replies(1)
            assert (reply.code, reply.enhanced) == (550, "5.6.0")
            client.expect_close()
    assert stored_letters(server, person) == []
    assert stored_letters(server, victim) == []


def test_after_a_refused_letter_the_next_connection_is_clean(
    server: HatoServer, client: LmtpClient, person: Person
) -> None:
    client.open_data(unique_sender(), [person.address])
    client.wire.send(b"Subject: x\r\n\r\na\nb\r\n.\r\n")
    client.replies(1)
    client.expect_close()
    deliver_letters(server, person, LETTERS["plain"])
    assert len(stored_letters(server, person)) == 1
