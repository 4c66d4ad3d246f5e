"""TOP ends where RFC 1939 §7 says, however the message is cut into chunks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.protocols.pop3.top import TopCutter


def top(message: bytes, lines: int, chunk_octets: int) -> bytes:
    """Return what a cutter lets through."""
    cutter = TopCutter(lines)
    shown = b""
    for start in range(0, len(message), chunk_octets):
        chunk = message[start : start + chunk_octets]
        shown += chunk[: cutter.feed(chunk)]
        if cutter.is_complete:
            break
    return shown


def expected_top(message: bytes, lines: int) -> bytes:
    """Return the same, worked out in the simplest way."""
    if message.startswith(b"\r\n"):
        header, body = b"\r\n", message[2:]
    elif b"\r\n\r\n" in message:
        end = message.index(b"\r\n\r\n") + 4
        header, body = message[:end], message[end:]
    else:
        return message
    parts = body.split(b"\r\n")
    if lines >= len(parts):
        return message
    return header + b"".join(part + b"\r\n" for part in parts[:lines])


pieces = st.sampled_from([b"\r\n", b"\r\n", b"\r", b"\n", b".", b"a", b"Subject: x", b"\r\n\r\n"])


@given(st.lists(pieces, max_size=25).map(b"".join), st.integers(0, 9), st.integers(1, 40))
def test_it_ends_where_it_should(message: bytes, lines: int, chunk_octets: int) -> None:
    assert top(message, lines, chunk_octets) == expected_top(message, lines)


@pytest.mark.parametrize("chunk_octets", [1, 2, 3, 4, 5, 7, 100])
@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (0, b"A: 1\r\nB: 2\r\n\r\n"),
        (1, b"A: 1\r\nB: 2\r\n\r\none\r\n"),
        (2, b"A: 1\r\nB: 2\r\n\r\none\r\n\r\n"),
        (99999999, b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n"),
    ],
)
def test_lines_are_those_of_the_body(lines: int, shown: bytes, chunk_octets: int) -> None:
    message = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n"
    assert top(message, lines, chunk_octets) == shown


def test_a_message_that_is_all_header_is_shown_whole() -> None:
    assert top(b"A: 1\r\nB: 2\r\n", 0, 5) == b"A: 1\r\nB: 2\r\n"


def test_nothing_behind_the_last_wanted_line_is_asked_for() -> None:
    cutter = TopCutter(1)
    assert cutter.feed(b"A: 1\r\n\r\nbody\r\n") == 14
    assert cutter.is_complete
