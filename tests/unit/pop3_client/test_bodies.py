"""Messages come whole or not at all, in any pieces, with any lines, in little memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.core.ids import MessageNumber
from hato.protocols.dots import find_dots
from hato.protocols.pop3.client_events import (
    BodyBegin,
    BodyChunk,
    BodyEnd,
    Event,
    Fault,
    Ok,
)
from hato.protocols.pop3.commands import Noop, Retr
from hato.protocols.pop3.replies import Begin, Chunk, End, Message
from hato.protocols.pop3.texts import MESSAGE
from hato.protocols.pop3.writer import ReplyWriter
from tests.unit.pop3_client.dialogue import Dialogue, fault_of, logged_in

RETR = Retr(MessageNumber(1))

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")

HARD = [
    b"",
    b"\r\n",
    b".\r\n",
    b"..\r\n",
    b".\r\n.\r\n",
    b"Subject: x\r\n\r\na\n.\nb\r\n",
    b"a\r.\rb\r\n",
    b"a\n.\r\nb\r\n",
    b"a\r\n\r\n\r\n",
    b"\r\n.a\r\n..\r\n",
    b"a\rb\nc\r\n",
    b"+OK\r\n-ERR\r\n",
    b"nul\0\r\n\xff\xfe\r\n",
    b"x" * 200_000 + b"\r\n",
]


def sent(letter: bytes) -> bytes:
    """Return a message as our own server sends it."""
    writer = ReplyWriter()
    writer.write_message(Message(letter, find_dots(letter, at_line_start=True)))
    return b"".join(bytes(piece) for piece in writer.outbox.take())


def asked() -> Dialogue:
    dialogue = logged_in("PIPELINING")
    dialogue.ask(RETR, Noop())
    return dialogue


def content(events: Iterable[Event]) -> bytes:
    """Return what the chunks hold; none of them is empty."""
    chunks = [event.data for event in events if isinstance(event, BodyChunk)]
    assert all(chunks)
    return b"".join(chunks)


def in_pieces(dialogue: Dialogue, octets: bytes, size: int) -> list[Event]:
    events: list[Event] = []
    for start in range(0, len(octets), size):
        events += dialogue.hear_octets(octets[start : start + size])
    return events


@pytest.mark.parametrize("letter", HARD, ids=range(len(HARD)))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
def test_hard_letters_in_any_pieces(letter: bytes, size: int) -> None:
    if len(letter) > 1000 and size < 7:
        size = 1000 + size
    events = in_pieces(asked(), sent(letter) + b"+OK next\r\n", size)
    assert content(events) == letter
    *_, end, following = events
    assert isinstance(end, BodyEnd)
    assert end.size_octets == len(letter)
    assert end.has_bare_cr_or_lf == bool(BARE.search(letter))
    assert following == Ok(Noop(), "next", b"+OK next")


@pytest.mark.parametrize("letter", HARD[:-1], ids=range(len(HARD) - 1))
def test_cut_at_every_octet_it_is_never_whole(letter: bytes) -> None:
    octets = sent(letter)
    for length in range(len(octets)):
        for size in (1, length or 1):
            dialogue = asked()
            events = in_pieces(dialogue, octets[:length], size) + dialogue.hear_end()
            assert fault_of(events) is Fault.CUT_OFF
            assert not any(isinstance(event, BodyEnd) for event in events)
            assert letter.startswith(content(events))


@given(
    st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"a", b"+OK\r\n"])).map(b"".join),
    st.lists(st.integers(0, 400)),
)
@settings(deadline=None)
def test_any_letter_in_any_pieces(letter: bytes, cuts: list[int]) -> None:
    letter += b"\r\n"
    octets = sent(letter) + b"+OK\r\n"
    borders = sorted({0, len(octets), *(cut for cut in cuts if cut < len(octets))})
    dialogue = asked()
    events: list[Event] = []
    for start, stop in pairwise(borders):
        events += dialogue.hear_octets(octets[start:stop])
    assert isinstance(events[0], BodyBegin)
    assert content(events) == letter
    assert [type(event) for event in events[-2:]] == [BodyEnd, Ok]


@given(st.binary(max_size=60), st.integers(1, 60))
@settings(deadline=None)
def test_an_end_is_given_only_for_a_terminator(octets: bytes, size: int) -> None:
    dialogue = asked()
    events = in_pieces(dialogue, b"+OK\r\n" + octets, size)
    has_end = any(isinstance(event, BodyEnd) for event in events)
    assert has_end == (b"\r\n.\r\n" in b"\r\n" + octets)


def test_a_letter_of_any_size_takes_no_memory() -> None:
    dialogue = asked()
    dialogue.hear("+OK")
    piece = (b"x" * 998 + b"\r\n") * 60
    for _ in range(200):
        assert content(dialogue.hear_octets(piece)) != b""
        assert len(dialogue.machine._lines) == 0
    *_, end, _ = dialogue.hear(".", "+OK")
    assert isinstance(end, BodyEnd)
    assert end.size_octets == 200 * len(piece)


def test_a_letter_that_came_in_parts_of_an_answer_is_the_same() -> None:
    writer = ReplyWriter()
    for reply in (Begin(MESSAGE, {"octets": 6}), Chunk(b"a\r\n"), Chunk(b".b", [0]), End()):
        writer.write(reply)
    octets = b"".join(bytes(piece) for piece in writer.outbox.take())
    assert content(asked().hear_octets(octets)) == b"a\r\n.b\r\n"
