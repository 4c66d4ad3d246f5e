"""Lines from a stream, one by one or many in one step."""

from __future__ import annotations

import re

import pytest

from hato.protocols.lines import Incomplete, LineBuffer

DIGITS = re.compile(rb"(?:[0-9]+\r\n)+")


def buffer_with(*pieces: bytes) -> LineBuffer:
    buffer = LineBuffer()
    for piece in pieces:
        buffer.feed(piece)
    return buffer


def test_many_lines_in_one_step_and_then_the_odd_one() -> None:
    buffer = buffer_with(b"1\r\n22\r\nx\r\n3\r\n4")
    assert buffer.take_matching(DIGITS) == b"1\r\n22\r\n"
    assert buffer.take_matching(DIGITS) == b""
    assert buffer.next_line(80) == b"x"
    assert buffer.take_matching(DIGITS) == b"3\r\n"
    assert buffer.take_matching(DIGITS) == b""
    assert buffer.next_line(80) is Incomplete.NEED_DATA
    buffer.feed(b"\r\n")
    assert buffer.take_matching(DIGITS) == b"4\r\n"
    assert len(buffer) == 0


def test_the_rest_of_an_overlong_line_matches_nothing() -> None:
    buffer = buffer_with(b"x" * 10)
    assert buffer.next_line(10) is Incomplete.OVERLONG
    buffer.feed(b"1\r\n2\r\n")
    assert buffer.take_matching(DIGITS) == b""
    assert buffer.next_line(10) == b"2"


def test_everything_up_to_a_mark() -> None:
    buffer = buffer_with(b"head\r\n", b"body\r\n.\r\nrest\r\n")
    assert buffer.next_line(80) == b"head"
    assert buffer.take_through(b"\r\n.\r\n", without_last=3) == b"body\r\n"
    assert buffer.take_through(b"\r\n.\r\n") is None
    assert buffer.next_line(80) == b"rest"


@pytest.mark.parametrize(("octets", "answer"), [(b"ab", True), (b"", True), (b"b", False)])
def test_what_comes_next(octets: bytes, *, answer: bool) -> None:
    buffer = buffer_with(b"x\r\nabc")
    buffer.next_line(80)
    assert buffer.starts_with(octets) is answer
    assert len(buffer) == 3


def test_what_was_searched_is_still_found_after_a_step() -> None:
    buffer = buffer_with(b"abc")
    assert buffer.next_line(80) is Incomplete.NEED_DATA
    buffer.feed(b"d|efg")
    assert buffer.take_through(b"|") == b"abcd|"
    buffer.feed(b"h\r\n")
    assert buffer.next_line(80) == b"efgh"
