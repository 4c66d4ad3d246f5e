"""What fetchmail, getmail and mpop noted of the letters that they fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.services.moving_in.found import Program
from hato.services.moving_in.memories import ids_of, key_of_mpop, read_memory

FILE = Path("/somewhere/memory")

FETCHMAIL = b"""\
ada@127.0.0.1 a1
ada@127.0.0.1 b<2>
ada@example.org@127.0.0.1 x:y@z
a b@127.0.0.1 ~tilde
  Ada@127.0.0.1 %41#q\x20\x20

ada@127.0.0.1 a1
"""
GETMAIL = b'q"uote\x001795570475\nback\\slash\x001795570475\nx:y@z\x0012\n'
MPOP = b"""\
# This file was written by a test.
#
 2 127.0.0.1 ada
%41#q
a1
 0 127.0.0.1 bob
 1 pop.example.org a/b c
#hash
"""


def known(program: Program, data: bytes, key: str) -> list[bytes] | None:
    ids = ids_of(read_memory(program, data, FILE), program, key)
    return None if ids is None else ids.known


def refusal(program: Program, data: bytes) -> str:
    with pytest.raises(InvalidInputError) as refused:
        read_memory(program, data, FILE)
    assert refused.value.in_language(Language.JAPANESE) != str(refused.value)
    return str(refused.value)


def test_fetchmail_has_an_entry_a_line_and_users_may_have_at_signs_and_spaces() -> None:
    assert known(Program.FETCHMAIL, FETCHMAIL, "ada@127.0.0.1") == [b"a1", b"b<2>", b"%41#q"]
    assert known(Program.FETCHMAIL, FETCHMAIL, "ada@example.org@127.0.0.1") == [b"x:y@z"]
    assert known(Program.FETCHMAIL, FETCHMAIL, "A b@127.0.0.1") == [b"~tilde"]
    assert known(Program.FETCHMAIL, FETCHMAIL, "bob@127.0.0.1") is None


def test_getmail_has_a_file_an_account_and_a_time_with_each_letter() -> None:
    assert known(Program.GETMAIL, GETMAIL, "") == [b'q"uote', b"back\\slash", b"x:y@z"]


def test_mpop_says_how_many_letters_a_list_has() -> None:
    assert known(Program.MPOP, MPOP, key_of_mpop("127.0.0.1", "ada")) == [b"%41#q", b"a1"]
    assert known(Program.MPOP, MPOP, key_of_mpop("127.0.0.1", "bob")) == []
    assert known(Program.MPOP, MPOP, key_of_mpop("pop.example.org", "a/b c")) == [b"#hash"]
    assert known(Program.MPOP, MPOP, key_of_mpop("pop.example.org", "ada")) is None


@pytest.mark.parametrize("program", list(Program))
def test_an_empty_memory_knows_nothing(program: Program) -> None:
    assert not known(program, b"", "ada@127.0.0.1")


@pytest.mark.parametrize(
    ("program", "whole"),
    [(Program.FETCHMAIL, FETCHMAIL), (Program.GETMAIL, GETMAIL), (Program.MPOP, MPOP)],
)
def test_what_was_not_written_to_its_end_is_not_taken_at_all(
    program: Program, whole: bytes
) -> None:
    assert "in the middle of a line" in refusal(program, whole[:-2])


def test_a_list_of_mpop_that_is_too_short_is_not_taken_at_all() -> None:
    for data in (b" 3 h u\na\nb\n", b" 2 h u\na\n 1 h v\nb\n"):
        assert "fewer letters than it says in line 1" in refusal(Program.MPOP, data)


@pytest.mark.parametrize(
    ("program", "data", "line"),
    [
        (Program.FETCHMAIL, b"ada@h a\n\x1b[2J\n", 2),
        (Program.FETCHMAIL, b"ada@h \xff\xfe\n", 1),
        (Program.FETCHMAIL, b"ada@h\ta1\n", 1),
        (Program.GETMAIL, b"a\x001\nb\n", 2),
        (Program.GETMAIL, b"a\x00then\n", 1),
        (Program.GETMAIL, b"\x00\x001\n", 1),
        (Program.MPOP, b"a\n", 1),
        (Program.MPOP, b" 1 h u\n\x1b\n", 2),
        (Program.MPOP, b" 99999999999 h u\na\n", 1),
    ],
)
def test_a_line_that_is_no_entry_is_named_and_not_shown(
    program: Program, data: bytes, line: int
) -> None:
    sentence = refusal(program, data)
    assert sentence.startswith(f"Line {line} of {FILE} is no entry of {program.value}")
    assert sentence.isprintable()


def test_an_id_that_no_server_may_have_is_counted_and_left_out() -> None:
    data = b"ada@h a\nada@h " + b"x" * 71 + b"\n"
    ids = ids_of(read_memory(Program.FETCHMAIL, data, FILE), Program.FETCHMAIL, "ada@h")
    assert ids is not None
    assert (ids.known, ids.odd) == ([b"a"], 1)


def test_a_file_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hato.services.moving_in.memories.MEMORY_OF_OTHERS_OCTETS", 100)
    assert "too long" in refusal(Program.FETCHMAIL, b"ada@h a\n" * 13)
    monkeypatch.setattr("hato.services.moving_in.memories.MEMORY_OF_OTHERS_ROWS", 2)
    assert "too long" in refusal(Program.GETMAIL, b"a\x001\n" * 3)


def test_what_a_hostile_file_costs_grows_with_its_length_alone() -> None:
    assert "line" in refusal(Program.FETCHMAIL, b"@ " * 1_000_000 + b"\x00\n").lower()
