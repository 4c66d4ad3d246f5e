"""mbox files: where messages begin and end, what their separators say, quoted From lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.message.mbox import find_messages, unquote

CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"
DATE = b"Sat Jan  3 01:05:34 1996"


def messages(data: bytes) -> list[bytes]:
    return [data[found.start : found.stop] for found in find_messages(data)]


def test_two_messages_with_an_empty_line_between() -> None:
    data = b"From a@b " + DATE + b"\nA: 1\n\none\n\nFrom c@d " + DATE + b"\nB: 2\n\ntwo\n\n"
    assert messages(data) == [b"A: 1\n\none\n", b"B: 2\n\ntwo\n"]


def test_crlf_is_as_good() -> None:
    data = (b"From a " + DATE + b"\nA: 1\n\none\n\nFrom c " + DATE + b"\nB: 2\n\ntwo\n").replace(
        b"\n", b"\r\n"
    )
    assert messages(data) == [b"A: 1\r\n\r\none\r\n", b"B: 2\r\n\r\ntwo\r\n"]


def test_a_line_that_begins_with_from_is_no_separator_where_no_header_follows() -> None:
    data = b"From a " + DATE + b"\nA: 1\n\nFrom here on,\nall is well.\n\nFrom there too\nyes\n"
    assert len(messages(data)) == 1


def test_the_date_of_a_separator_is_the_date_of_arrival() -> None:
    (found,) = find_messages(b"From a@b " + DATE + b"\nA: 1\n\n")
    assert found.received == 820631134
    (found,) = find_messages(b"From a@b Thu Feb 29 23:59:60 2024 +0900\nA: 1\n\n")
    assert found.received == 1709251200
    (found,) = find_messages(b"From a@b\nA: 1\n\n")
    assert found.received is None


@pytest.mark.parametrize("data", [b"", b"\n", b"A: 1\n\nno separator\n", b"From ", b"From a b c"])
def test_what_is_no_mbox_has_no_messages(data: bytes) -> None:
    assert messages(data) == []


def test_quoted_from_lines_lose_one_mark() -> None:
    assert unquote(b">From a\n>>From b\n> From c\nx >From d\n") == (
        b"From a\n>From b\n> From c\nx >From d\n"
    )


@pytest.mark.parametrize(
    ("name", "count"), [("content-length", 29), ("simple", 3), ("unmunged", 3), ("issue1189", 4)]
)
def test_the_mbox_files_of_the_corpora(name: str, count: int) -> None:
    file = CORPORA / "mimekit/UnitTests/TestData/mbox" / f"{name}.mbox.txt"
    if not file.exists():
        pytest.skip("needs ../shared/corpora")
    assert len(messages(file.read_bytes())) == count
