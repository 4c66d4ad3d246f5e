"""Run a program to its end and say what it took: time, processor time, most memory.

Called by the collectors and the scenarios.
Never measures its own memory: a child's figure begins where its own program begins.
Standards: none.
Fails with BenchError when the program fails; its last words are in the text.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.server import BenchError, processes_of

_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Ran:
    """What one run of a program took."""

    seconds: float
    cpu_seconds: float
    """Of the process and of all children that it waited for."""
    peak_kib: int
    """The greatest resident set of the one process of the run that had the most."""
    output: str
    exit_code: int = 0


def run(
    command: list[str],
    *,
    environment: dict[str, str] | None = None,
    user: str | None = None,
    good_codes: tuple[int, ...] = (0,),
    most_seconds: float = 3600.0,
) -> Ran:
    """Run `command` and wait for it; its peak memory is looked at fifty times a second."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        peaks = _Peaks(process.pid)
        killer = threading.Timer(most_seconds, process.kill)
        killer.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        finally:
            killer.cancel()
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    peak_kib = peaks.stop()
    if process.returncode not in good_codes:
        raise BenchError(f"`{command[0]}` ended with {process.returncode}: {said[-1500:]}")
    cpu_seconds = used.ru_utime + used.ru_stime
    return Ran(seconds, cpu_seconds, peak_kib, said, process.returncode)


class _Peaks:
    """Looks at the processes of one run until told to stop."""

    def __init__(self, pid: int) -> None:
        """Begin to look."""
        self._pid = pid
        self._peak_kib = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        looks = 0
        family = [self._pid]
        while not self._over.wait(_LOOK_SECONDS):
            if looks % 25 == 1:  # finding the children means reading all of /proc
                family = processes_of(self._pid)
            looks += 1
            self._peak_kib = max(self._peak_kib, *(peak_kib_of(pid) for pid in family))

    def stop(self) -> int:
        """Return the peak, in KiB."""
        self._over.set()
        self._thread.join()
        return self._peak_kib


def peak_kib_of(pid: int) -> int:
    """Return the most that a process has had resident, in KiB; 0 where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
