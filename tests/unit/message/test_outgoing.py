"""What leaves of a letter, and what may not."""

from __future__ import annotations

import pytest

from hato.message.outgoing import LineGauge, end_of_header, without_blind_copies


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"To: a\r\nBcc: b,\r\n c\r\n\td\r\nSubject: x\r\n\r\n", b"To: a\r\nSubject: x\r\n\r\n"),
        (b"BCC : b\r\nTo: a\r\n\r\n", b"To: a\r\n\r\n"),
        (b"Resent-Bcc: b\r\n\r\n", b"\r\n"),
        (b"Bcc:\r\nbcc: \r\n\r\n", b"\r\n"),
        (b"Subject: x\r\n Bcc: b\r\n\r\n", b"Subject: x\r\n Bcc: b\r\n\r\n"),
        (b"X-Bcc: b\r\n\r\n", b"X-Bcc: b\r\n\r\n"),
        (b"To: a\r\nBcc: b", b"To: a\r\n"),
    ],
)
def test_blind_copies_are_left_out(before: bytes, after: bytes) -> None:
    assert without_blind_copies(before) == after


def test_where_the_body_begins() -> None:
    assert end_of_header(b"To: a\r\n\r\nx") == 9
    assert end_of_header(b"\r\nx") == 2
    assert end_of_header(b"To: a\r\n") is None


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("longest", [0, 997, 998, 999, 5000])
def test_the_longest_line_is_found_however_it_is_cut(size: int, longest: int) -> None:
    octets = b"ab\r\n" + b"x" * longest + b"\r\n\r\nab\r\n"
    gauge = LineGauge()
    for start in range(0, len(octets), size):
        gauge.feed(octets[start : start + size])
    assert gauge.longest_octets == max(longest, 2)
    assert gauge.is_too_long is (longest > 998)
