"""Reading the structure of letters: Hato beside Python's standard library, on the same letters.

Called by `bench/run parse`.
Never writes a file; never decodes a body, on any side.
Standards: none.
Fails with exit code 1 where the folder holds no letters.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from email import policy
from email.parser import BytesParser
from pathlib import Path

from bench.report import short, spread
from hato.message.letter import read_letter

_ENDINGS = frozenset({"", ".eml", ".msg", ".txt"})
_MOST_OCTETS = 4 * 1024 * 1024
_COMPAT32 = BytesParser(policy=policy.compat32)
_DEFAULT = BytesParser(policy=policy.default)


def _read_with_hato(raw: bytes) -> None:
    for part in read_letter(raw).root.walk():
        _ = part.media_type, part.encoding, part.start, part.stop


_SIDES: dict[str, Callable[[bytes], object]] = {
    "Hato": _read_with_hato,
    "compat32": _COMPAT32.parsebytes,
    "default": _DEFAULT.parsebytes,
}
"""The library only parses; the types of the parts, which Hato has then, would cost it more."""


def _letters(folder: Path) -> list[bytes]:
    """Return all letters in a folder and below."""
    paths = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _ENDINGS)
    octets = (path.read_bytes() for path in paths if path.is_file())
    return [raw for raw in octets if 0 < len(raw) <= _MOST_OCTETS]


def _readable_to_all(letters: Sequence[bytes]) -> list[bytes]:
    """Leave out the letters at which a parser of the standard library raises."""
    readable: list[bytes] = []
    for raw in letters:
        try:
            for read in _SIDES.values():
                read(raw)
        except Exception as fault:  # noqa: BLE001 - whatever it raises, it is not compared
            print(f"left out, {type(fault).__name__}: {raw[:60]!r}", file=sys.stderr)
        else:
            readable.append(raw)
    return readable


def _seconds(read: Callable[[bytes], object], letters: Sequence[bytes]) -> float:
    """Return what reading all letters once costs this thread."""
    gc.collect()
    start = time.thread_time()
    for raw in letters:
        read(raw)
    return time.thread_time() - start


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="bench/run parse", description="Hato beside Python's email.parser"
    )
    parser.add_argument("folder", type=Path, help="of letters, one a file")
    parser.add_argument("--rounds", type=int, default=5, help="everybody once, so many times")
    options = parser.parse_args()
    found = _letters(options.folder)
    letters = _readable_to_all(found)
    if not letters:
        print(f"bench/run parse: no letters in {options.folder}", file=sys.stderr)
        return 1
    rounds = [
        {name: _seconds(read, letters) for name, read in _SIDES.items()}
        for _ in range(options.rounds)
    ]
    octets = sum(len(raw) for raw in letters)
    print("| parser | letters/s | MB/s | Hato is faster by | goal |\n|---|---:|---:|---:|---|")
    for name in _SIDES:
        rates = [len(letters) / figures[name] for figures in rounds]
        speeds = [octets / figures[name] / 1e6 for figures in rounds]
        ratios = [figures[name] / figures["Hato"] for figures in rounds]
        faster, goal = ("-", "-") if name == "Hato" else (str(spread(ratios)), "10")
        print(f"| {name} | {spread(rates)} | {spread(speeds)} | {faster} | {goal} |")
    print(
        f"\n- {len(letters)} letters, {short(octets / 1e6)} MB, "
        f"{len(found) - len(letters)} left out; {options.rounds} rounds, processor time; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
