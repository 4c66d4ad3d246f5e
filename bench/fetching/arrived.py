"""Whether everything that lay at the provider has come, once, octet for octet.

Called by the scenarios after each run of a collector.
Never looks at what a collector puts in front of a letter (Received, Delivered-To, Status …) nor at
the kind of line ends in its files.
Standards: none.
Fails with BenchError: what is missing, too many or wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from bench.fetching.providers import DIFFERENT_LETTERS, Maildrop
from bench.letters import letter
from bench.server import BenchError

_BEGINS = b"Message-ID: <000"
"""How every letter begins; what stands before it was added."""


def in_maildir(maildir: Path) -> Iterator[bytes]:
    """Yield the letters of a Maildir."""
    for place in ("new", "cur"):
        for path in (maildir / place).iterdir():
            yield path.read_bytes()


@cache
def _fingerprints(different: int, octets: int) -> dict[bytes, int]:
    return {_fingerprint(letter(number, octets)): number for number in range(different)}


def _fingerprint(data: bytes) -> bytes:
    start = max(data.find(_BEGINS), 0)
    return sha256(data[start:].replace(b"\r\n", b"\n").rstrip(b"\n")).digest()


def check(maildrop: Maildrop, letters: Iterable[bytes]) -> None:
    """Compare what came with what lies at the provider. Raises BenchError."""
    different = min(maildrop.letters, DIFFERENT_LETTERS)
    known = _fingerprints(different, maildrop.letter_octets)
    found: Counter[int | None] = Counter(known.get(_fingerprint(data)) for data in letters)
    expected: Counter[int | None] = Counter(
        number % different for number in range(maildrop.letters)
    )
    if found == expected:
        return
    missing, more = expected - found, found - expected
    raise BenchError(
        f"of {maildrop.letters} letters {sum(missing.values())} are missing or not as they were, "
        f"{sum(more.values())} came too often or changed"
    )
