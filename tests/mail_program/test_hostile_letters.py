"""Letters that were made to stop a reader: each is read, soon, and its raw text is reachable."""

from __future__ import annotations

import base64
import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest

from hato.message.letter import read_letter
from hato.message.structure import decoded
from tests.mail_program.hostile_letters import ALL, BODIES, HEAD, STRUCTURE, Case, body, mixed
from tests.mail_program.opened import leaves, opened, walk

SMALL = 6_000
TIMES = 8
LINEAR_RATIO = 20.0
"""Eight times the letter: eight times the work, sixty-four times where it is quadratic."""
NOTHING_SECONDS = 0.05
"""What takes less is no danger, and too short to be compared."""
EVERY = pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())


@EVERY
@pytest.mark.parametrize("n", [0, 1, 2, 3, 127, 128, 129, 2_000])
def test_it_is_read_without_complaint(case: Case, n: int) -> None:
    opened(case(n))


@EVERY
def test_its_time_grows_like_its_length(case: Case) -> None:
    small, large = case(SMALL), case(SMALL * TIMES)
    spent = seconds(lambda: opened(large))
    if spent > NOTHING_SECONDS:
        before = max(min(seconds(lambda: opened(small)) for _ in range(3)), NOTHING_SECONDS / TIMES)
        spent = min(spent, seconds(lambda: opened(large)), seconds(lambda: opened(large)))
        assert spent / before < LINEAR_RATIO, f"{before:.4f} s, then {spent:.4f} s"


def seconds(work: Callable[[], object]) -> float:
    """Return what this thread alone spent, so that a busy machine changes little."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


@pytest.mark.parametrize("case", STRUCTURE.values(), ids=STRUCTURE.keys())
def test_what_was_not_read_whole_is_shown_raw(case: Case) -> None:
    letter = read_letter(case(20_000))
    if not letter.is_whole:
        assert letter.text or letter.attachments or letter.root.start == letter.root.stop


@pytest.mark.parametrize("name", ["nested multiparts", "letters in letters"])
def test_depth_is_capped(name: str) -> None:
    letter = opened(STRUCTURE[name](5_000))
    assert max(depth for depth, _ in walk(letter.root)) <= 100
    assert not letter.is_whole


def test_the_text_below_the_deepest_part_can_be_read() -> None:
    letter = opened(STRUCTURE["nested multiparts"](3_000))
    assert "the innermost text" in letter.text


@pytest.mark.parametrize("name", ["many parts", "many empty parts", "many attachments"])
def test_parts_are_capped(name: str) -> None:
    letter = opened(STRUCTURE[name](50_000))
    assert sum(1 for _ in walk(letter.root)) <= 10_010
    assert not letter.is_whole


def test_a_letter_of_one_hundred_parts_is_no_danger() -> None:
    letter = opened(STRUCTURE["many parts"](100))
    assert letter.is_whole
    assert len(letter.root.parts) == 100


def test_twenty_nested_multiparts_are_no_danger() -> None:
    letter = opened(STRUCTURE["nested multiparts that end"](20))
    assert letter.is_whole
    assert letter.text.strip() == "the innermost text"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode", "8bit"])
def test_a_large_attachment_is_decoded_in_small_pieces(encoding: str) -> None:
    lines = {
        "base64": b"YWFh" * 19 + b"\r\n",
        "quoted-printable": b"=61" * 25 + b"=\r\n",
        "x-uuencode": b"M" + b"86%A" * 15 + b"\r\n",
        "8bit": b"a" * 76 + b"\r\n",
    }[encoding]
    begin = b"begin 644 a\r\n" if encoding == "x-uuencode" else b""
    raw = body("application/octet-stream", begin + lines * 100_000, encoding)
    letter = read_letter(raw)
    (part,) = leaves(letter.root)
    tracemalloc.start()
    try:
        size = sum(len(octets) for octets in decoded(raw, part))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 2_000_000
    assert peak < 2_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\r\n\r\n",
        b":",
        b" ",
        b" x",
        b"x",
        b"From",
        b"Subject:",
        b"Subject:\r\n",
        b"Subject: x",
        b"\xff\xfe",
        b"\xef\xbb\xbfSubject: x\r\n\r\n",
        b"From ada@example.org Mon Jan 1 00:00:00 2026\r\nSubject: x\r\n\r\nx",
        b"--",
        b"--\r\n--",
        HEAD,
        mixed(b""),
        mixed(b"--b"),
        mixed(b"--b--"),
        mixed(b"--b\r\n--b--"),
        mixed(b"\r\n--b\r\n\r\n--b--\r\n"),
    ],
)
def test_hardly_a_letter_is_read_too(raw: bytes) -> None:
    opened(raw)


def test_archives_stay_packed() -> None:
    """A bomb is what it is: octets of the length that it says."""
    zeros = base64.b64encode(gzip.compress(bytes(10_000_000)))
    raw = body("application/gzip; name=bomb.gz", zeros, "base64")
    letter = opened(raw)
    (part,) = leaves(letter.root)
    assert len(b"".join(decoded(raw, part))) < len(zeros)


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES.keys())
def test_a_cut_letter_is_read_at_every_cut(case: Case) -> None:
    raw = case(20)
    for stop in range(len(raw)):
        opened(raw[:stop])
