"""Records: what is read back, and what is never taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.core.ids import AccountId
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.embedded.record import (
    CHUNKED,
    HEAD_OCTETS,
    LAST,
    Head,
    Kind,
    account_seed,
    checksum_of,
    find_small_content,
    pack_head,
    pack_trailer,
    parse_head,
    parse_trailer,
    place_seed,
)

HEAD = Head(
    kind=Kind.COMMIT,
    flags=LAST,
    facts_octets=3,
    prefix_octets=0,
    content_octets=5,
    dot_count=1,
    part=0,
    body_id=7,
    modseq=11,
    at=1_800_000_000,
    durable_end=99,
    facts_checksum=checksum_of(b"abc"),
    content_checksum=checksum_of(b".dots\x00\x00\x00\x00"),
)
RECORD = pack_head(HEAD, 5) + b"abc" + b".dots" + pack_trailer((), (0,))


def test_a_head_comes_back() -> None:
    assert parse_head(pack_head(HEAD, 5), 5) == HEAD
    assert len(pack_head(HEAD, 5)) == HEAD_OCTETS


def test_a_head_tells_how_long_the_record_is() -> None:
    assert HEAD.octets == len(RECORD)
    assert HEAD._replace(content_octets=BODY_CHUNK_OCTETS + 1, flags=CHUNKED).chunk_count == 2


def test_a_head_of_another_place_or_account_is_none() -> None:
    seed = account_seed(AccountId("a" * 16))
    packed = pack_head(HEAD, place_seed(seed, 3, 100))
    assert parse_head(packed, place_seed(seed, 3, 100)) == HEAD
    for other in (
        place_seed(seed, 3, 101),
        place_seed(seed, 4, 100),
        place_seed(account_seed(AccountId("b" * 16)), 3, 100),
    ):
        assert parse_head(packed, other) is None


@given(st.integers(0, HEAD_OCTETS * 8 - 1))
def test_a_flipped_bit_makes_it_none(bit: int) -> None:
    packed = bytearray(pack_head(HEAD, 5))
    packed[bit // 8] ^= 1 << bit % 8
    assert parse_head(packed, 5) is None


def test_a_short_one_is_none() -> None:
    packed = pack_head(HEAD, 5)
    assert all(parse_head(packed[:length], 5) is None for length in range(HEAD_OCTETS))


def test_small_content_is_found() -> None:
    found = find_small_content(memoryview(RECORD), 5, 7)
    assert found == (HEAD_OCTETS + 3, HEAD_OCTETS + 8, LAST, 1)


@pytest.mark.parametrize(("record", "body_id"), [(RECORD, 8), (RECORD + b"x", 7), (b"", 7)])
def test_another_message_or_length_is_not(record: bytes, body_id: int) -> None:
    assert find_small_content(memoryview(record), 5, body_id) is None


@given(st.integers(0, len(RECORD) * 8 - 1))
def test_a_flipped_bit_of_head_message_or_trailer_is_noticed(bit: int) -> None:
    damaged = bytearray(RECORD)
    damaged[bit // 8] ^= 1 << bit % 8
    is_in_facts = HEAD_OCTETS <= bit // 8 < HEAD_OCTETS + 3
    assert (find_small_content(memoryview(damaged), 5, 7) is None) != is_in_facts


def test_a_trailer_comes_back() -> None:
    head = HEAD._replace(content_octets=2 * BODY_CHUNK_OCTETS, flags=CHUNKED, dot_count=3)
    checksums, dots = parse_trailer(head, pack_trailer((1, 2**64 - 1), (0, 9, 2**32 - 1)))
    assert (list(checksums), list(dots)) == ([1, 2**64 - 1], [0, 9, 2**32 - 1])
