"""What a client has on its disk, compared with what the server holds: equal octet for octet.

Used by the interop tests.
Never forgives: a client's own changes are made to what is expected, never to what was found.
Standards: none.
Fails with AssertionError that shows the first difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_AROUND = 60


def files_in(folder: Path) -> list[bytes]:
    """What is in the files of a folder, in no particular order."""
    return [path.read_bytes() for path in folder.iterdir() if path.is_file()]


def maildir(folder: Path) -> list[bytes]:
    """What is in a Maildir, in no particular order."""
    return files_in(folder / "new") + files_in(folder / "cur")


def make_maildir(folder: Path) -> Path:
    """Make an empty Maildir."""
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return folder


def assert_equal(kept: Sequence[bytes], expected: Sequence[bytes]) -> None:
    """Claim that both hold the same letters, each equally often; their order is the client's."""
    missing = list((Counter(expected) - Counter(kept)).elements())
    strange = list((Counter(kept) - Counter(expected)).elements())
    if missing or strange:
        raise AssertionError(_told(missing, strange, len(expected)))


def _told(missing: list[bytes], strange: list[bytes], total: int) -> str:
    """Show the first letter that is missing beside the most similar one nobody expected."""
    count = f"of {total} letters {len(missing)} are missing, and {len(strange)} were not expected"
    if not missing or not strange:
        one = (missing or strange)[0]
        return f"{count}; one of them: {one[:600]!r}"
    wanted = missing[0]
    nearest = max(strange, key=lambda letter: _octets_in_common(letter, wanted))
    at = _octets_in_common(nearest, wanted)
    around = slice(max(0, at - _AROUND), at + _AROUND)
    return (
        f"{count}; the first differs at octet {at} of {len(wanted)} (found: {len(nearest)})\n"
        f"expected …{wanted[around]!r}…\n   found …{nearest[around]!r}…"
    )


def _octets_in_common(one: bytes, other: bytes) -> int:
    """How many octets at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
