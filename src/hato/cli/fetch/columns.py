"""The columns of the moving lines of `hato fetch`: name, stage, bar, letters, octets, rate, time.

Called by `cli.fetch_display`, which loads it only at a terminal.
Never shows a figure before there is one; never lets a figure be cut: it is the name that is.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text

from hato.cli.terminal.columns import fitted

WIDE: Final = 100
"""From so many characters on there is room for the word beside the number of letters."""
_FIGURES: Final = 10 + 11 + 15 + 11 + 7 + 6
"""What stage, letters, octets, rate and time take at most, with the blanks between them."""
_WORD: Final = 8
"""What the word beside the number of letters takes besides."""
_BAR_LEAST: Final = 4
_LABEL_LEAST: Final = 12
_EDGE: Final = 3
"""Columns that stay free at the right."""


class _Octets(DownloadColumn):
    """How many of how many, once that is known."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.total else Text()


class _Rate(TransferSpeedColumn):
    """How many a second, once some came."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.speed else Text()


class _TimeLeft(TimeRemainingColumn):
    """How long it will last, once that can be told."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.speed and task.total else Text()


class _Label(TextColumn):
    """Whose mail it is, cut to what the figures leave."""

    def __init__(self, console: Console) -> None:
        super().__init__("", markup=False, table_column=Column(no_wrap=True))
        self._console = console

    def render(self, task: Task) -> Text:
        return Text(fitted(task.description, label_columns(self._console.width)))


class _Lines(Progress):
    """Lines that end before the terminal's edge: the `^C` of who interrupts must not wrap.

    It would move the cursor to another line than the one from which lines are taken away.
    """

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what is drawn."""
        return map(_BeforeTheEdge, super().get_renderables())


class _BeforeTheEdge:
    def __init__(self, lines: RenderableType) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = max(options.max_width - _EDGE, 1)
        return console.render(self._lines, options.update_width(columns))


def label_columns(terminal_columns: int) -> int:
    """Return how many columns a name may take, so that all figures stand."""
    figures = _FIGURES + (_WORD if terminal_columns >= WIDE else 0)
    return max(_LABEL_LEAST, terminal_columns - figures - _BAR_LEAST - _EDGE)


def moving_lines() -> Progress:
    """Make what draws the lines on standard error."""
    console = Console(stderr=True)
    columns: list[ProgressColumn] = [
        _Label(console),
        _words("{task.fields[stage]}"),
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=_BAR_LEAST)),
        _words("{task.fields[letters]}"),
        _Octets(table_column=Column(no_wrap=True)),
        _Rate(table_column=Column(no_wrap=True)),
        _TimeLeft(table_column=Column(no_wrap=True)),
    ]
    return _Lines(*columns, console=console, auto_refresh=False, transient=True)


def _words(field: str) -> TextColumn:
    return TextColumn(field, markup=False, table_column=Column(no_wrap=True))
