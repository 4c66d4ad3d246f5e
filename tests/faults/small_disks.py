"""Small file systems of their own, for a data folder or a log that is to become full.

Used by tests/faults/test_full_disk.py.
Never touches another file system: each is mounted on an empty folder of the test.
Standards: none; mount(8), tmpfs(5), ext4(5).
Fails with a skip where this user may not mount.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

KINDS = ("tmpfs", "ext4")
_PIECE = bytes(65_536)


@contextlib.contextmanager
def small_disk(folder: Path, kind: str, octets: int) -> Iterator[Path]:
    """Mount a small file system on `folder`; take it away at the end, whoever still uses it."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder.mkdir(parents=True)
    if kind == "tmpfs":
        _run("mount", "-t", "tmpfs", "-o", f"size={octets},mode=0700", "tmpfs", str(folder))
    else:
        image = folder.with_suffix(".image")
        with image.open("wb") as file:
            file.truncate(octets)
        _run("mkfs.ext4", "-q", "-m", "0", str(image))
        _run("mount", "-o", "loop", str(image), str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except FileNotFoundError:
        pytest.skip(f"needs {command[0]}")
    if done.returncode:
        pytest.skip(f"no small disk can be made here: {done.stderr.decode().strip()}")


def free_octets(folder: Path) -> int:
    """Return what is free on a file system."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def fill_up(folder: Path) -> Path:
    """Take everything that is left, as a program does that knows no measure; return its file."""
    filler = folder / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for piece in (_PIECE, _PIECE[:1]):
            with contextlib.suppress(OSError):
                while True:
                    os.write(descriptor, piece)
    finally:
        os.close(descriptor)
    return filler
