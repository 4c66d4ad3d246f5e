"""What somebody sees while mail is fetched: at a terminal, and where there is none."""

from __future__ import annotations

import io
import re

import pytest

from hato.cli.fetch import display as fetch_display
from hato.cli.fetch.display import PlainDisplay, TerminalDisplay, display_for
from hato.cli.terminal.columns import width
from hato.core.language import Language
from hato.services.fetching.poll_outcome import Stage, Tally


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Look at standard error; not a fixture, since pytest puts its own there for each test."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return terminal


def test_a_terminal_gets_moving_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    display = display_for(Language.ENGLISH)
    assert isinstance(display, TerminalDisplay)
    tally = Tally()
    display.begin("1", "ada@provider.example", tally)
    tally.stage, tally.letters_total, tally.letters_done = Stage.FETCHING, 312, 40
    tally.octets_total, tally.octets_done = 3_000_000, 1_000_000
    display.refresh()
    shown = terminal.getvalue()
    assert "connecting" in shown
    for words in ("ada@provider.example", "fetching", "40/312 letters", "1.0/3.0 MB"):
        assert words in shown
    display.end("1", "ada@provider.example: 312 new, 0 again, 0 failed")
    display.close()
    assert "ada@provider.example: 312 new, 0 again, 0 failed" in terminal.getvalue()


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    "name", ["a.very.long.address@department.provider.example" * 5, "花子" * 60]
)
def test_a_long_name_is_cut_and_the_figures_stand(
    monkeypatch: pytest.MonkeyPatch, columns: int, name: str
) -> None:
    terminal = at_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    display = TerminalDisplay(Language.ENGLISH)
    tally = Tally(Stage.LOGGING_IN, 10_000, 1_234, 123_456_789, 45_678_901)
    display.begin("1", name, tally)
    terminal.truncate(0)
    display.refresh()
    row = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue()).strip("\r\n\0")
    display.close()
    assert width(row) <= columns - 3  # so that ^C does not wrap
    for words in ("…", "logging in", "1234/10000", "45.7/123.5 MB"):
        assert words in row


def test_it_speaks_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    display = TerminalDisplay(Language.JAPANESE)
    tally = Tally(stage=Stage.FETCHING, letters_total=2, letters_done=1)
    display.begin("1", "ada@provider.example", tally)
    display.close()
    assert "受信中" in terminal.getvalue()
    assert "1/2 通" in terminal.getvalue()


def test_several_sources_move_at_once_and_one_may_end_before_it_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = at_terminal(monkeypatch)
    display = TerminalDisplay(Language.ENGLISH)
    display.begin("1", "one@provider.example", Tally())
    display.begin("2", "two@provider.example", Tally())
    display.end("1", "one is done")
    display.end("3", "three was quick")
    display.refresh()
    display.close()
    display.close()
    assert "one is done" in terminal.getvalue()


def test_where_nobody_looks_each_source_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    display = display_for(Language.ENGLISH)
    assert isinstance(display, PlainDisplay)
    display.begin("1", "ada@provider.example", Tally())
    display.refresh()
    display.end("1", "ada@provider.example: 1 new")
    display.close()
    assert capsys.readouterr() == ("", "ada@provider.example: 1 new\n")


def test_every_stage_has_its_words() -> None:
    assert set(fetch_display._STAGES) == set(Stage)
