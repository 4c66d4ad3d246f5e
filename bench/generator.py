"""The load generator of `load/*.c`: compile it, run it, read what it counted.

Called by the scenarios.
Never keeps a binary: it is compiled into the run's own folder.
Standards: none.
Fails with BenchError when there is no compiler, or the generator itself breaks.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.letters import Group
from bench.scenarios import Scenario
from bench.server import BenchError

_SOURCES = Path(__file__).parent / "load"
_FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Outcome:
    """What one run of the generator counted between warm-up and end."""

    elapsed_seconds: float
    sessions: int
    messages: int
    all_sessions: int
    """Before and after the time that counts, too."""
    all_messages: int
    octets_in: int
    octets_out: int
    errors: int
    first_error: str
    generator_cpu_seconds: float
    all_generator_cpu_seconds: float
    latency_ms: dict[str, float]
    """Of whole sessions: `median`, `p99`, `max`."""


def build(folder: Path) -> Path:
    """Compile the generator into `folder` and return its path."""
    return compile_program(folder / "load", sorted(_SOURCES.glob("*.c")))


def build_floor(folder: Path) -> Path:
    """Compile the floor, which shares the generator's buffers and TLS, and return its path."""
    shared = [_SOURCES / "connection.c", _SOURCES / "letters.c"]
    return compile_program(folder / "floor-server", [_SOURCES.parent / "floor/floor.c", *shared])


def compile_program(
    binary: Path, sources: list[Path], libraries: tuple[str, ...] = ("-lssl", "-lcrypto")
) -> Path:
    """Compile one of our C programs and return its path."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not Path("/usr/include/openssl/ssl.h").exists():
        raise BenchError("no C compiler or no OpenSSL headers: run bench/run --install-peer")
    command = [compiler, *_FLAGS, f"-I{_SOURCES}", "-o", str(binary), *map(str, sources)]
    done = subprocess.run([*command, *libraries], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{binary.name} does not compile:\n{done.stderr}")
    return binary


def command(
    binary: Path, mode: str, port: int, people: Path, letters: Path, letter_octets: int
) -> list[str]:
    """Return the command line as far as every use of the generator needs it."""
    words = [str(binary), mode, "--port", str(port), "--people", str(people)]
    return [*words, "--letters", str(letters), "--letter-size", str(letter_octets)]


def shape(scenario: Scenario, group: Group) -> list[str]:
    """Return the options that make a run what `scenario` asks for."""
    words = ["--connections", str(scenario.connections), "--window", str(scenario.window)]
    if scenario.mode in {"poll", "download"}:
        words += ["--expect", str(group.messages_each)]
    return words + ["--tls"] * scenario.tls + ["--dele"] * scenario.dele


def figure(scenario: Scenario, outcome: Outcome) -> float:
    """Return what `outcome` says in the unit of `scenario`."""
    elapsed = outcome.elapsed_seconds
    if scenario.unit == "ms":
        return outcome.latency_ms["median"]
    if scenario.unit == "MB/s":
        return outcome.octets_in / elapsed / 1e6
    return (outcome.sessions if scenario.unit == "sessions/s" else outcome.messages) / elapsed


def _outcome(line: str) -> Outcome:
    read: dict[str, Any] = json.loads(line)
    return Outcome(
        elapsed_seconds=read["elapsed"],
        sessions=read["sessions"],
        messages=read["messages"],
        all_sessions=read["all_sessions"],
        all_messages=read["all_messages"],
        octets_in=read["octets_in"],
        octets_out=read["octets_out"],
        errors=read["errors"],
        first_error=read["first_error"],
        generator_cpu_seconds=read["cpu_seconds"],
        all_generator_cpu_seconds=read["all_cpu_seconds"],
        latency_ms=read["latency_ms"],
    )


def run(words: list[str], while_holding: Callable[[int], None] | None = None) -> Outcome:
    """Run the generator to its end.

    In the mode `idle` it stops when all sessions are logged in: `while_holding` is called with
    their number, then they leave.
    """
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise BenchError("the generator has no pipes")
        last = ""
        for line in process.stdout:
            if line.startswith("holding "):
                if while_holding:
                    while_holding(int(line.split()[1]))
                process.stdin.write("\n")
                process.stdin.flush()
            last = line
        stderr = process.stderr.read()
    if not last.startswith("{"):
        raise BenchError(f"the load generator broke: {stderr or last or 'no output'}")
    return _outcome(last)
