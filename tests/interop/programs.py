"""Running other people's programs: which are here, how they are started, what they said.

Used by every interop test.
Never lets a program see the home, the configuration or the language of whoever runs the tests.
Standards: none.
Fails with ProgramError, which carries what the program said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

PATIENCE_SECONDS = 100.0
"""How long any program may take before its test fails; never a pause."""

_FOLDERS = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


class ProgramError(AssertionError):
    """A program did not do what it was asked for."""


def found(program: str) -> str | None:
    """The path of a program, also of those that only administrators have at hand."""
    return shutil.which(program, path=_FOLDERS)


def needs(*programs: str) -> pytest.MarkDecorator:
    """Mark a test that cannot be run without `programs`."""
    missing = [program for program in programs if found(program) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"{', '.join(missing)} not installed (scripts/peers installs it)"
    )


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with nothing in it but a path, a home, a language and what is asked for."""
    return {"PATH": _FOLDERS, "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "xterm"} | dict(
        more or {}
    )


def run(
    arguments: Sequence[str],
    folder: Path,
    *,
    standard_input: bytes = b"",
    more: Mapping[str, str] | None = None,
    statuses: Sequence[int] = (0,),
) -> str:
    """Run a program in `folder`, which is its home too; return all that it said.

    `more`: further variables of its environment. `statuses`: the exit statuses of success.
    Raises ProgramError for another status, and when the program does not end.
    """
    done = _run(arguments, folder, standard_input, more)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode not in statuses:
        raise ProgramError(f"{arguments[0]}: exit status {done.returncode}\n{said[-4000:]}")
    return said


def output_of(arguments: Sequence[str], folder: Path, standard_input: bytes = b"") -> bytes:
    """Run a program that must succeed; return its standard output.

    Raises ProgramError as `run` does.
    """
    done = _run(arguments, folder, standard_input, None)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace")
        raise ProgramError(f"{arguments[0]}: exit status {done.returncode}\n{said[-4000:]}")
    return done.stdout


def _run(
    arguments: Sequence[str],
    folder: Path,
    standard_input: bytes,
    more: Mapping[str, str] | None,
) -> subprocess.CompletedProcess[bytes]:
    path = found(arguments[0])
    if path is None:
        raise ProgramError(f"{arguments[0]} is not installed")
    try:
        return subprocess.run(
            [path, *arguments[1:]],
            cwd=folder,
            env=environment(folder, more),
            input=standard_input,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = ((late.stdout or b"") + (late.stderr or b"")).decode(errors="replace")
        raise ProgramError(f"{arguments[0]} did not end; it said:\n{said[-4000:]}") from None


def interpreter_of(program: str) -> str:
    """The interpreter in the first line of a script, without arguments.

    Raises ProgramError where there is no such line.
    """
    path = found(program)
    first = Path(path).read_bytes().split(b"\n", 1)[0] if path else b""
    if not path or not first.startswith(b"#!"):
        raise ProgramError(f"{program} is no script")
    return first[2:].split()[0].decode()


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read: what holds passwords must be so."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def write_keeper(folder: Path, more: str = "") -> Path:
    """Write a delivery program that keeps each letter in a file of `folder / "kept"`.

    `more`: a shell command that it runs at its end.
    """
    kept, program = folder / "kept", folder / "keep"
    kept.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\ncat > "$(mktemp "{kept}/XXXXXXXXXX")" || exit 75\n{more}\n')
    program.chmod(0o700)
    return program
