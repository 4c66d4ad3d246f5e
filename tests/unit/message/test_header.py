"""The header scan finds fields without decoding, in linear time, whatever the octets are."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.core.limits import REFERENCES_PER_MESSAGE
from hato.message.header import find_values, scan_for_delivery


def values(header: bytes, name: bytes) -> list[bytes]:
    return [header[start:stop] for start, stop in find_values(header, name)]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Subject: x\r\n\r\n", [b" x"]),
        (b"A: b\r\nSUBJECT:x\r\n\r\n", [b"x"]),
        (b"Subject: x\r\n y\r\n\tz\r\nA: b\r\n\r\n", [b" x\r\n y\r\n\tz"]),
        (b"Subject:\r\n x\r\n\r\n", [b"\r\n x"]),
        (b"Subject \t: x\r\n\r\n", [b" x"]),
        (b"subject: 1\r\nX-Subject: 2\r\nSubject: 3\r\n\r\n", [b" 1", b" 3"]),
        (b"Subjects: x\r\nSubject x\r\n\r\n", []),
        (b"A: b\r\n Subject: x\r\n\r\n", []),
        (b"Subject:", [b""]),
        (b"Subject:\r\n", [b""]),
        (b"Subject: x", [b" x"]),
        (b"Subject: x\n y\nA: b\n\n", [b" x\n y"]),
        (b"", []),
        (b"\r\n", []),
    ],
)
def test_values_are_found_by_name(header: bytes, found: list[bytes]) -> None:
    assert values(header, b"Subject") == found


def test_references_are_hashed_message_id_first() -> None:
    own = scan_for_delivery(b"Message-ID: <a@x>\r\n\r\n")
    parent = scan_for_delivery(b"message-id:<b@x>\r\nIn-Reply-To: <a@x> (old)\r\n\r\n")
    both = scan_for_delivery(
        b"References: <b@x>\r\n\t<a@x>\r\n\t<c@x>\r\nIn-Reply-To: <c@x>\r\n"
        b"Message-Id: <d@x>\r\n\r\n"
    )
    assert own.has_message_id
    assert len(own.reference_hashes) == 1
    assert parent.reference_hashes[1] == own.reference_hashes[0]
    assert len(both.reference_hashes) == 4
    assert set(parent.reference_hashes) < set(both.reference_hashes)
    assert both.reference_hashes[0] not in parent.reference_hashes
    assert all(0 <= each < 1 << 63 for each in both.reference_hashes)


def test_a_message_id_without_brackets_counts() -> None:
    facts = scan_for_delivery(b"Message-ID: a@x \r\n\r\n")
    assert facts.has_message_id
    assert not scan_for_delivery(b"Message-ID: \r\n\r\n").has_message_id
    assert scan_for_delivery(b"Subject: x\r\n\r\n").reference_hashes == ()


def test_of_very_many_references_the_first_and_the_latest_are_taken() -> None:
    identifiers = [b"<%d@x>" % number for number in range(10_000)]
    facts = scan_for_delivery(b"References: " + b"\r\n\t".join(identifiers) + b"\r\n\r\n")
    first = scan_for_delivery(b"References: <0@x>\r\n\r\n").reference_hashes[0]
    last = scan_for_delivery(b"References: <9999@x>\r\n\r\n").reference_hashes[0]
    assert len(facts.reference_hashes) == REFERENCES_PER_MESSAGE
    assert (facts.reference_hashes[0], facts.reference_hashes[-1]) == (first, last)


def test_eight_bits_and_hops_are_noticed() -> None:
    facts = scan_for_delivery(
        b"Received: a\r\nreceived: b\r\nX: Received: c\r\n Received: d\r\n\r\n"
    )
    assert (facts.received_count, facts.has_8bit) == (2, False)
    assert scan_for_delivery("Subject: 鳩\r\n\r\n".encode()).has_8bit


@given(st.binary(max_size=300))
def test_no_octets_make_the_scan_raise(header: bytes) -> None:
    assert scan_for_delivery(header).has_8bit is not header.isascii()


PARTS = st.sampled_from(
    [
        b"message-id",
        b"references",
        b"received",
        b":",
        b" ",
        b"\t",
        b"\r\n",
        b"\n",
        b"\r",
        b"<",
        b">",
    ]
)


@given(st.lists(PARTS | st.binary(max_size=4), max_size=60))
def test_no_broken_header_makes_the_scan_raise(parts: list[bytes]) -> None:
    header = b"".join(parts)
    scan_for_delivery(header)
    for start, stop in find_values(header, b"references"):
        assert 0 < start <= stop <= len(header)


def operations(work: Callable[[], object]) -> int:
    """Count the lines of Python that run: a measure of work that no clock disturbs."""
    count = 0

    def tick(*_: object) -> object:
        nonlocal count
        count += 1
        return tick

    before = sys.gettrace()
    sys.settrace(tick)  # type: ignore[arg-type]  # it takes any callable that takes anything
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "bomb",
    [
        b"References: <a@b>\r\n",
        b"References" + b" " * 50,
        b"References:\r\n ",
        b"References:\n",
        b"\nmessage-id ",
        b"Message-ID: <",
        b"<" * 50,
        b"In-Reply-To:" + b" <x" * 20,
    ],
    ids=repr,
)
def test_the_work_grows_no_faster_than_the_header(bomb: bytes) -> None:
    small, large = bomb * 500, bomb * 4000
    once = operations(lambda: scan_for_delivery(small))
    eight_times = operations(lambda: scan_for_delivery(large))
    assert eight_times <= 9 * once + 200


@pytest.mark.parametrize(
    ("header", "is_internationalised"),
    [
        ("From: 花子 <花子@例え.jp>\r\n\r\n", True),
        ("From: Hanako <hanako@例え.jp>\r\n\r\n", True),
        ("From: 花子 <hanako@example.jp>\r\n\r\n", False),
        ("Subject: 花子 <見積書>\r\n\r\n", False),
        ("From: Hanako <hanako@example.jp>\r\n\r\n", False),
    ],
)
def test_only_an_address_beyond_ascii_makes_a_message_internationalised(
    header: str, *, is_internationalised: bool
) -> None:
    assert scan_for_delivery(header.encode()).has_utf8_address is is_internationalised
