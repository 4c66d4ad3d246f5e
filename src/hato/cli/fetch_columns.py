"""The columns of the moving lines of `hato fetch`: name, stage, bar, letters, octets, rate, time.

Called by `cli.fetch_display`, which loads it only at a terminal.
Never shows a figure before there is one; never lets the figures be cut where a name can be.
Standards: none.
Fails never.
"""

from __future__ import annotations

from rich.console import Console
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

WIDE = 100
"""From so many characters on there is room for the word beside the number of letters."""


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


def moving_lines() -> Progress:
    """Make what draws the lines on standard error."""
    columns: list[ProgressColumn] = [
        _words("{task.description}", 8),
        _words("{task.fields[stage]}", 8),
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4)),
        _words("{task.fields[letters]}", 9),
        _Octets(table_column=Column(no_wrap=True, min_width=14)),
        _Rate(table_column=Column(no_wrap=True, min_width=10)),
        _TimeLeft(table_column=Column(no_wrap=True, min_width=7)),
    ]
    return Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)


def _words(field: str, least: int) -> TextColumn:
    column = Column(no_wrap=True, overflow="ellipsis", min_width=least)
    return TextColumn(field, markup=False, table_column=column)
