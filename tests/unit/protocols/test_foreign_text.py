"""What a server says can be printed, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.protocols.foreign_text import shown


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"Welcome", "Welcome"),
        ("ようこそ　はと".encode(), "ようこそ　はと"),
        (b"\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\x9b31m \u202egpj.exe".encode(), "\\x9b31m \\u202egpj.exe"),
        (b"caf\xe9", "caf\\xe9"),
        (b"a\0b\tc", "a\\x00b\\tc"),
    ],
)
def test_what_steers_a_terminal_is_escaped(octets: bytes, text: str) -> None:
    assert shown(octets) == text


@given(st.binary())
def test_any_octets_become_printable(octets: bytes) -> None:
    assert shown(octets).replace("\u3000", "").isprintable()
