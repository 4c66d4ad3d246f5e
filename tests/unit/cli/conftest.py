"""The command line in this process, on a configuration of its own with somebody in it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hato.app import Composition
from hato.cli.program import run
from hato.core.settings import Settings
from hato.store.api import Store


class Said(NamedTuple):
    """What a verb printed."""

    out: str
    err: str


class CountingComposition(Composition):
    """Counts how often the data folder is opened."""

    opened = 0

    async def open_store(self, settings: Settings) -> Store:
        self.opened += 1
        return await super().open_store(settings)


class Typed(io.TextIOWrapper):
    """Standard input on which somebody typed something, or a pipe."""

    def __init__(self, text: str, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(text.encode()))
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


class Hato:
    """`hato`, verb by verb."""

    def __init__(
        self, config: Path, read: Callable[[], Said], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.ways = CountingComposition()
        self.config = config
        self._read = read
        self._monkeypatch = monkeypatch

    def __call__(
        self, *verb: str, status: int = 0, piped: str = "", typed: str | None = None
    ) -> Said:
        """Run a verb; `typed`: at a terminal, else `piped` comes in."""
        text = piped if typed is None else typed
        self._monkeypatch.setattr("sys.stdin", Typed(text, is_terminal=typed is not None))
        assert run(self.ways, ["--config", str(self.config), *verb]) == status
        return self._read()

    def json(self, *verb: str) -> Any:  # noqa: ANN401 - whatever the verb prints
        """Run a verb; return the data that it prints."""
        return json.loads(self(*verb, "--json").out)


@pytest.fixture
def hato(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Hato:
    """A configuration with ada, who has a mailbox."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    config = tmp_path / "hato.toml"
    config.write_text(f'data = "{tmp_path / "data"}"\n')
    hato = Hato(config, lambda: Said(*capsys.readouterr()), monkeypatch)
    hato("domain", "add", "example.org")
    hato("user", "add", "ada@example.org", "--password-stdin", piped="a long password\n")
    return hato
