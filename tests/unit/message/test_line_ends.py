"""Each line end becomes CRLF, however the octets are cut; everything else stays."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.message.line_ends import LineEndConverter


def converted(octets: bytes, *cuts: int) -> bytes:
    converter = LineEndConverter()
    edges = [0, *cuts, len(octets)]
    pieces = [converter.convert(octets[a:b]) for a, b in pairwise(edges)]
    return b"".join(pieces) + converter.finish()


@pytest.mark.parametrize(
    ("octets", "wire_form"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\n", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\n\nb\r\n\n", b"a\r\n\r\nb\r\n\r\n"),
        (b"a\rb\n", b"a\r\nb\r\n"),
        (b"a\r\rb\r", b"a\r\n\r\nb\r\n"),
        (b"a\r\r\nb", b"a\r\nb\r\n"),
        (b"a\r\r\r\nb", b"a\r\n\r\nb\r\n"),
        (b"a\n\r", b"a\r\n\r\n"),
        (b"a\r", b"a\r\n"),
        (b"a\r\r", b"a\r\n\r\n"),
        (b"\n", b"\r\n"),
        (b"\0\xff\n", b"\0\xff\r\n"),
    ],
)
def test_line_ends(octets: bytes, wire_form: bytes) -> None:
    assert converted(octets) == wire_form
    for cut in range(len(octets) + 1):
        assert converted(octets, cut) == wire_form


OCTETS = st.lists(st.sampled_from([b"\r", b"\n", b"x", b"\r\n"]), max_size=30).map(b"".join)


@given(OCTETS, st.lists(st.integers(0, 60), max_size=6))
def test_any_cuts_give_the_same(octets: bytes, cuts: list[int]) -> None:
    wire_form = re.sub(rb"\r\r\n|\r\n|\r(?!\r\n)|\n", b"\r\n", octets)
    if octets and not octets.endswith((b"\r", b"\n")):
        wire_form += b"\r\n"
    assert converted(octets, *sorted(cuts)) == wire_form


def test_a_large_stream_passes_in_pieces() -> None:
    converter = LineEndConverter()
    piece = b"0123456789abcde\n" * 4096
    total = sum(len(converter.convert(piece)) for _ in range(160))
    assert total == 160 * len(piece) + 160 * 4096
    assert converter.finish() == b""
