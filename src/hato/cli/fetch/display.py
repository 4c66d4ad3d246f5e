"""What somebody sees while `hato fetch` works: a line for each source that moves, or plain lines.

Called by `cli.fetch`, which hands over the tallies that the polls keep up to date.
Never prints a server's words raw; never writes to standard output, which is for the summary.
Standards: none.
Fails never: where there is no terminal, finished sources are told one line each.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

from hato.core.language import Language, Text
from hato.services.fetching.poll_outcome import Stage, Tally

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

REFRESH_SECONDS: Final = 0.2

_STAGES: Final = {
    Stage.CONNECTING: Text(en="connecting", ja="接続中"),
    Stage.LOGGING_IN: Text(en="logging in", ja="ログイン中"),
    Stage.LISTING: Text(en="listing", ja="一覧中"),
    Stage.FETCHING: Text(en="fetching", ja="受信中"),
    Stage.DELETING: Text(en="deleting", ja="削除中"),
    Stage.DONE: Text(en="done", ja="完了"),
}
_LETTERS: Final = Text(en="{done}/{total} {total:letter|letters}", ja="{done}/{total} 通")


class Display(Protocol):
    """Whatever shows how far the polls are."""

    def begin(self, key: str, label: str, tally: Tally) -> None:
        """Show a poll that begins; its tally changes from now on."""
        ...

    def refresh(self) -> None:
        """Show how far the polls are; called a few times a second."""
        ...

    def end(self, key: str, line: str) -> None:
        """Show no more of a poll than a last line."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was; harmless twice."""
        ...


def display_for(language: Language) -> Display:
    """Return what suits standard error."""
    if sys.stderr.isatty():
        return TerminalDisplay(language)
    return PlainDisplay()


class PlainDisplay:
    """One line for each source when it is done."""

    def begin(self, key: str, label: str, tally: Tally) -> None:
        """Say nothing yet."""

    def refresh(self) -> None:
        """Say nothing: a log is no place for what passes."""

    def end(self, key: str, line: str) -> None:
        """Say how it ended."""
        click.echo(line, err=True)

    def close(self) -> None:
        """Nothing is left to undo."""


class SilentDisplay(PlainDisplay):
    """Nothing at all: who reads JSON gets everything there."""

    def end(self, key: str, line: str) -> None:
        """Say nothing."""


class TerminalDisplay:
    """A moving line for each source that is being fetched, and a still one when it is done."""

    def __init__(self, language: Language) -> None:
        """Speak a language; the terminal is taken when the first poll begins."""
        self._language = language
        self._progress: Progress | None = None
        self._is_wide = True
        self._rows: dict[str, tuple[TaskID, Tally]] = {}

    def begin(self, key: str, label: str, tally: Tally) -> None:
        """Begin a moving line."""
        if self._progress is None:
            from hato.cli.fetch.columns import WIDE, moving_lines

            self._progress = moving_lines()
            self._is_wide = self._progress.console.width >= WIDE
            self._progress.start()
        task = self._progress.add_task(label, total=None, **self._words(tally))
        self._rows[key] = (task, tally)
        self._progress.refresh()

    def refresh(self) -> None:
        """Move the lines."""
        if self._progress is None:
            return
        for task, tally in self._rows.values():
            self._progress.update(
                task,
                completed=tally.octets_done,
                total=tally.octets_total or None,
                **self._words(tally),
            )
        self._progress.refresh()

    def end(self, key: str, line: str) -> None:
        """Put a still line above the moving ones."""
        row = self._rows.pop(key, None)
        if self._progress is None or row is None:
            click.echo(line, err=True)
            return
        self._progress.remove_task(row[0])
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._progress.refresh()

    def close(self) -> None:
        """Give the terminal back."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._rows.clear()

    def _words(self, tally: Tally) -> dict[str, Any]:
        """Return what the columns say in words."""
        letters = ""
        if tally.letters_total:
            done, total = tally.letters_done, tally.letters_total
            letters = f"{done}/{total}"
            if self._is_wide:
                letters = _LETTERS.in_language(self._language, done=done, total=total)
        return {"stage": _STAGES[tally.stage].in_language(self._language), "letters": letters}
