"""A terminal of a certain size on which `hato` runs, and what it writes there.

Used by the tests of lists, letters and editors.
Never interprets what is written, but for colours, which it takes out: a real terminal does, in the
tests with tmux.
Standards: ISO/IEC 6429 (colours).
Fails with AssertionError where the program does not end.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from tests.system.server_process import HATO

_PATIENCE_SECONDS = 60.0
_COLOURS = re.compile("\x1b\\[[0-9;]*m")


def run_on_terminal(
    arguments: list[str], columns: int, environment: Mapping[str, str], rows: int = 1_000
) -> tuple[int, str]:
    """Run `hato …`; return its exit status and all that it wrote, with LF as line end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        process = subprocess.Popen(
            [str(HATO), *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    written = bytearray()
    with contextlib.suppress(OSError):  # as Linux says that nobody holds the other end
        while piece := os.read(ours, 65_536):
            written += piece
    os.close(ours)
    status = process.wait(_PATIENCE_SECONDS)
    return status, written.decode("utf-8").replace("\r\n", "\n")


def without_colours(text: str) -> str:
    """Return a text without what colours it."""
    return _COLOURS.sub("", text)


def width(line: str) -> int:
    """Count columns by the Unicode tables alone: what is wide or full takes two."""
    return sum(
        0
        if unicodedata.category(letter) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in line
    )


def environment_at(home: Path, language: str = "C.UTF-8") -> dict[str, str]:
    """Return the environment of somebody with a home of her own."""
    return {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "LC_ALL": language,
        "TZ": "Asia/Tokyo",
        "PAGER": "cat",
    }
