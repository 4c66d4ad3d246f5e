"""The letters of the benchmark: what the load generator relies on."""

from __future__ import annotations

import pytest

from bench.letters import Group, letter


@pytest.mark.parametrize("octets", [1024, 8192, 100_000])
@pytest.mark.parametrize("number", [0, 7, 8, 999])
def test_a_letter_has_exactly_the_size_that_was_asked_for(number: int, octets: int) -> None:
    assert len(letter(number, octets)) == octets


def test_serial_and_number_stand_where_the_generator_looks() -> None:
    made = letter(42, 8192)
    assert made[:13] == b"Message-ID: <"
    assert made[13:29] == b"0" * 16
    assert made[56:65] == b"0000042\r\n"


def test_every_line_ends_with_crlf_and_is_short_enough_for_smtp() -> None:
    lines = letter(8, 8192).split(b"\r\n")
    assert lines[-1] == b""
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    assert max(map(len, lines)) <= 998


def test_some_letters_have_lines_that_begin_with_a_dot() -> None:
    assert b"\r\n..a line" in letter(8, 8192)
    assert b"\r\n." not in letter(9, 8192)


def test_people_of_two_groups_never_share_a_name() -> None:
    names = Group("poll", 200, 100).names() + Group("download", 8, 1000).names()
    assert len(set(names)) == 208
