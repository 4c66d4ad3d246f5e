"""Letters that can be told apart and made again from their mark alone, to compare every octet.

Used by all fault tests.
Never keeps a letter: its mark says how to make it.
Standards: RFC 5322 §3.6.4 (Message-ID), RFC 5321 §4.4 (what a server puts in front).
Fails with DamageError when octets are not what was sent.
"""

from __future__ import annotations

import base64
import itertools
import random
import re

_MARK = re.compile(rb"\r\nMessage-ID: <(m[0-9]+-[0-9]+-[0-9]+)@faults\.example\.net>\r\n")
_TRACE = re.compile(rb"(?:(?:Return-Path|Delivered-To|Received): [^\r\n]+\r\n(?:\t[^\r\n]+\r\n)*)+")
_LINE_OCTETS = 76

SMALL = (200, 4_000)
CHUNKED = (100_000, 300_000)
"""Around the size from which a message has several checksums."""
SPOOLED = (300_000, 700_000)
"""Larger than what waits in memory while it arrives."""
BULK = (1_100_000, 1_600_000)
"""So large that a thread of its own writes them."""


class DamageError(AssertionError):
    """A letter is not what was sent."""


class Marks:
    """Marks that no other letter of a run has."""

    def __init__(self, seed: int) -> None:
        """Begin a run."""
        self._seed = seed
        self._numbers = itertools.count(1)

    def next(self, octets: int) -> str:
        """Return the mark of a new letter of about so many octets."""
        return f"m{self._seed}-{next(self._numbers)}-{octets}"


def letter_of(mark: str) -> bytes:
    """Make the letter of a mark, in wire form; always the same octets."""
    octets = int(mark.rpartition("-")[2])
    head = (
        f"From: Mika <mika@example.net>\r\nTo: list@example.org\r\nSubject: {mark}\r\n"
        f"Message-ID: <{mark}@faults.example.net>\r\n\r\n"
    ).encode()
    noise = base64.b64encode(random.Random(mark).randbytes(max(octets - len(head), 60) * 3 // 4))
    # Every fourth line begins with a dot, which POP3 and LMTP double on the wire.
    lines = [
        (b"." if at % (4 * _LINE_OCTETS) == 0 else b"") + noise[at : at + _LINE_OCTETS]
        for at in range(0, len(noise), _LINE_OCTETS)
    ]
    return head + b"\r\n".join(lines) + b"\r\n"


def sender_of(mark: str) -> str:
    """Return the envelope sender with which a letter is sent, also the second time."""
    return f"{mark}@example.net"


def mark_in(stored: bytes) -> str:
    """Read the mark of a letter as a server gives it; compare the rest octet by octet."""
    found = _MARK.search(stored)
    if found is None:
        raise DamageError(f"a letter without a mark: {stored[:600]!r}")
    mark = found.group(1).decode()
    letter = letter_of(mark)
    if not stored.endswith(letter):
        raise DamageError(f"{mark} came back with other octets ({len(stored)} octets)")
    front = stored[: -len(letter)]
    if not _TRACE.fullmatch(front):
        raise DamageError(f"in front of {mark} stands {front!r}")
    return mark


def some_size(chance: random.Random) -> int:
    """Choose a size: mostly small, now and then one that takes another way through the server."""
    low, high = chance.choices((SMALL, CHUNKED, SPOOLED, BULK), (70, 15, 10, 5))[0]
    return chance.randint(low, high)
