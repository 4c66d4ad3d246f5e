"""When a letter arrived, by its topmost Received field."""

from __future__ import annotations

import pytest

from hato.message.received_date import arrival_of

NOW = 1_800_000_000
RIGHT = 1_672_596_245


def received(date: str) -> bytes:
    return f"Received: from a (b [192.0.2.1])\r\n\tby c with ESMTP id 1;\r\n\t{date}\r\n".encode()


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 2 Jan 2023 03:04:05 +0900",
        "Mon, 2 Jan 2023 03:04:05 +0900 (JST)",
        "2 Jan 2023 03:04:05 +0900",
        "Sun, 01 JAN 2023 18:04:05 GMT",
        "Sun,  1 Jan 2023 10:04:05 -0800",
        "Sun, 1 Jan 2023 18:04:05 UT",
    ],
)
def test_the_date_of_the_topmost_field_counts(date: str) -> None:
    below = received("Mon, 2 Jan 2012 03:04:05 +0900")
    assert arrival_of(received(date) + below + b"Subject: a;b\r\n\r\n", NOW) == RIGHT


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "Mon, 2 Jan 2123 03:04:05 +0900",
        "Mon, 2 Jan 1970 03:04:05 +0900",
        "Mon, 2 Foo 2023 03:04:05 +0900",
        "Mon, 42 Jan 2023 03:04:05 +0900",
        "Mon, 2 Jan 2023 33:04:05 +0900",
        "Mon, 2 Jan 2023 03:04:05 +9999",
        "Mon, 2 Jan 2023 03:04:05",
    ],
)
def test_what_cannot_be_read_or_cannot_be_true_is_none(date: str) -> None:
    assert arrival_of(received(date) + b"\r\n", NOW) is None


def test_without_the_field_there_is_no_date() -> None:
    assert arrival_of(b"Subject: a; Mon, 2 Jan 2023 03:04:05 +0900\r\n\r\n", NOW) is None
    assert arrival_of(b"Received: by a\r\nX: ; Mon, 2 Jan 2023 03:04:05 +0900\r\n\r\n", NOW) is None
    assert arrival_of(b"", NOW) is None


def test_a_field_far_down_or_far_too_long_is_no_trouble() -> None:
    far = b"X: " + b"y" * 5_000 + b"\r\n" + received("Mon, 2 Jan 2023 03:04:05 +0900") + b"\r\n"
    assert arrival_of(far, NOW) == RIGHT
    long = b"Received: " + b"(" * 100_000 + b"; Mon, 2 Jan 2023 03:04:05 +0900\r\n\r\n"
    assert arrival_of(long, NOW) is None
