"""What the benchmark needs of a server, whichever it is, and what it asks the kernel about it.

Called by the scenarios; `hato_server` and `peer_dovecot` are the two servers.
Never touches a process that it has not started.
Standards: none.
Fails with BenchError: one sentence about what is wrong.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.letters import Group

_TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The run cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Ports:
    """Where a server listens on 127.0.0.1."""

    pop3: int
    pop3s: int
    lmtp: int


class Server(Protocol):
    """A server under test, started and stopped by the run."""

    name: str
    ports: Ports

    def prepare(self, groups: list[Group]) -> None:
        """Make the people of `groups`; nothing runs yet."""
        ...

    def start(self) -> None:
        """Start, and return once every port answers."""
        ...

    def stop(self) -> None:
        """Stop, and return once every process is gone."""
        ...

    def main_pid(self) -> int:
        """Return the process whose descendants are the server."""
        ...

    def passwords(self, group: Group, kind: str) -> dict[str, str]:
        """Return a password per person: `main`, or `fast` for one without a slow hash."""
        ...

    def describe(self) -> str:
        """Say version and settings, in one paragraph."""
        ...


def free_ports() -> Ports:
    """Return three ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        numbers = []
        for _ in range(3):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            numbers.append(one.getsockname()[1])
    return Ports(*numbers)


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when `is_ready`; BenchError when the server dies first or takes 60 s."""
    until = time.monotonic() + 60
    while not is_ready():
        if process.poll() is not None or time.monotonic() > until:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else "(no log)"
            raise BenchError(f"a server did not start; its log ends:\n{tail}")
        time.sleep(0.02)


def accepts(port: int) -> bool:
    """Tell whether somebody listens on `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ask `process` to stop and wait; after 20 s make it."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


def processes_of(pid: int) -> list[int]:
    """Return `pid` and all its descendants that live now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def pss_kib(pid: int) -> int:
    """Return the proportional set size of `pid` and its descendants, in KiB."""
    total = 0
    for one in processes_of(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def cpu_seconds(pid: int) -> float:
    """Return the processor time of `pid`, its descendants and their dead children, in seconds."""
    ticks = 0
    for one in processes_of(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS


def busy_seconds() -> float:
    """Return the processor time of everything on this machine since it started, in seconds."""
    user, nice, system, _, _, irq, soft = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + irq + soft) / _TICKS
