"""strace around a server or on its workers: what was called, in which order, and calls that fail.

Used by the fault tests that look at system calls or make them fail.
Never starts without asking whether tracing is allowed here: `why_not` says why it is not.
Standards: none; strace(1).
Fails with TraceError when strace does not begin.
"""

from __future__ import annotations

import contextlib
import functools
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?|0x[0-9a-f]+)(.*)", re.DOTALL)
_LINE = re.compile(r"(\d+) +(.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_FIRST_FILE = re.compile(r"(?:\d+|AT_FDCWD)<((?:->|[^<>])*)>")
_PATIENCE_SECONDS = 30.0
_DETACHING_SECONDS = 3.0


class TraceError(AssertionError):
    """strace did not do what was asked."""


@functools.cache
def why_not() -> str:
    """Return why nothing can be traced here, empty where it can."""
    if sys.platform != "linux":
        return "strace is for Linux"
    strace = shutil.which("strace")
    if strace is None:
        return "needs strace (scripts/peers installs it)"
    tried = subprocess.run(
        [strace, "-f", "-o", "/dev/null", "true"], capture_output=True, check=False, timeout=30
    )
    if tried.returncode:
        return "this machine does not allow tracing (ptrace)"
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with attached([sleeper.pid], "trace=none"):
            return ""
    except TraceError as fault:
        return f"this machine does not allow tracing of running processes: {fault}"
    finally:
        sleeper.kill()
        sleeper.wait()


def skip_untraceable() -> None:
    """Skip the test where nothing can be traced."""
    if why_not():
        pytest.skip(why_not())


def tracer(trace_file: Path, calls: Sequence[str], string_octets: int = 4096) -> tuple[str, ...]:
    """Return a command that runs another one in its place and writes its calls to a file.

    The tracer has a process group of its own, which outlives the traced one for its last line.
    """
    return (
        *("strace", "-DD", "-f", "-yy", "-o", str(trace_file), "-s", str(string_octets)),
        *("-e", f"trace={','.join(calls)}", "-e", "signal=none"),
    )


@contextlib.contextmanager
def attached(process_ids: Sequence[int], *expressions: str) -> Iterator[subprocess.Popen[bytes]]:
    """Trace running processes with `-e EXPRESSION`; let go of those that still live at the end."""
    command = ["strace", "-f", "-o", "/dev/null"]
    for expression in expressions:
        command += ["-e", expression]
    for process_id in process_ids:
        command += ["-p", str(process_id)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    said: list[bytes] = []
    has_begun = threading.Event()

    def listen() -> None:
        assert process.stderr is not None
        waiting = {str(process_id).encode() for process_id in process_ids}
        with process.stderr as lines:
            for line in lines:
                said.append(line)
                words = line.split()
                if b"attached" in words:
                    waiting.discard(words[words.index(b"attached") - 1])
                    if not waiting:
                        has_begun.set()
        has_begun.set()  # or it has ended

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    has_begun.wait(_PATIENCE_SECONDS)
    if process.poll() is not None or not any(b"attached" in line for line in said):
        process.kill()
        raise TraceError(b" ".join(said).decode(errors="replace").strip())
    try:
        yield process
    finally:
        _let_go(process, process_ids)
        listener.join()


def _let_go(process: subprocess.Popen[bytes], process_ids: Sequence[int]) -> None:
    """End strace; by force where it would wait for ever for threads of a process that was killed.

    Until then nobody else is told of that process's death.
    """
    until = time.monotonic() + _DETACHING_SECONDS
    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        if time.monotonic() > until or any(map(_is_dead, process_ids)):
            process.kill()
            process.wait()
        time.sleep(0.005)


def _is_dead(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may end while it is read
        return True
    return status.rpartition(")")[2].split()[0] in {"Z", "X"}


@dataclass(frozen=True, slots=True)
class Call:
    """One system call; `began` and `ended` are places in the order in which strace saw things."""

    process_id: int
    name: str
    arguments: str
    result: int
    began: int
    ended: int

    @property
    def worked(self) -> bool:
        """Whether it did not fail."""
        return self.result >= 0

    @property
    def file(self) -> str:
        """The path or socket behind its first descriptor, empty where there is none."""
        found = _FIRST_FILE.match(self.arguments)
        return found.group(1) if found else ""


@dataclass
class _Unfinished:
    name: str
    arguments: str
    began: int


@dataclass
class Trace:
    """What strace wrote, in order."""

    calls: list[Call] = field(default_factory=list)

    @classmethod
    def read(cls, trace_file: Path) -> Trace:
        """Read a whole file, calls that others interrupted included."""
        open_calls: dict[int, _Unfinished] = {}
        calls: list[Call] = []
        text = trace_file.read_text("utf-8", errors="replace")
        for place, line in enumerate(text.splitlines()):
            found = _LINE.match(line)
            if not found:
                continue
            process_id, rest = int(found.group(1)), found.group(2)
            began = place
            resumed = _RESUMED.match(rest)
            if resumed:
                unfinished = open_calls.pop(process_id, None)
                if unfinished is None:
                    continue
                rest = f"{unfinished.name}({unfinished.arguments}{resumed.group(2)}"
                began = unfinished.began
            elif rest.endswith(_UNFINISHED):
                name, _, arguments = rest.removesuffix(_UNFINISHED).partition("(")
                open_calls[process_id] = _Unfinished(name, arguments, place)
                continue
            call = _CALL.fullmatch(rest)
            if call and call.group(3).lstrip("-").isdigit():
                calls.append(
                    Call(
                        process_id,
                        call.group(1),
                        call.group(2),
                        int(call.group(3)),
                        began,
                        place,
                    )
                )
        for process_id, unfinished in open_calls.items():
            calls.append(
                Call(process_id, unfinished.name, unfinished.arguments, -1, unfinished.began, place)
            )
        calls.sort(key=lambda call: call.ended)
        return cls(calls)

    def named(self, *names: str) -> list[Call]:
        """Return the calls of these names that worked, in the order of their ends."""
        return [call for call in self.calls if call.name in names and call.worked]
