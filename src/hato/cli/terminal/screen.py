"""The terminal, if there is one: its width, whether it shows colours, and its pager.

Called by the mail verbs.
Never writes an escape sequence where a program reads, or where NO_COLOR or `--color never` says no.
Standards: ISO/IEC 6429 (colours); the habits of NO_COLOR, COLORTERM and PAGER.
Fails as printing does; who leaves the pager early is no failure.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import click

_CUBE: Final = (0, 95, 135, 175, 215, 255)
"""The steps of the 256 colours that terminals agree on."""
_PAGER: Final = "less"
_WIDEST_COLUMNS: Final = 1_000


class Style(StrEnum):
    """How something is set off."""

    STRONG = "1"
    FAINT = "2"
    QUOTED = "36"
    ALERT = "31"


class When(StrEnum):
    """When there are colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Screen:
    """Standard output, as somebody sees it."""

    def __init__(self, when: When = When.AUTO) -> None:
        """`when`: as `--color` says."""
        self.is_terminal = sys.stdout.isatty()
        size = shutil.get_terminal_size()
        self.columns = min(size.columns, _WIDEST_COLUMNS)
        self.rows = size.lines
        self._has_colours = _wants_colours(when, is_terminal=self.is_terminal)
        if hasattr(sys.stdout, "reconfigure"):  # a locale may lack characters that a letter has
            sys.stdout.reconfigure(errors="replace")

    def styled(self, text: str, *styles: Style | str) -> str:
        """Return a text set off; a style may be a colour `#rrggbb`."""
        codes = [_code(style) for style in styles if style] if self._has_colours and text else []
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text

    def show(self, lines: Iterable[str]) -> None:
        """Print lines."""
        click.echo("\n".join(lines))

    def page(self, lines: list[str]) -> None:
        """Print lines, by the person's pager where they are more than the terminal has rows."""
        if not (self.is_terminal and sys.stdin.isatty() and len(lines) >= self.rows):
            self.show(lines)
            return
        if not _paged("\n".join(lines) + "\n"):
            self.show(lines)


def _paged(text: str) -> bool:
    """Show a text by the pager; tell whether there is one."""
    command = shlex.split(os.environ.get("HATO_PAGER") or os.environ.get("PAGER") or _PAGER)
    if not command or command == ["cat"]:
        return False
    # As git does: leave what was read on the screen, show colours, end where all fits.
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8"} | dict(os.environ)
    try:
        pager = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603 - the person's own
    except OSError:
        return False
    try:
        pager.communicate(text.encode("utf-8", "replace"))
    except BrokenPipeError:
        pager.wait()
    return True


def _wants_colours(when: When, *, is_terminal: bool) -> bool:
    if when is not When.AUTO:
        return when is When.ALWAYS
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return is_terminal and not is_plain


def _code(style: Style | str) -> str:
    """Return what the terminal is told."""
    if isinstance(style, Style):
        return style.value
    red, green, blue = (int(style[at : at + 2], 16) for at in (1, 3, 5))
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return f"38;2;{red};{green};{blue}"
    steps = [
        min(range(len(_CUBE)), key=lambda at, level=level: abs(_CUBE[at] - level))  # type: ignore[misc]  # a default says its type
        for level in (red, green, blue)
    ]
    return f"38;5;{16 + 36 * steps[0] + 6 * steps[1] + steps[2]}"
