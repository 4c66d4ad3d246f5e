"""On which machine the run was made.

Called by the run.
Never says a host name or a user: only what moves the figures.
Standards: none.
Fails never: what cannot be found out is left out.
"""

from __future__ import annotations

import contextlib
import os
import platform
import ssl
import sys
import time
from pathlib import Path


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def filesystem_of(folder: Path) -> str:
    """Return the kind of file system under `folder`, such as `ext4`."""
    best, kind = "", "unknown"
    with contextlib.suppress(OSError):
        for line in Path("/proc/mounts").read_text().splitlines():
            _, place, this, *_ = line.split()
            inside = f"{folder.resolve()}/".startswith(place.rstrip("/") + "/")
            if inside and len(place) >= len(best):
                best, kind = place, this
    return kind


def parsing_loop_seconds() -> float:
    """Return how long this interpreter takes for a fixed loop that parses lines.

    Builds of the same version differ by a factor of 1.4; this tells them apart.
    """
    began = time.perf_counter()
    total = 0
    for number in range(100_000):
        verb, _, argument = b"RETR %d" % number, b" ", b"%d" % number
        if verb.partition(b" ")[0].upper() == b"RETR":
            total += int(argument)
    return time.perf_counter() - began if total else 0.0


def describe(folder: Path) -> list[str]:
    """Return one line per fact."""
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    built = platform.python_compiler()
    loop = f"parsing loop {parsing_loop_seconds() * 1000:.0f} ms"
    return [
        f"{os.cpu_count()} cores, {_processor()}, {_memory_gib():.0f} GiB",
        f"{release}, kernel {platform.release()}, data on {filesystem_of(folder)}",
        f"Python {platform.python_version()} ({built}; {loop}), from {_origin()}",
        f"{ssl.OPENSSL_VERSION}; TLS 1.3, ECDSA P-256, a full handshake per connection",
        "servers and load generator share the cores; everything over 127.0.0.1",
    ]


def _origin() -> str:
    place = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return "the system's /usr/bin" if place.parent == Path("/usr/bin") else "a build of its own"
