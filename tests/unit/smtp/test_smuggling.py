"""False ends of a message never end it; a message with a bare CR or LF is refused at its true end.

What stands behind a false end is a whole transaction: taken for one, it would let somebody write
in another's name (CVE-2023-51764 and its relatives).
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.protocols.smtp.commands import DataFault
from tests.unit.smtp.conversation import Conversation, codes_of, envelope

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
    b"\x0b.\x0b",
    b"\x0c.\x0c",
    b"\r\n.\x1a\r\n",
    b"\r\n=2E\r\n",
]
INNER = (
    b"MAIL FROM:<boss@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n"
    b"Subject: smuggled\r\n\r\nPay at once.\r\n.\r\n"
)
BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


@pytest.mark.parametrize("piece", [0, 1, 2, 3], ids=["whole", "by 1", "by 2", "by 3"])
@pytest.mark.parametrize("false_end", FALSE_ENDS, ids=repr)
def test_a_false_end_ends_nothing(false_end: bytes, piece: int) -> None:
    data = b"Subject: outer\r\n\r\nfirst" + false_end + INNER
    conversation = Conversation()
    conversation.say(envelope("ben", "cleo"))
    said = conversation.say(data, piece)
    if BARE.search(data):
        assert codes_of(said) == ["550 5.6.0"] * 2
        assert conversation.is_closed
        assert conversation.taken == []
        assert conversation.faults == [DataFault.BARE_CR_OR_LF]
    else:
        assert codes_of(said) == ["250 2.0.0"] * 2
        (taken,) = conversation.taken
        content = data.removesuffix(b".\r\n").replace(b"\r\n.", b"\r\n")
        assert taken.octets == content


@pytest.mark.parametrize("cut", range(1, 6))
def test_the_true_end_may_be_cut_anywhere(cut: int) -> None:
    conversation = Conversation()
    conversation.say(envelope())
    data = b"Subject: x\r\n\r\nbody\r\n.\r\n"
    said = conversation.say(data[:-cut]) + conversation.say(data[-cut:])
    assert codes_of(said) == ["250 2.0.0"]
    assert conversation.taken[0].octets == data[:-3]


def test_nothing_behind_the_end_of_a_refused_message_is_obeyed() -> None:
    conversation = Conversation()
    conversation.say(envelope())
    said = conversation.say(b"a\nb\r\n.\r\n" + INNER + b"QUIT\r\n")
    assert codes_of(said) == ["550 5.6.0"]
    assert conversation.is_closed
    assert conversation.say(b"NOOP\r\n") == b""


def test_a_message_both_too_large_and_badly_ended_closes_as_well() -> None:
    conversation = Conversation(message_octets=10)
    conversation.say(envelope())
    said = conversation.say(b"0123456789012345\r\nx\r\n") + conversation.say(b"a\nb\r\n.\r\n")
    assert codes_of(said) == ["550 5.6.0"]
    assert conversation.faults == [DataFault.TOO_LARGE]
    assert conversation.is_closed


def test_nul_is_an_octet_like_others() -> None:
    conversation = Conversation()
    conversation.say(envelope() + b"a\0b\r\n\0\r\n.\r\n")
    assert conversation.taken[0].octets == b"a\0b\r\n\0\r\n"


def stuffed(octets: bytes) -> bytes:
    return (b"\r\n" + octets).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


LINES = st.lists(
    st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))
    | st.sampled_from([b".", b"..", b".\0", b""]),
    max_size=20,
)


@given(LINES, st.integers(1, 40))
def test_every_message_of_whole_lines_comes_through(lines: list[bytes], piece: int) -> None:
    octets = b"".join(line + b"\r\n" for line in lines)
    conversation = Conversation()
    conversation.say(envelope())
    said = conversation.say(stuffed(octets) + b"QUIT\r\n", piece)
    assert codes_of(said) == ["250 2.0.0", "221 2.0.0"]
    assert conversation.taken[0].octets == octets


SOUP = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"x", b"\0"]), max_size=30)


@given(SOUP, st.integers(1, 7))
def test_pieces_make_no_difference(soup: list[bytes], piece: int) -> None:
    data = b"".join(soup) + b"\r\n.\r\n"
    whole, cut = Conversation(), Conversation()
    for conversation in (whole, cut):
        conversation.say(envelope())
    assert whole.say(data) == cut.say(data, piece)
    assert whole.taken == cut.taken
    assert whole.is_closed == cut.is_closed
