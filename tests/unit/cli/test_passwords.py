"""Where a password comes from."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Hato

ADDING = ("user", "add", "bob@example.org", "--password-stdin")


@pytest.mark.parametrize("piped", ["a long password\nanother\n", "a long password\n\n", "\nlong\n"])
def test_more_than_one_line_is_refused_rather_than_half_of_it_taken(hato: Hato, piped: str) -> None:
    said = hato(*ADDING, piped=piped, status=1)
    assert said.err == ("There is more than one line on standard input: give the password alone.\n")
    assert [person["name"] for person in hato.json("user", "list")] == ["ada@example.org"]


@pytest.mark.parametrize("piped", ["a long password", "a long password\n", "a long password\r\n"])
def test_one_line_is_a_password_with_its_end_or_without(hato: Hato, piped: str) -> None:
    hato(*ADDING, piped=piped)
    assert "bob@example.org" in {person["name"] for person in hato.json("user", "list")}
