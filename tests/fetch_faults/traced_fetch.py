"""`hato fetch` under strace against a provider in this process: when DELE was said, and to what.

Used by the tests that read system calls, and by those of a full disk.
Never reads a trace before strace has written the end of the process into it.
Standards: RFC 1939 §5 (DELE).
Fails with AssertionError when a fetch that must work does not.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.faults.durability import CALLS, SENDS, Disk
from tests.faults.marked_letters import letter_of
from tests.faults.system_calls import Call, Trace, tracer
from tests.fetch_faults.collector import Collector
from tests.fetching.maildrop import LOGIN, PASSWORD, Maildrop

STRING_OCTETS: Final = 4_000_000
_DELE: Final = re.compile(r"DELE ([0-9]+)\\r\\n")
_PATIENCE_SECONDS: Final = 30.0


class Scripted:
    """A mailbox of a provider in this process."""

    name = "script"
    login = LOGIN
    password = PASSWORD

    def __init__(self, drop: Maildrop, port: int) -> None:
        self._drop = drop
        self.port = port

    def put(self, marks: Sequence[str]) -> None:
        """Let letters arrive."""
        self._drop.letters |= {mark: letter_of(mark) for mark in marks}

    def present(self) -> list[bytes]:
        """Return the letters that are there."""
        return list(self._drop.letters.values())


def trace_of_fetch(collector: Collector, file: Path) -> Disk:
    """Fetch under strace; return what its trace tells, whole."""
    status, words = collector.fetch(*tracer(file, CALLS, STRING_OCTETS))
    assert status == 0, words
    until = time.monotonic() + _PATIENCE_SECONDS
    while not re.search(rb"\+\+\+ exited with 0 \+\+\+\n\Z", file.read_bytes()):
        assert time.monotonic() < until, "strace did not write the end of the fetch"
        time.sleep(0.01)
    return Disk(Trace.read(file))


def deletions(disk: Disk, port: int) -> list[tuple[Call, list[int]]]:
    """Return the calls that said DELE to the provider, with the numbers they named."""
    peer = f"->127.0.0.1:{port}]"
    return [
        (call, [int(number) for number in _DELE.findall(call.arguments)])
        for call in disk.writes
        if call.name in SENDS and peer in call.file and "DELE " in call.arguments
    ]
