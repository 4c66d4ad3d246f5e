"""Dots that begin a line: found alike when octets come in and when they are read."""

from __future__ import annotations

import pytest

from hato.store.embedded.dots import find_dots
from hato.store.embedded.staging import Inspection
from tests.unit.store_embedded.conftest import Office

DOTTED = b".a\r\n..\r\n\r\n.\r\nb.\r.\n.\r\n.c\r\n"
DOTS = [0, 4, 10, 21]


def test_only_dots_behind_a_whole_line_end_count() -> None:
    assert find_dots(b"\r\n" + DOTTED, -2) == DOTS
    assert find_dots(DOTTED, 100) == [104, 110, 121]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_they_are_noted_however_the_octets_come_in(size: int) -> None:
    inspection = Inspection()
    for start in range(0, len(DOTTED), size):
        inspection.look_at(DOTTED[start : start + size])
    assert list(inspection.dots) == DOTS


@pytest.mark.parametrize("padding", [0, 20_000, 150_000, 300_000])
@pytest.mark.parametrize("repeats", [1, 2_000])
async def test_every_range_has_its_dots(office: Office, padding: int, repeats: int) -> None:
    """Few or many dots, small or large: noted in the record, or looked for when reading."""
    octets = DOTTED * repeats + b"x" * padding + b"\r\n" + DOTTED
    added = await office.add(octets)
    (email,) = await office.account.emails([added.email_id])
    every = find_dots(b"\r\n" + octets, -2)
    ends = {0, 1, 2, 3, 4, 5, 9, 10, 11, len(DOTTED), 131_071, 131_072, 131_074, len(octets)}
    for start in sorted(ends):
        for stop in sorted(end for end in ends if end > start):
            piece = await office.account.read(email.body, start, stop)
            assert piece.data == octets[start:stop]
            assert [start + dot for dot in piece.dots] == [
                dot for dot in every if start <= dot < stop
            ]
