"""Whatever a peer sends, the machine answers in SMTP's words or closes; it never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from hato.protocols.machine import Signal
from hato.protocols.smtp import commands, replies
from tests.unit.smtp.conversation import SAVED, Conversation, envelope

WORDS = st.sampled_from(
    [
        b"LHLO x",
        b"EHLO x",
        b"MAIL FROM:<a@b>",
        b"MAIL FROM:<> SIZE=99999999999999999999",
        b"RCPT TO:<c@d>",
        b"RCPT TO:<nobody@d>",
        b"DATA",
        b"RSET",
        b"NOOP",
        b"VRFY x",
        b"HELP",
        b"QUIT",
        b".",
        b"..",
        b"\r\n",
        b"\r\n.\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b" ",
        b"A" * 3000,
    ]
)
REPLY_LINES = re.compile(rb"(?:[2-5][0-5][0-9][ -][\x20-\x7e]*\r\n)*")


@given(st.lists(WORDS | st.binary(max_size=20) | st.just(b"\r\n"), max_size=60), st.integers(1, 99))
def test_no_octets_make_the_machine_raise(words: list[bytes], piece: int) -> None:
    conversation = Conversation()
    said = conversation.say(b"".join(words), piece) + conversation.end()
    assert REPLY_LINES.fullmatch(said)
    assert conversation.is_closed


def chunks_of(octets: int) -> Iterator[bytes]:
    """A message of so many octets, in the pieces in which sockets give them."""
    line = b"0123456789abcdef" * 4 + b"\r\n"
    piece = line * 992
    for _ in range(octets // len(piece)):
        yield piece
    yield b".\r\n"


def test_a_message_of_100_mebibytes_passes_through_in_bounded_memory() -> None:
    conversation = Conversation(message_octets=200 << 20)
    conversation.say(envelope())
    machine = conversation.machine
    passed = largest = 0
    for piece in chunks_of(100 << 20):
        machine.receive_data(piece)
        while not isinstance(command := machine.next_command(), Signal):
            if isinstance(command, commands.DataChunk):
                passed += len(command.octets)
                largest = max(largest, len(command.octets))
            else:
                assert command == commands.DataEnd(passed)
                machine.send(SAVED)
        assert len(machine._lines) == 0
        assert len(machine._reader._held) < 5
    assert passed > 99 << 20
    assert largest < 1 << 17
    assert b"".join(machine.data_to_send()) == SAVED.encode()


def test_a_line_of_any_length_belongs_to_a_message() -> None:
    conversation = Conversation(message_octets=8 << 20)
    conversation.say(envelope())
    letter = b"x" * (4 << 20) + b"\r\n"
    assert conversation.say(letter + b".\r\n", 65_536).startswith(b"250")
    assert conversation.taken[0].octets == letter


def test_commands_byte_by_byte_are_the_same_commands() -> None:
    talk = (
        envelope("a", "b") + b"Subject: x\r\n\r\n..\r\n.\r\n"
        b"MAIL FROM:<> BODY=8BITMIME SIZE=3 SMTPUTF8\r\nRSET\r\n"
        b"NOOP x\r\nVRFY x\r\nHELP\r\nQUIT\r\n"
    )
    whole, cut = Conversation(), Conversation()
    assert whole.say(talk) == cut.say(talk, 1)
    named = [
        [command for command in each.commands if not isinstance(command, commands.DataChunk)]
        for each in (whole, cut)
    ]
    assert named[0] == named[1]
    assert whole.taken == cut.taken
    assert replies.GOODBYE.encode() == b"221 2.0.0 Goodbye\r\n"
