"""What a power cut leaves: only what the system was told to put on the disk, and had put there.

The calls of both workers are read off (strace): a file is as long as the writes that had begun
before the last sync of it that succeeded. What stands behind that may be lost, or be zeros.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) (?P<text>.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_CALL = re.compile(r"(?P<name>\w+)\(\d+<(?P<path>/[^>]*\.log)>(?P<more>.*)")
_UNFINISHED = "<unfinished ...>"
_OFFSET_IS = {"pwritev": -1, "pwritev2": -2, "pwrite64": -1}
"""Which argument of a write says where."""
_SYNCS = ("fsync", "fdatasync")

POWER_CALLS = ",".join((*_OFFSET_IS, *_SYNCS))
"""What must be traced, with `-y -ttt -s 0`."""


class _Call(NamedTuple):
    at: float
    """When it began."""
    name: str
    path: str
    arguments: list[str]
    result: str
    """`?` where nobody lived to see it."""


def durable_lengths(traces: Iterable[str], before: dict[str, int]) -> dict[str, int]:
    """Return how much of each journal is on the disk; `before` says it for the beginning.

    Where that is doubtful, more rather than less: a write that nobody saw end counts in full.
    """
    ends: dict[str, list[tuple[float, float]]] = defaultdict(list)
    synced: dict[str, float] = {}
    for call in (call for trace in traces for call in _calls_of(trace)):
        if call.name in _SYNCS and call.result == "0":
            synced[call.path] = max(call.at, synced.get(call.path, 0.0))
        elif call.name in _OFFSET_IS and not call.result.startswith("-"):
            offset = int(call.arguments[_OFFSET_IS[call.name]])
            end = float("inf") if call.result == "?" else offset + int(call.result)
            ends[call.path].append((call.at, end))
    lengths = dict.fromkeys(ends, 0) | before
    for path, last in synced.items():
        written = [end for at, end in ends[path] if at <= last]
        lengths[path] = int(min(max([lengths.get(path, 0), *written]), 2**62))
    return lengths


def _calls_of(trace: str) -> Iterator[_Call]:
    """Yield each write and sync of a journal, also those that a kill interrupted."""
    begun: dict[str, tuple[float, str]] = {}
    for line in trace.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        at, text = float(match["at"]), match["text"]
        resumed = _RESUMED.match(text)
        if resumed is not None:
            at, beginning = begun.pop(match["pid"], (at, ""))
            text = beginning + text[resumed.end() :]
        if text.endswith(_UNFINISHED):
            begun[match["pid"]] = (at, text.removesuffix(_UNFINISHED))
        else:
            yield from _call_of(at, text)
    for at, text in begun.values():
        yield from _call_of(at, f"{text}) = ?")


def _call_of(at: float, text: str) -> Iterator[_Call]:
    match = _CALL.match(text)
    if match is not None:
        arguments, _, result = match["more"].rpartition(" = ")
        split = arguments.strip().removesuffix(")").strip().split(", ")
        yield _Call(at, match["name"], match["path"], split, (result.split() or ["?"])[0])


def cut_the_power(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Lose some of what was not on the disk (`known`: how much of each journal was)."""
    for path in folder.glob("accounts/*/*.log"):
        facts = path.stat()
        least = known.get(str(path), facts.st_size)
        if least >= facts.st_size:
            continue
        left = chance.choice((least, chance.randrange(least, facts.st_size)))
        path.chmod(0o600)  # some were left, and are read-only
        with path.open("r+b") as file:
            file.truncate(left)
            if chance.random() < 0.3:
                file.truncate(facts.st_size)
        path.chmod(facts.st_mode & 0o777)
